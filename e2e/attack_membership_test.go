// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/protocol"
)

// update changes the channel's configuration in all organisations' names.
func (w *world) update(edits ...channel.Edit) {
	w.t.Helper()
	network := w.As(w.Orgs[0].Admin)
	u, err := admin.ProposeUpdate(w.ctx, network, edits...)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, org := range w.Orgs[1:] {
		if err := u.Sign(org.Admin); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := u.Submit(w.ctx, network); err != nil {
		w.t.Fatal(err)
	}
}

// revocation lists one member of an organisation as revoked.
func (w *world) revocation(org int, member msp.Signer) channel.Edit {
	w.t.Helper()
	_, cert, err := msp.ParseSerialized(member.Creator())
	if err != nil {
		w.t.Fatal(err)
	}
	ca, ok := w.Devnet.Org(w.Orgs[org].MSPID)
	if !ok {
		w.t.Fatalf("the network has no %s", w.Orgs[org].MSPID)
	}
	crl, err := ca.CA.Revoke(1, time.Now(), cert)
	if err != nil {
		w.t.Fatal(err)
	}
	return channel.SetCRLs(w.Orgs[org].MSPID, crl)
}

// refresh has the enclave attest anew and replaces its credentials (REG-15).
func (w *world) refresh() {
	w.t.Helper()
	credentials, err := w.host().Refresh(w.ctx, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := (admin.Registry{Network: w.As(w.Orgs[0].Admin)}).Register(w.ctx, credentials, w.manifest, nil); err != nil {
		w.t.Fatal(err)
	}
}

// value reads an asset's colour through a contract.
func (w *world) value(c *client.Contract, want string) {
	w.t.Helper()
	if got, err := c.Evaluate(w.ctx, "ReadAsset", "a1"); err != nil || !strings.Contains(string(got), want) {
		w.t.Errorf("asset a1: got %s, error %v; want %s in it", got, err, want)
	}
}

// Row 10: whom the channel revoked is refused at proposal and at broadcast, also
// with what was executed and endorsed before; the enclave itself refuses him
// after its refresh. Nobody else notices.
func TestAttack10RevokedClient(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	mallory := w.Orgs[1].Client
	endorsed := w.endorse(1, "UpdateAsset", "a1", "red", "1")

	w.update(w.revocation(1, mallory))
	before := w.remember()
	wantRevoked := func(what string, err error) {
		t.Helper()
		var rejected *fabric.RejectedError
		if !errors.As(err, &rejected) {
			t.Errorf("%s: got %v, want refused by a server", what, err)
		}
		w.unchanged(before)
	}
	_, err := w.contract(1).Evaluate(w.ctx, "ReadAsset", "a1")
	wantRevoked("query", err)
	_, err = w.As(mallory).Order(w.ctx, endorsed)
	wantRevoked("transaction endorsed before", err)

	// Who pins the new configuration waits for the enclave to know it too.
	careful := deploy.Client{Signer: w.Orgs[0].Client, Pins: w.pinsNow(), Quorum: 3}
	_, err = w.contractAs(careful).Evaluate(w.ctx, "ReadAsset", "a1")
	refused(t, err, trust.CodeOldConfig)
	w.refresh()
	w.value(w.contractAs(careful), "blue")
	w.value(w.contract(0), "blue")
	w.submit("UpdateAsset", "a1", "green", "8")
	w.value(w.contract(2), "green")
}

// endorse executes a call and has its validation endorsed, and orders nothing.
func (w *world) endorse(org int, function string, args ...string) *fabric.Transaction {
	w.t.Helper()
	run := w.capture(org, function, args...)
	p, err := w.As(w.Orgs[org].Client).Prepare(fabric.Call{Chaincode: w.name, Args: protocol.ValidateArgs(run.ccrsp)})
	if err != nil {
		w.t.Fatal(err)
	}
	tx, err := fabric.Endorse(w.ctx, p, w.Peers())
	if err != nil {
		w.t.Fatal(err)
	}
	return tx
}

// Row 28: what the channel changes around an enclave loses nothing: it goes on,
// or goes on after a refresh.
func TestAttack28ChangesAroundAnEnclave(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	enclave := w.status().GetEnclaveId()

	t.Run("a sequence that changes only the policy", func(t *testing.T) {
		parameter, err := deploy.PolicyParameter("OutOf(3, 'Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer')")
		if err != nil {
			t.Fatal(err)
		}
		version, err := protocol.ParseCodeManifest(w.manifest)
		if err != nil {
			t.Fatal(err)
		}
		d := lifecycle.Definition{Name: w.name, Version: version.Version(), Sequence: 2, ValidationParameter: parameter}
		if err := w.Define(w.ctx, d, w.service.Packages); err != nil {
			t.Fatal(err)
		}
		w.submit("UpdateAsset", "a1", "red", "8")
		w.value(w.contract(0), "red")
	})
	t.Run("a revocation", func(t *testing.T) {
		w.update(w.revocation(2, w.Orgs[2].Client))
		w.submit("UpdateAsset", "a1", "green", "9")
		w.refresh()
		w.submit("UpdateAsset", "a1", "white", "10")
		w.value(w.contract(0), "white")
	})
	t.Run("an organisation that joins", func(t *testing.T) {
		joined := fpctest.NewOrg(t, "Org4MSP")
		w.update(channel.AddOrg(channel.ApplicationOrg{Name: "Org4", MSP: joined.Config()}))
		w.value(w.contract(0), "white") // by those who pin the former organisations

		pins := w.pinsNow()
		as := deploy.Client{Signer: w.Orgs[0].Client, Pins: pins, Quorum: 3}
		_, err := w.contractAs(as).Evaluate(w.ctx, "ReadAsset", "a1")
		refused(t, err, protocol.CodeWrongMSP) // until the policy and the enclave know them too

		policy, err := w.RegistryPolicy(w.ctx, w.name)
		if err != nil {
			t.Fatal(err)
		}
		w.setPolicy(policy, 2)
		_, err = w.contractAs(as).Evaluate(w.ctx, "ReadAsset", "a1")
		refused(t, err, protocol.CodeWrongMSP)
		w.refresh()
		w.value(w.contractAs(as), "white")
		_, err = w.contractAs(as).Submit(w.ctx, "UpdateAsset", "a1", "black", "11")
		if err != nil {
			t.Error(err)
		}
	})
	if got := w.status(); got.GetEnclaveId() != enclave || got.GetGeneration() != 1 {
		t.Errorf("at the end: got enclave %.12s with generation %d, want %.12s with 1", got.GetEnclaveId(), got.GetGeneration(), enclave)
	}
}

// pinsNow are pins of the channel's present organisations.
func (w *world) pinsNow() *trust.Pins {
	w.t.Helper()
	own := w.At(0, w.Orgs[0].Admin)
	genesis, err := own.GenesisBlock(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	current, err := own.ConfigBlock(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	pins, err := trust.PinBlocks(genesis, current)
	if err != nil {
		w.t.Fatal(err)
	}
	return pins
}

// setPolicy approves and stores another policy in ERCC (LC-5).
func (w *world) setPolicy(p *protocol.RegistryPolicy, sequence int64) {
	w.t.Helper()
	raw, err := p.Bytes()
	if err != nil {
		w.t.Fatal(err)
	}
	d := lifecycle.Definition{Name: protocol.ERCCName, Version: protocol.PolicyVersion(raw), Sequence: sequence}
	if err := w.Define(w.ctx, d, w.registry.Packages); err != nil {
		w.t.Fatal(err)
	}
	if _, err := (admin.Registry{Network: w.As(w.Orgs[0].Admin)}).SetPolicy(w.ctx, raw); err != nil {
		w.t.Fatal(err)
	}
}
