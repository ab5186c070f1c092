// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// answering is a peer, or a gateway before it, that answers what it likes to
// questions about the registry. What a client then seals would be sent to it.
type answering struct {
	client.Peer
	answer answer
	sealed *atomic.Int32 // requests that came
}

// answer is how a question is answered.
type answer func(ctx context.Context, asked *peer.SignedProposal) (*peer.ProposalResponse, error)

var asking sync.Mutex

// inTurn lets one peer answer in several names: it runs a transaction once at a
// time.
func inTurn(a answer) answer {
	return func(ctx context.Context, asked *peer.SignedProposal) (*peer.ProposalResponse, error) {
		asking.Lock()
		defer asking.Unlock()
		return a(ctx, asked)
	}
}

// ProcessProposal implements client.Peer.
func (a answering) ProcessProposal(ctx context.Context, signed *peer.SignedProposal) (*peer.ProposalResponse, error) {
	p, err := envelope.UnpackProposal(signed)
	if err != nil {
		return nil, err
	}
	if p.Chaincode == protocol.ERCCName {
		return a.answer(ctx, signed)
	}
	a.sealed.Add(1)
	return a.Peer.ProcessProposal(ctx, signed)
}

// Row 11: peers and gateways show the client a key that is not the enclave's.
func TestAttack11ForeignKey(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	other := deployPrivate(t, "asset", nil) // all has the same name there
	before, height := w.remember(), w.ledgers()[0].Height()

	mine := w.ownKey(client.OverGRPC(w.Peer(0)), 0)
	for name, test := range map[string]struct {
		answer func(p client.Peer) answer
		quorum int
		want   protocol.Code
	}{
		"one peer with a key of its own, where all must agree": {
			func(p client.Peer) answer {
				if p.Address() != w.Peer(0).Address() {
					return p.ProcessProposal
				}
				return mine
			}, 3, trust.CodeAnswersDiffer,
		},
		"one peer with a key of its own, in three organisations' name": {
			func(client.Peer) answer {
				return mine
			}, 0, trust.CodeTooFewAnswers,
		},
		"one honest peer, in three organisations' name": {
			func(client.Peer) answer {
				return inTurn(w.Peer(1).ProcessProposal)
			}, 0, trust.CodeTooFewAnswers,
		},
		"a genuine enclave of another network": {
			func(client.Peer) answer {
				return other.relayed()
			}, 0, trust.CodeTooFewAnswers,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var sealed atomic.Int32
			contract := w.contractAs(deploy.Client{
				Signer: w.Orgs[1].Client, Pins: w.Pins, Quorum: test.quorum,
				Wrap: func(p client.Peer) client.Peer { return answering{p, test.answer(p), &sealed} },
			})
			_, err := contract.Submit(w.ctx, "UpdateAsset", "a1", "secret", "8")
			refused(t, err, test.want)
			var distrusted *client.NotAttestedError
			if !errors.As(err, &distrusted) {
				t.Errorf("got %v, want a NotAttestedError", err)
			}
			if n := sealed.Load(); n != 0 {
				t.Errorf("%d sealed requests were sent, want none", n)
			}
		})
	}

	t.Run("another network as a whole", func(t *testing.T) {
		contract, err := other.Contract(other.name, deploy.Client{Signer: other.Orgs[0].Client, Pins: w.Pins})
		if err != nil {
			t.Fatal(err)
		}
		_, err = contract.Submit(w.ctx, "UpdateAsset", "a1", "secret", "8")
		refused(t, err, trust.CodeTooFewAnswers)
	})
	t.Run("one liar among three does no harm", func(t *testing.T) {
		var sealed atomic.Int32
		contract := w.contractAs(deploy.Client{Signer: w.Orgs[1].Client, Pins: w.Pins, Wrap: func(p client.Peer) client.Peer {
			if p.Address() != w.Peer(2).Address() {
				return p
			}
			return answering{p, w.ownKey(p, 2), &sealed}
		}})
		if _, err := contract.Evaluate(w.ctx, "ReadAsset", "a1"); err != nil {
			t.Errorf("with a majority of honest peers: %v, want success", err)
		}
	})
	w.unchanged(before)
	if got := w.ledgers()[0].Height(); got != height {
		t.Errorf("height: got %d, want %d: nothing was to be ordered", got, height)
	}
}

// ownKey is an organisation's peer that puts a key of its own making into what
// the registry says, and endorses that as a peer does.
func (w *world) ownKey(honest client.Peer, org int) answer {
	w.t.Helper()
	dk, err := keys.GenerateChaincodeDK(keys.DefaultSuite)
	if err != nil {
		w.t.Fatal(err)
	}
	ek, err := dk.Public()
	if err != nil {
		w.t.Fatal(err)
	}
	ca, ok := w.Devnet.Org(w.Orgs[org].MSPID)
	if !ok {
		w.t.Fatalf("no organisation %s", w.Orgs[org].MSPID)
	}
	signer, err := ca.Node("peer0")
	if err != nil {
		w.t.Fatal(err)
	}
	return func(ctx context.Context, asked *peer.SignedProposal) (*peer.ProposalResponse, error) {
		answer, err := inTurn(honest.ProcessProposal)(ctx, asked)
		if err != nil || answer.Response.Status != 200 {
			return answer, err
		}
		payload, action, view := &peer.ProposalResponsePayload{}, &peer.ChaincodeAction{}, &fpc.RegistryView{}
		decode(w.t, answer.Payload, payload)
		decode(w.t, payload.Extension, action)
		decode(w.t, action.Response.Payload, view)
		view.ChaincodeKey.ChaincodeEk = ek.PB()
		if action.Response.Payload, err = protocol.MarshalRegistryView(view); err != nil {
			return nil, err
		}
		answer.Response.Payload = action.Response.Payload
		payload.Extension = encode(w.t, action)
		answer.Payload = encode(w.t, payload)
		answer.Endorsement, err = envelope.Endorse(answer.Payload, signer)
		return answer, err
	}
}

// relayed answers a question with what this network's peer answers to the same
// question of one of its own clients: the other network's client is a stranger
// here.
func (w *world) relayed() answer {
	return func(ctx context.Context, asked *peer.SignedProposal) (*peer.ProposalResponse, error) {
		p, err := envelope.UnpackProposal(asked)
		if err != nil {
			return nil, err
		}
		own, err := w.As(w.Orgs[0].Client).Prepare(fabric.Call{Chaincode: p.Chaincode, Args: p.Args()})
		if err != nil {
			return nil, err
		}
		return own.Ask(ctx, w.Peer(0))
	}
}
