// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

func TestCredentialsSayWhatWasAskedFor(t *testing.T) {
	w := enclavetest.New(t)
	e := w.NewEnclave(enclavetest.KV{})
	req := w.InitRequest()
	resp, err := e.Init(t.Context(), req, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := protocol.CredentialsFromPB("REG-12", resp.GetCredentials())
	if err != nil {
		t.Fatal(err)
	}
	policy := attest.Policy{Platforms: map[string]attest.PlatformPolicy{sim.Platform: {MinTCB: 5}}}
	claims, err := attest.Verify(c.Evidence, c.Statement, policy, map[string]attest.Verifier{sim.Platform: sim.Verifier{}}, time.Unix(100, 0))
	if err != nil {
		t.Fatalf("evidence: %v", err)
	}
	if want := hex.EncodeToString(w.CodeID[:]); claims.CodeID != want {
		t.Errorf("code id: got %s, want %s", claims.CodeID, want)
	}
	configs, err := protocol.ParseMSPs(req.GetMsps())
	if err != nil {
		t.Fatal(err)
	}
	roots, err := protocol.MSPRootsHash(configs)
	if err != nil {
		t.Fatal(err)
	}
	config, err := protocol.MSPConfigHash(req.GetMsps())
	if err != nil {
		t.Fatal(err)
	}
	want := &fpc.AttestedData{
		CcParams: req.GetCcParams(), HostParams: req.GetHostParams(), EnclaveVk: c.Data.GetEnclaveVk(), EnclaveEk: c.Data.GetEnclaveEk(),
		ChannelHash: w.ChannelHash, MspRootsHash: roots, MspConfigHash: config, ConfigSequence: 3, OnCreation: true,
	}
	if !proto.Equal(c.Data, want) {
		t.Errorf("attested data:\ngot  %v\nwant %v", c.Data, want)
	}
	status := e.Status()
	if !status.GetInitialized() || status.GetProvisioned() || status.GetEnclaveId() != c.EnclaveID() {
		t.Errorf("status: got %v, want initialised enclave %s without keys", status, c.EnclaveID())
	}
}

func TestInitRefusesBadRequests(t *testing.T) {
	w := enclavetest.New(t)
	for _, tc := range []struct {
		name   string
		change func(*fpc.InitRequest)
		want   protocol.Code
	}{
		{"no chaincode", func(r *fpc.InitRequest) { r.CcParams.ChaincodeId = "" }, protocol.CodeMalformed},
		{"no CC_Params", func(r *fpc.InitRequest) { r.CcParams = nil }, protocol.CodeMalformed},
		{"no MSP of the host", func(r *fpc.InitRequest) { r.HostParams.MspId = "" }, protocol.CodeMalformed},
		{"short Channel_hash", func(r *fpc.InitRequest) { r.ChannelHash = r.ChannelHash[:31] }, protocol.CodeMalformed},
		{"no MSPs", func(r *fpc.InitRequest) { r.Msps = nil }, protocol.CodeMalformed},
		{"MSP twice", func(r *fpc.InitRequest) { r.Msps.MspConfigs[1] = r.Msps.MspConfigs[0] }, protocol.CodeMalformed},
		{"MSP garbage", func(r *fpc.InitRequest) { r.Msps.MspConfigs[0] = []byte("garbage") }, protocol.CodeMalformed},
		{"unknown suite", func(r *fpc.InitRequest) { r.Suite = "rot13" }, protocol.CodeBadArguments},
		{"suite that is classical only", func(r *fpc.InitRequest) { r.Suite = "x25519" }, protocol.CodeBadArguments},
		{"bad attestation parameters", func(r *fpc.InitRequest) { r.AttestationParams = []byte("{") }, enclave.CodeAttestation},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := w.NewEnclave(enclavetest.KV{})
			req := w.InitRequest()
			tc.change(req)
			_, err := e.Init(t.Context(), req, nil)
			wantCode(t, "init", err, tc.want)
			if e.Status().GetInitialized() {
				t.Error("the enclave is initialised, want it as before")
			}
			if _, err := e.Init(t.Context(), w.InitRequest(), nil); err != nil {
				t.Errorf("a good request afterwards: %v", err)
			}
		})
	}
}

func TestNothingWorksBeforeItsTime(t *testing.T) {
	w := enclavetest.New(t)
	e := w.NewEnclave(enclavetest.KV{})
	_, err := e.GenerateCCKeys(t.Context(), &fpc.GenerateCCKeysRequest{Generation: 1})
	wantCode(t, "generateCCKeys before init", err, protocol.CodeNotInitialised)
	_, err = e.Refresh(t.Context(), &fpc.RefreshRequest{}, nil)
	wantCode(t, "refresh before init", err, protocol.CodeNotInitialised)
	_, err = e.Invoke(t.Context(), &fpc.InvokeRequest{}, enclavetest.NewHost())
	wantCode(t, "invoke before init", err, protocol.CodeNotInitialised)
	if _, err := e.Init(t.Context(), w.InitRequest(), nil); err != nil {
		t.Fatal(err)
	}
	_, err = e.Invoke(t.Context(), &fpc.InvokeRequest{}, enclavetest.NewHost())
	wantCode(t, "invoke without keys", err, protocol.CodeNotProvisioned)
	_, err = e.GenerateCCKeys(t.Context(), &fpc.GenerateCCKeysRequest{})
	wantCode(t, "generation 0", err, protocol.CodeWrongGeneration)
	_, err = e.GenerateCCKeys(t.Context(), &fpc.GenerateCCKeysRequest{Generation: 1, Suite: "rot13"})
	wantCode(t, "unknown suite", err, protocol.CodeBadArguments)
}

