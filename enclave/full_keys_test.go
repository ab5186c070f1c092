// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// provisioning is a world of two registered enclaves, of which the first made the
// chaincode's keys.
func provisioning(t *testing.T) (w *full.World, first, second *full.Host) {
	t.Helper()
	w = full.New(t, script{})
	for _, h := range w.Hosts {
		h.Init()
		h.Certify()
		h.Register()
	}
	w.Hosts[0].Generate()
	return w, w.Hosts[0], w.Hosts[1]
}

// change puts one entry into ERCC and returns what takes it back.
func change(w *full.World, key, value, back string) (restore func()) {
	w.Registry(key, value)
	return func() { w.Registry(key, back) }
}

// freshKeySet is a key set that nobody registered.
func freshKeySet(t *testing.T, generation uint64) (*fpc.KeySet, keys.ChaincodeEK) {
	t.Helper()
	dk, err := keys.GenerateChaincodeDK(keys.DefaultSuite)
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(err)
	ek, err := dk.Public()
	check(err)
	sek, err := keys.NewStateKey()
	check(err)
	secret, err := dk.MarshalSecret()
	check(err)
	state, err := sek.MarshalSecret()
	check(err)
	return &fpc.KeySet{
		Generation: generation, StateKey: state, Suite: string(ek.Suite()), ChaincodeDk: secret,
		Lineage: protocol.NewLineage(protocol.Custody{Platform: "sim", TCB: 5}).PB(),
	}, ek
}

// An enclave passes on only keys that are the registered ones still, and only
// while it is registered and provisioned itself.
func TestAttack14FullExportOfFormerKeys(t *testing.T) {
	w, first, second := provisioning(t)
	_, stranger := freshKeySet(t, 1)
	provisioned, key := protocol.ProvisionedKey(full.Chaincode, first.ID()), protocol.ChaincodeKeyKey(full.Chaincode)
	registered := encode(t, &fpc.ChaincodeKey{ChaincodeEk: w.Key.PB(), Generation: 1})
	for _, c := range []struct {
		name             string
		key, value, back string
		want             protocol.Code
	}{
		{"not provisioned, says the registry", provisioned, "", "yes", protocol.CodeNotProvisioned},
		{"another key is registered", key, string(encode(t, &fpc.ChaincodeKey{ChaincodeEk: stranger.PB(), Generation: 1})), string(registered), protocol.CodeWrongGeneration},
		{"of a later generation", key, string(encode(t, &fpc.ChaincodeKey{ChaincodeEk: w.Key.PB(), Generation: 2})), string(registered), protocol.CodeWrongGeneration},
		{"no key is registered", key, "", string(registered), protocol.CodeWrongGeneration},
		{"revoked", protocol.RevokedKey(full.Chaincode, first.ID()), "why", "", protocol.CodeRevoked},
	} {
		restore := change(w, c.key, c.value, c.back)
		_, err := first.TryExport(second.ID())
		wantCode(t, c.name, err, c.want)
		restore()
	}
	_, err := first.TryExport(second.ID())
	wantCode(t, "as it was", err, "")
}

// An enclave whose signing key leaked cannot make another one take keys that are
// not the chaincode's, nor an export that is for somebody else; and one that the
// registry no longer holds for a holder gives none.
func TestAttack14FullForgedExport(t *testing.T) {
	w, first, second := provisioning(t)
	leaked, err := enclavetest.Unseal(w.Platform("code", first.Org.MSPID), first.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	sk, err := keys.ParseEnclaveSK(leaked.GetEnclaveSk())
	if err != nil {
		t.Fatal(err)
	}
	genuine, err := first.TryExport(second.ID())
	if err != nil {
		t.Fatal(err)
	}
	own := leaked.GetKeySets()[0]
	otherSet, otherEK := freshKeySet(t, 1)
	later := proto.CloneOf(own)
	later.Generation = 2
	forge := func(edit func(x *protocol.KeyExport) *fpc.KeySet, receiver keys.EnclaveEK) *fpc.Signed {
		t.Helper()
		x, err := protocol.ParseKeyExport("KEY-7", genuine)
		if err != nil {
			t.Fatal(err)
		}
		x.CCParams = proto.CloneOf(x.CCParams)
		set := edit(&x)
		if err := x.Seal(receiver, set); err != nil {
			t.Fatal(err)
		}
		signed, err := protocol.SignKeyExport(sk, x)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	take := func(signed *fpc.Signed) error {
		w.Registry(protocol.ExportedKey(full.Chaincode, second.ID()), string(encode(t, signed)))
		_, err := second.Enclave.ImportCCKeys(t.Context(), &fpc.ImportCCKeysRequest{Export: signed}, second)
		return err
	}
	to := second.Credentials.EnclaveEK
	for _, c := range []struct {
		name     string
		receiver keys.EnclaveEK
		edit     func(x *protocol.KeyExport) *fpc.KeySet
		want     protocol.Code
	}{
		{"for another enclave", to, func(x *protocol.KeyExport) *fpc.KeySet { x.Receiver = strings.Repeat("ab", 32); return own }, protocol.CodeWrongEnclave},
		{"of another chaincode", to, func(x *protocol.KeyExport) *fpc.KeySet { x.CCParams.ChaincodeId = "other"; return own }, protocol.CodeWrongChaincode},
		{"of another version", to, func(x *protocol.KeyExport) *fpc.KeySet { x.CCParams.Version = "fpc-2"; return own }, protocol.CodeWrongVersion},
		{"of another channel", to, func(x *protocol.KeyExport) *fpc.KeySet { x.ChannelHash = make([]byte, 32); return own }, protocol.CodeWrongChannel},
		{"sealed to another enclave", first.Credentials.EnclaveEK, func(*protocol.KeyExport) *fpc.KeySet { return own }, protocol.CodeExportRefused},
		{"other keys than it names", to, func(*protocol.KeyExport) *fpc.KeySet { return otherSet }, protocol.CodeExportRefused},
		{"another generation than it names", to, func(*protocol.KeyExport) *fpc.KeySet { return later }, protocol.CodeExportRefused},
		{"keys that are not registered", to, func(x *protocol.KeyExport) *fpc.KeySet { x.ChaincodeEK = otherEK; return otherSet }, protocol.CodeWrongGeneration},
		{"a generation that is not registered", to, func(x *protocol.KeyExport) *fpc.KeySet { x.Generation = 2; return later }, protocol.CodeWrongGeneration},
	} {
		wantCode(t, c.name, take(forge(c.edit, c.receiver)), c.want)
	}
	for _, c := range []struct {
		name             string
		key, value, back string
		want             protocol.Code
	}{
		{"sender not provisioned", protocol.ProvisionedKey(full.Chaincode, first.ID()), "", "yes", protocol.CodeNotProvisioned},
		{"sender revoked", protocol.RevokedKey(full.Chaincode, first.ID()), "why", "", protocol.CodeRevoked},
		{"receiver revoked", protocol.RevokedKey(full.Chaincode, second.ID()), "why", "", protocol.CodeRevoked},
	} {
		restore := change(w, c.key, c.value, c.back)
		wantCode(t, c.name, take(genuine), c.want)
		restore()
	}
	if s := second.Enclave.(*enclave.Enclave).Status(); s.GetProvisioned() {
		t.Errorf("after refusals the enclave holds keys of generation %d, want none", s.GetGeneration())
	}
	wantCode(t, "genuine", take(genuine), "")
}
