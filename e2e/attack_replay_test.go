// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"errors"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/fpctest/liar"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// Row 5: a client runs a transaction, at several heights, without committing it,
// and learns its results. Lite documents it: nothing is changed, and a chaincode
// returns nothing before the commit that must not be known before
// (samples/auction's close).
func TestAttack05ResultWithoutCommit(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	proposal, err := w.contract(1).NewProposal(w.ctx, "TransferAsset", client.WithArguments("a1", "mallory"))
	if err != nil {
		t.Fatal(err)
	}
	for _, owner := range []string{"ann", "bob", "carol"} {
		before := w.remember()
		got, err := proposal.Evaluate(w.ctx) // the very same proposal at every height
		if err != nil || string(got) != owner {
			t.Errorf("uncommitted transfer: got %s, error %v; want the present owner %s, which the documentation warns of", got, err, owner)
		}
		w.unchanged(before)
		next := map[string]string{"ann": "bob", "bob": "carol", "carol": "dave"}[owner]
		w.submit("TransferAsset", "a1", next)
	}
}

// Row 6: what an enclave signed is committed once.
func TestAttack06Replay(t *testing.T) {
	hosts := liar.NewRelays(t)
	w := deployPrivate(t, "asset", hosts.Via)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")

	t.Run("after the state went on", func(t *testing.T) {
		green := w.capture(0, "UpdateAsset", "a1", "green", "8")
		if err := w.validate(0, green.ccrsp); err != nil {
			t.Fatal(err)
		}
		w.submit("UpdateAsset", "a1", "red", "9")
		before := w.remember()
		refused(t, w.validate(0, green.ccrsp), protocol.CodeConsumed)
		w.unchanged(before)
	})
	t.Run("of a result that still holds", func(t *testing.T) {
		read := w.capture(0, "ReadAsset", "a1")
		if err := w.validate(0, read.ccrsp); err != nil {
			t.Fatal(err)
		}
		before := w.remember()
		refused(t, w.validate(0, read.ccrsp), protocol.CodeConsumed)
		w.unchanged(before)
		// One host hides the marker: its peer endorses, and is alone with that.
		hosts.Lie(liar.Instead(protocol.MarkerKey(signedIn(t, read.ccrsp).TxId), nil), host1)
		refused(t, w.validate(0, read.ccrsp), protocol.CodeConsumed)
		notCommitted(t, w.validateAt(0, 0, read.ccrsp), peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE)
		hosts.Lie(liar.Lies{})
		w.unchanged(before)
	})
	t.Run("endorsed twice before either is committed", func(t *testing.T) {
		yellow := w.capture(0, "UpdateAsset", "a1", "yellow", "10")
		network := w.As(w.Orgs[0].Client)
		var endorsed []*fabric.Transaction
		for range 2 {
			p, err := network.Prepare(fabric.Call{Chaincode: w.name, Args: protocol.ValidateArgs(yellow.ccrsp)})
			if err != nil {
				t.Fatal(err)
			}
			tx, err := fabric.Endorse(w.ctx, p, w.Peers())
			if err != nil {
				t.Fatal(err)
			}
			endorsed = append(endorsed, tx)
		}
		if _, err := network.Order(w.ctx, endorsed[0]); err != nil {
			t.Fatal(err)
		}
		before := w.remember()
		_, err := network.Order(w.ctx, endorsed[1])
		notCommitted(t, err, peer.TxValidationCode_MVCC_READ_CONFLICT)
		w.unchanged(before)
	})
	t.Run("its marker is out of a chaincode's reach", func(t *testing.T) {
		victim := w.capture(0, "UpdateAsset", "a1", "white", "11")
		marker := protocol.MarkerKey(signedIn(t, victim.ccrsp).TxId)
		before := w.remember()
		for _, call := range [][]string{{"UpdateAsset", marker, "x", "1"}, {"DeleteAsset", marker}, {"TransferAsset", marker, "mallory"}} {
			_, err := w.contract(1).Submit(w.ctx, call[0], call[1:]...)
			refused(t, err, protocol.CodeReservedKey)
		}
		w.unchanged(before)
		if err := w.validate(0, victim.ccrsp); err != nil {
			t.Errorf("the victim's validation: %v, want success", err)
		}
	})
}