func TestKeysAreGeneratedOnce(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	_, err := w.Enclave.GenerateCCKeys(t.Context(), &fpc.GenerateCCKeysRequest{Generation: 2})
	wantCode(t, "generateCCKeys again", err, protocol.CodeAlreadyProvisioned)
	wantResult(t, "with the first keys", w.Ask(w.Org1.Client(), "put", "k", "v").MustSend(enclavetest.NewHost()), "")
}

func TestEverySuite(t *testing.T) {
	for _, suite := range []string{"mlkem768-x25519", "mlkem768-p256", "x25519"} {
		w := enclavetest.New(t)
		w.Suite = suite
		w.Start(enclavetest.KV{})
		if got := string(w.Key.Suite()); got != suite {
			t.Errorf("Chaincode_EK: got suite %q, want %q", got, suite)
		}
		wantResult(t, suite, w.Ask(w.Org1.Client(), "put", "k", "v").MustSend(enclavetest.NewHost()), "")
	}
}

func TestRestore(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	host.Commit(w.Ask(w.Org1.Client(), "put", "k", "v").MustSend(host))
	e := w.NewEnclave(enclavetest.KV{})
	resp, err := e.Restore(t.Context(), &fpc.RestoreRequest{SealedState: w.Sealed})
	if err != nil {
		t.Fatal(err)
	}
	if resp.GetEnclaveId() != w.Credentials.EnclaveID() || !resp.GetProvisioned() || resp.GetGeneration() != 1 || resp.GetCcParams().GetChaincodeId() != w.ChaincodeID {
		t.Errorf("got %v, want enclave %s of %s with generation 1", resp, w.Credentials.EnclaveID(), w.ChaincodeID)
	}
	w.Enclave = e
	wantResult(t, "what the enclave wrote before", w.Ask(w.Org1.Client(), "get", "k").MustSend(host), "v")
}