// Row 7: the invocation itself is submitted, to skip validation.
func TestAttack07InvocationAsTransaction(t *testing.T) {
	w := newWorld(t, "asset")
	w.policy = "OR('Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')" // so that the enclave's peer is enough
	w.serve(nil, w.name)
	w.initialise()
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	stolen := w.capture(0, "TransferAsset", "a1", "mallory")
	call := fabric.Call{Chaincode: w.name, Args: protocol.InvokeArgs(stolen.ccreq)}
	before := w.remember()

	_, err := w.As(w.Orgs[0].Client).Submit(w.ctx, call)
	refused(t, err, "no_enclave") // peers without the enclave endorse nothing

	receipt, err := w.At(0, w.Orgs[0].Client).Submit(w.ctx, call)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Code != peer.TxValidationCode_VALID {
		t.Errorf("the invocation as a transaction: got %s, want VALID and without effect", receipt.Code)
	}
	w.unchanged(before)

	other := deployPrivate(t, "asset", nil) // under the channel's policy: a majority
	other.submit("CreateAsset", "a1", "ann", "blue", "7")
	stolen = other.capture(0, "TransferAsset", "a1", "mallory")
	before = other.remember()
	_, err = other.At(0, other.Orgs[0].Client).Submit(other.ctx, fabric.Call{Chaincode: other.name, Args: protocol.InvokeArgs(stolen.ccreq)})
	notCommitted(t, err, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE)
	other.unchanged(before)
}

// alterations change one thing of what an enclave signed.
var alterations = map[string]func(m *fpc.EnclaveResponse){
	"kind":         func(m *fpc.EnclaveResponse) { m.Kind = fpc.EnclaveResponse_ERROR },
	"proposal":     func(m *fpc.EnclaveResponse) { m.SignedProposal[len(m.SignedProposal)-1] ^= 1 },
	"transaction":  func(m *fpc.EnclaveResponse) { m.TxId = fpctest.OtherHex(m.TxId) },
	"request":      func(m *fpc.EnclaveResponse) { m.RequestHash[0] ^= 1 },
	"answer":       func(m *fpc.EnclaveResponse) { m.EncryptedResponse[0] ^= 1 },
	"event's name": func(m *fpc.EnclaveResponse) { m.Event.Name = "stolen" },
	"event":        func(m *fpc.EnclaveResponse) { m.Event.Payload[0] ^= 1 },
	"no event":     func(m *fpc.EnclaveResponse) { m.Event = nil },
	"read":         func(m *fpc.EnclaveResponse) { m.Rwset.Reads[0].ValueHash = nil },
	"no read":      func(m *fpc.EnclaveResponse) { m.Rwset.Reads = nil },
	"written key":  func(m *fpc.EnclaveResponse) { m.Rwset.Writes[0].Key = "a2" },
	"write":        func(m *fpc.EnclaveResponse) { m.Rwset.Writes[len(m.Rwset.Writes)-1].Value[50] ^= 1 },
	"more writes": func(m *fpc.EnclaveResponse) {
		m.Rwset.Writes = append(m.Rwset.Writes, &fpc.Write{Key: "a9", IsDelete: true})
	},
	"enclave id": func(m *fpc.EnclaveResponse) { m.EnclaveId = fpctest.OtherHex(m.EnclaveId) },
	"key id":     func(m *fpc.EnclaveResponse) { m.ChaincodeEkId[0] ^= 1 },
	"generation": func(m *fpc.EnclaveResponse) { m.Generation = 2 },
	"chaincode":  func(m *fpc.EnclaveResponse) { m.CcParams.ChaincodeId = "asset2" },
	"channel":    func(m *fpc.EnclaveResponse) { m.ChannelHash[0] ^= 1 },
}

// Row 8: one thing at a time is altered, on the way to the enclave, from it to
// the client, and from the client to validation.
func TestAttack08Altered(t *testing.T) {
	hosts := liar.NewRelays(t)
	w := deployPrivate(t, "asset", hosts.Via)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	before, height := w.remember(), w.ledgers()[0].Height()

	for name, change := range map[string]func(*peer.SignedProposal){
		"signature":   func(p *peer.SignedProposal) { p.Signature[len(p.Signature)-1] ^= 1 },
		"sealed call": func(p *peer.SignedProposal) { p.ProposalBytes[len(p.ProposalBytes)-1] ^= 1 },
	} {
		t.Run("to the enclave: "+name, func(t *testing.T) {
			hosts.Lie(liar.Lies{Call: func(m *peer.ChaincodeMessage) { change(m.Proposal) }}, host1)
			_, err := w.contract(0).Submit(w.ctx, "TransferAsset", "a1", "mallory")
			refused(t, err, protocol.CodeBadSignature)
		})
	}
	hosts.Lie(liar.Lies{})
	honest := w.capture(0, "TransferAsset", "a1", "bob")
	for name, change := range alterations {
		want := protocol.CodeBadSignature
		if name == "enclave id" {
			want = protocol.CodeNotRegistered
		}
		t.Run("to the client: "+name, func(t *testing.T) {
			hosts.Lie(liar.Lies{Answer: func(r *peer.Response) {
				if signedIn(t, r.Payload).Kind == fpc.EnclaveResponse_RESULT {
					r.Payload = alter(t, r.Payload, change)
				}
			}}, host1)
			_, err := w.contract(0).Submit(w.ctx, "TransferAsset", "a1", "mallory")
			refused(t, err, want)
			var distrusted *client.NotAttestedError
			if !errors.As(err, &distrusted) {
				t.Errorf("got %v, want a NotAttestedError", err)
			}
			hosts.Lie(liar.Lies{})
		})
		t.Run("to validation: "+name, func(t *testing.T) {
			altered := alter(t, honest.ccrsp, change)
			refused(t, w.validate(0, altered), want)
			refused(t, w.validateAt(1, 0, altered), want)
		})
	}
	w.unchanged(before)
	if got := w.ledgers()[0].Height(); got != height {
		t.Errorf("height: got %d, want %d: nothing was to be ordered", got, height)
	}
	if err := w.validate(0, honest.ccrsp); err != nil {
		t.Errorf("unaltered: %v, want success", err)
	}
}

// Row 9: what was sealed or signed for one client is used by another.
func TestAttack09CapturedRequest(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	victim := w.capture(0, "TransferAsset", "a1", "bob")
	before, height := w.remember(), w.ledgers()[0].Height()
	for _, thief := range []msp.Signer{w.Orgs[1].Client, w.Orgs[0].Admin} {
		_, err := w.At(0, thief).Evaluate(w.ctx, fabric.Call{Chaincode: w.name, Args: protocol.InvokeArgs(victim.ccreq)})
		refused(t, err, protocol.CodeRequestRefused)
	}
	refused(t, w.validate(1, victim.ccrsp), protocol.CodeOtherCreator)
	w.unchanged(before)
	if got := w.ledgers()[0].Height(); got != height {
		t.Errorf("height: got %d, want %d: nothing was to be ordered", got, height)
	}
	if err := w.validate(0, victim.ccrsp); err != nil {
		t.Errorf("the victim's own validation: %v, want success", err)
	}
}

// Row 20: a chaincode writes, then fails; its writes are never committed.
func TestAttack20PartialWrites(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	before, height := w.remember(), w.ledgers()[0].Height()
	// ImportAssets writes the first asset before it finds that the second has the
	// same id.
	twice := `[{"id":"a2","owner":"mallory","colour":"red","value":1},{"id":"a2","owner":"mallory","colour":"red","value":1}]`
	_, err := w.contract(0).Submit(w.ctx, "ImportAssets", twice)
	var failed *client.ChaincodeError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want the chaincode's own error", err)
	}
	partial := w.capture(0, "ImportAssets", twice)
	if m := signedIn(t, partial.ccrsp); m.Rwset != nil || m.Event != nil || m.Kind != fpc.EnclaveResponse_ERROR {
		t.Errorf("signed: got kind %s, %v and %v; want an error with neither writes nor event", m.Kind, m.Rwset, m.Event)
	}
	refused(t, w.validate(0, partial.ccrsp), protocol.CodeErrorResponse)
	good := w.capture(0, "ImportAssets", `[{"id":"a3","owner":"ann","colour":"red","value":1}]`)
	for name, forged := range map[string][]byte{
		"called a result": alter(t, partial.ccrsp, func(m *fpc.EnclaveResponse) { m.Kind = fpc.EnclaveResponse_RESULT }),
		"with another's writes": alter(t, partial.ccrsp, func(m *fpc.EnclaveResponse) {
			m.Kind, m.Rwset = fpc.EnclaveResponse_RESULT, signedIn(t, good.ccrsp).Rwset
		}),
	} {
		t.Run(name, func(t *testing.T) { refused(t, w.validate(0, forged), protocol.CodeBadSignature) })
	}
	w.unchanged(before)
	if got := w.ledgers()[0].Height(); got != height {
		t.Errorf("height: got %d, want %d: nothing was to be ordered", got, height)
	}
}