func TestRefresh(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	revoked, other := w.Org2.Client("revoked"), fpctest.NewOrg(t, "Org3MSP")
	wantResult(t, "before the revocation", w.Ask(revoked, "put", "k", "v").MustSend(host), "")
	_, err := w.Ask(other.Client(), "put", "k", "v").Send(host)
	wantCode(t, "creator of an unknown MSP", err, protocol.CodeForeignCreator)

	w.Org2.Revoke(revoked)
	resp, err := w.Enclave.Refresh(t.Context(), &fpc.RefreshRequest{Msps: w.MSPs(4, w.Org1, w.Org2, other), AttestationParams: enclavetest.AttestationParams()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Ask(revoked, "put", "k", "v").Send(host)
	wantCode(t, "after the revocation", err, protocol.CodeRevokedCreator)
	wantResult(t, "a member of the new organisation", w.Ask(other.Client(), "put", "k", "v").MustSend(host), "")

	c, err := protocol.CredentialsFromPB("REG-15", resp.GetCredentials())
	if err != nil {
		t.Fatal(err)
	}
	if c.EnclaveID() != w.Credentials.EnclaveID() || c.Data.GetOnCreation() || c.Data.GetConfigSequence() != 4 || bytes.Equal(c.Data.GetMspConfigHash(), w.Credentials.Data.GetMspConfigHash()) {
		t.Errorf("refreshed credentials: got %v, want the same enclave, configuration 4, not on creation", c.Data)
	}
	e := w.NewEnclave(enclavetest.KV{})
	if _, err := e.Restore(t.Context(), &fpc.RestoreRequest{SealedState: resp.GetSealedState()}); err != nil {
		t.Fatal(err)
	}
	w.Enclave = e
	_, err = w.Ask(revoked, "put", "k", "v").Send(host)
	wantCode(t, "revoked, after a restart", err, protocol.CodeRevokedCreator)
}

// A host that refreshes an enclave under debug mode can read its keys from then
// on: their lineage says so for ever, also after a refresh without.
func TestAttack29LineageNeverForgets(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	debug := guest.Params{NotBefore: 1, NotAfter: 1 << 40, TCB: 5, Debug: true}.Marshal()
	var sealed []byte
	for _, params := range [][]byte{debug, enclavetest.AttestationParams()} {
		resp, err := w.Enclave.Refresh(t.Context(), &fpc.RefreshRequest{AttestationParams: params}, nil)
		if err != nil {
			t.Fatal(err)
		}
		sealed = resp.GetSealedState()
	}
	lineage, err := protocol.LineageFromPB("REG-15", unseal(t, w, sealed).GetKeySets()[0].GetLineage())
	if err != nil {
		t.Fatal(err)
	}
	for _, custody := range []protocol.Custody{{Platform: sim.Platform, TCB: 5}, {Platform: sim.Platform, TCB: 5, Debug: true}} {
		if !lineage.Contains(custody) {
			t.Errorf("lineage %v leaves out %v", lineage.Custodies(), custody)
		}
	}
}

// A host that can name the channel's CAs can ask in anybody's name.
func TestAttack10RefreshWithAForeignCA(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	forged := fpctest.NewOrg(t, w.Org2.MSPID)
	refresh := func(what string, msps *fpc.MSPConfigurations, want protocol.Code) {
		t.Helper()
		_, err := w.Enclave.Refresh(t.Context(), &fpc.RefreshRequest{Msps: msps, AttestationParams: enclavetest.AttestationParams()}, nil)
		wantCode(t, what, err, want)
		_, err = w.Ask(forged.Client(), "get", "k").Send(host)
		wantCode(t, "creator of the forged CA after: "+what, err, protocol.CodeForeignCreator)
	}
	refresh("swap", w.MSPs(4, w.Org1, forged), protocol.CodeWrongMSP)
	refresh("older configuration", w.MSPs(2, w.Org1, w.Org2), protocol.CodeWrongMSP)
	refresh("leave out", w.MSPs(4, w.Org1), "")
	refresh("bring back with another CA", w.MSPs(5, w.Org1, forged), protocol.CodeWrongMSP)
	refresh("bring back", w.MSPs(5, w.Org1, w.Org2), "")
	wantResult(t, "genuine member at the end", w.Ask(w.Org2.Client(), "put", "k", "v").MustSend(host), "")
}

func TestAttack13InitTwice(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	before := w.Credentials.EnclaveID()
	_, err := w.Enclave.Init(t.Context(), w.InitRequest(), nil)
	wantCode(t, "init again", err, protocol.CodeAlreadyInitialised)
	_, err = w.Enclave.Restore(t.Context(), &fpc.RestoreRequest{SealedState: w.Sealed})
	wantCode(t, "restore after init", err, protocol.CodeAlreadyInitialised)
	a := w.Ask(w.Org1.Client(), "put", "k", "v").MustSend(enclavetest.NewHost())
	if got := a.Response.GetEnclaveId(); got != before {
		t.Errorf("enclave afterwards: got %s, want %s", got, before)
	}
}

func TestAttack13SealedState(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	sealed := func(change func(*fpc.SealedState)) []byte {
		m := &fpc.SealedState{}
		if err := proto.Unmarshal(w.Sealed, m); err != nil {
			t.Fatal(err)
		}
		change(m)
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	other := enclavetest.New(t)
	other.HostSecret = bytes.Repeat([]byte{9}, 32)
	other.Start(enclavetest.KV{})
	otherCode := enclavetest.New(t)
	otherCode.CodeID[0] ^= 1
	otherCode.Start(enclavetest.KV{})
	for _, tc := range []struct {
		name  string
		state []byte
		want  protocol.Code
	}{
		{"nothing", nil, enclave.CodeSealedTruncated},
		{"truncated", w.Sealed[:len(w.Sealed)-1], enclave.CodeSealedTruncated},
		{"truncated to its header", w.Sealed[:10], enclave.CodeSealedTruncated},
		{"garbage", []byte("garbage"), enclave.CodeSealedTruncated},
		{"another host's", other.Sealed, enclave.CodeSealedOtherHost},
		{"another code's", otherCode.Sealed, enclave.CodeSealedOtherCode},
		{"another code's under this name", sealed(func(m *fpc.SealedState) {
			o := &fpc.SealedState{}
			_ = proto.Unmarshal(otherCode.Sealed, o)
			m.Check, m.Sealed = o.Check, o.Sealed
		}), enclave.CodeSealedOtherHost},
		{"another platform's", sealed(func(m *fpc.SealedState) { m.Platform = "tdx" }), enclave.CodeSealedOtherPlatform},
		{"another version", sealed(func(m *fpc.SealedState) { m.Version = 2 }), enclave.CodeSealedVersion},
		{"flipped bit", sealed(func(m *fpc.SealedState) { m.Sealed[100] ^= 1 }), enclave.CodeSealedTampered},
		{"cut ciphertext", sealed(func(m *fpc.SealedState) { m.Sealed = m.Sealed[:50] }), enclave.CodeSealedTampered},
		{"another enclave's name", sealed(func(m *fpc.SealedState) { m.EnclaveId = other.Credentials.EnclaveID() }), enclave.CodeSealedTampered},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := w.NewEnclave(enclavetest.KV{})
			_, err := e.Restore(t.Context(), &fpc.RestoreRequest{SealedState: tc.state})
			wantCode(t, "restore", err, tc.want)
			if e.Status().GetInitialized() {
				t.Error("the enclave is initialised, want it as before")
			}
			if _, err := e.Restore(t.Context(), &fpc.RestoreRequest{SealedState: w.Sealed}); err != nil {
				t.Errorf("the good state afterwards: %v", err)
			}
		})
	}
}
