// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package client_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fpctest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// nothingSent fails the test if any peer got a sealed request.
func nothingSent(t *testing.T, w *clienttest.World) {
	t.Helper()
	for _, p := range w.Peers {
		for _, signed := range p.Sent() {
			proposal, err := envelope.UnpackProposal(signed)
			if err != nil {
				t.Fatal(err)
			}
			if proposal.Chaincode == clienttest.Chaincode {
				t.Errorf("%s got %s, want nothing sent", p.Name(), proposal.Args()[0])
			}
		}
	}
	if n := w.Orderer.Committed(); n != 0 {
		t.Errorf("%d transactions committed, want none", n)
	}
}

// Attack row 8 at the client: each field of the enclave's answer is altered, by
// the peer (the signature breaks) and by an enclave that answers something else
// than what was asked.
func TestAttack08AlteredAnswer(t *testing.T) {
	t.Run("by the peer", func(t *testing.T) {
		edits := map[string]func(*pb.EnclaveResponse){
			"kind":       func(m *pb.EnclaveResponse) { m.Kind = pb.EnclaveResponse_ERROR },
			"answer":     func(m *pb.EnclaveResponse) { m.EncryptedResponse[0] ^= 1 },
			"proposal":   func(m *pb.EnclaveResponse) { m.SignedProposal[0] ^= 1 },
			"write":      func(m *pb.EnclaveResponse) { m.Rwset.Writes[0].Key = "x" },
			"generation": func(m *pb.EnclaveResponse) { m.Generation = 2 },
		}
		for name, edit := range edits {
			t.Run(name, func(t *testing.T) {
				w := clienttest.New(t, 3)
				w.Peers[0].Lie = alterAnswer(t, edit)
				_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo")
				wantNotAttested(t, err, protocol.CodeBadSignature)
				if n := w.Orderer.Committed(); n != 0 {
					t.Errorf("%d transactions committed, want none", n)
				}
			})
		}
	})
	t.Run("by the enclave", func(t *testing.T) {
		tests := map[string]struct {
			edit func(*pb.EnclaveResponse)
			want protocol.Code
		}{
			"chaincode":   {func(m *pb.EnclaveResponse) { m.CcParams.ChaincodeId = "other" }, protocol.CodeWrongChaincode},
			"version":     {func(m *pb.EnclaveResponse) { m.CcParams.Version = "other" }, protocol.CodeWrongVersion},
			"channel":     {func(m *pb.EnclaveResponse) { m.CcParams.ChannelId = "other" }, protocol.CodeWrongChannel},
			"genesis":     {func(m *pb.EnclaveResponse) { m.ChannelHash[0] ^= 1 }, protocol.CodeWrongChannel},
			"key id":      {func(m *pb.EnclaveResponse) { m.ChaincodeEkId[0] ^= 1 }, protocol.CodeUnknownKey},
			"generation":  {func(m *pb.EnclaveResponse) { m.Generation = 2 }, protocol.CodeWrongGeneration},
			"transaction": {func(m *pb.EnclaveResponse) { m.TxId = fpctest.OtherHex(m.TxId) }, protocol.CodeBadTxID},
			"request":     {func(m *pb.EnclaveResponse) { m.RequestHash[0] ^= 1 }, protocol.CodeRequestHash},
			"proposal": {func(m *pb.EnclaveResponse) {
				m.SignedProposal, _ = proto.Marshal(&peer.SignedProposal{ProposalBytes: []byte("other")})
			}, trust.CodeWrongProposal},
			"enclave id": {func(m *pb.EnclaveResponse) { m.EnclaveId = "other" }, protocol.CodeNotRegistered},
		}
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				w := clienttest.New(t, 3)
				w.Enclave.Alter = test.edit
				_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Evaluate(t.Context(), "echo")
				wantNotAttested(t, err, test.want)
			})
		}
	})
	t.Run("replayed from another call", func(t *testing.T) {
		w := clienttest.New(t, 3)
		var first *peer.ProposalResponse
		w.Peers[0].Lie = func(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
			if string(p.Args()[0]) != protocol.FuncInvoke {
				return honest, nil
			}
			if first == nil {
				first = honest
			}
			return first, nil
		}
		contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
		if _, err := contract.Evaluate(t.Context(), "echo"); err != nil {
			t.Fatal(err)
		}
		_, err := contract.Evaluate(t.Context(), "echo")
		wantNotAttested(t, err, protocol.CodeBadTxID)
	})
}

// alterAnswer is a peer that edits ccrsp_msg and endorses the result.
func alterAnswer(t *testing.T, edit func(*pb.EnclaveResponse)) func(*envelope.Proposal, *peer.ProposalResponse) (*peer.ProposalResponse, error) {
	return func(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
		if string(p.Args()[0]) != protocol.FuncInvoke {
			return honest, nil
		}
		r, m := &pb.Response{}, &pb.EnclaveResponse{}
		unmarshalInto(t, honest.Response.Payload, r)
		unmarshalInto(t, r.Response, m)
		edit(m)
		var err error
		if r.Response, err = proto.Marshal(m); err != nil {
			return nil, err
		}
		honest.Response.Payload, err = proto.Marshal(r)
		return honest, err
	}
}

// Attack row 9: a request that a peer captured, resubmitted under another
// identity of the same channel, does not open.
func TestAttack09CapturedRequest(t *testing.T) {
	w := clienttest.New(t, 3)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	if _, err := contract.Evaluate(t.Context(), "echo", "bid 100"); err != nil {
		t.Fatal(err)
	}
	captured := sentTo(t, w.Peers[0], protocol.FuncInvoke)
	mallory := w.Orgs[1].Client("mallory")
	message, _, err := envelope.NewProposal(envelope.Request{
		ChannelID: clienttest.ChannelID, Chaincode: clienttest.Chaincode, Creator: mallory.Creator(),
		Nonce: make([]byte, envelope.NonceSize), Args: captured.Args(), Timestamp: clienttest.Noon,
	})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := envelope.SignProposal(message, mallory)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := w.Peers[0].ProcessProposal(t.Context(), signed)
	if err != nil {
		t.Fatal(err)
	}
	refusal, ok := protocol.ParseError(answer.GetResponse().GetMessage())
	if !ok || refusal.Code != protocol.CodeRequestRefused {
		t.Errorf("the enclave answered status %d, %q, want a refusal with code %q", answer.GetResponse().GetStatus(), answer.GetResponse().GetMessage(), protocol.CodeRequestRefused)
	}
}

// sentTo is the last proposal that called a function through a peer. It is not
// the last of all: reading the registry goes on as soon as enough peers answered,
// so that another peer may get its question late.
func sentTo(t *testing.T, p *clienttest.Peer, function string) *envelope.Proposal {
	t.Helper()
	var last *envelope.Proposal
	for _, signed := range p.Sent() {
		proposal, err := envelope.UnpackProposal(signed)
		if err != nil {
			t.Fatal(err)
		}
		if string(proposal.Args()[0]) == function {
			last = proposal
		}
	}
	if last == nil {
		t.Fatalf("%s got no call of %s", p.Name(), function)
	}
	return last
}

// Attack row 20: what is signed under the error label is an error, whatever
// status it holds: a client must not take it for something that can be committed.
func TestAttack20SuccessUnderTheErrorLabel(t *testing.T) {
	w := clienttest.New(t, 3)
	w.Enclave.Answer = func(answer *pb.ClearResponse) { answer.Status = 200 }
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	for name, call := range map[string]func(context.Context, string, ...string) ([]byte, error){"query": contract.Evaluate, "submit": contract.Submit} {
		t.Run(name, func(t *testing.T) {
			_, err := call(t.Context(), "a function that fails")
			wantNotAttested(t, err, protocol.CodeBadResponse)
			if n := w.Orderer.Committed(); n != 0 {
				t.Errorf("%d transactions committed, want none", n)
			}
		})
	}
}

// Attack row 11: peers answer with a key of their own, with genuine enclaves of
// another network, or for organisations that are not theirs.
func TestAttack11LyingPeers(t *testing.T) {
	tests := map[string]struct {
		lie  func(t *testing.T, w *clienttest.World)
		want protocol.Code
	}{
		"one peer shows its own key": {func(t *testing.T, w *clienttest.World) {
			mine := ownView(t, w)
			w.Peers[0].Lie = answerView(w.Peers[0], mine)
			w.Peers[1].Lie = func(*envelope.Proposal, *peer.ProposalResponse) (*peer.ProposalResponse, error) {
				return nil, errors.New("gone") // and cuts another one off
			}
		}, trust.CodeAnswersDiffer},
		"one peer speaks for three organisations": {func(t *testing.T, w *clienttest.World) {
			lie := answerView(w.Peers[0], ownView(t, w))
			for _, p := range w.Peers {
				p.Lie = lie
			}
		}, trust.CodeTooFewAnswers},
		"one organisation's peers speak for three": {func(t *testing.T, w *clienttest.World) {
			mine := ownView(t, w)
			for _, p := range w.Peers {
				p.Member = w.Orgs[0].Peer("another")
				p.Lie = answerView(p, mine)
			}
		}, trust.CodeTooFewAnswers},
		"one peer signs in the names of three": {func(t *testing.T, w *clienttest.World) {
			mine := ownView(t, w)
			for _, p := range w.Peers {
				lie := answerView(w.Peers[0], mine)
				p.Lie = func(proposal *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
					answer, err := lie(proposal, honest)
					answer.Endorsement.Endorser = p.Member.Creator() // certificates are public
					return answer, err
				}
			}
		}, trust.CodeTooFewAnswers},
		"honest signatures under one peer's answer": {func(t *testing.T, w *clienttest.World) {
			mine := ownView(t, w)
			for _, p := range w.Peers[1:] {
				lie := answerView(p, mine)
				p.Lie = func(proposal *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
					endorsement := honest.Endorsement
					answer, err := lie(proposal, honest)
					answer.Endorsement = endorsement
					return answer, err
				}
			}
			w.Peers[0].Lie = answerView(w.Peers[0], mine)
		}, trust.CodeTooFewAnswers},
		"peers who were revoked sign": {func(t *testing.T, w *clienttest.World) {
			mine := ownView(t, w)
			for i, p := range w.Peers[:2] {
				w.Orgs[i].Revoke(p.Member)
				p.Lie = answerView(p, mine)
			}
			w.Peers[2].Lie = func(*envelope.Proposal, *peer.ProposalResponse) (*peer.ProposalResponse, error) {
				return nil, errors.New("gone")
			}
			w.Pins = w.PinnedMSPs()
		}, trust.CodeTooFewAnswers},
		"strangers' certificates of the same names": {func(t *testing.T, w *clienttest.World) {
			stranger := clienttest.New(t, 3)
			for i, p := range w.Peers {
				p.Member = stranger.Peers[i].Member
			}
		}, trust.CodeTooFewAnswers},
		"clients instead of peers sign": {func(_ *testing.T, w *clienttest.World) {
			for i, p := range w.Peers {
				p.Member = w.Orgs[i].Client("mallory")
			}
		}, trust.CodeTooFewAnswers},
		"genuine signatures over another answer": {func(t *testing.T, w *clienttest.World) {
			mine := ownView(t, w)
			for _, p := range w.Peers {
				lie := answerView(p, mine)
				p.Lie = func(proposal *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
					forged, err := lie(proposal, honest)
					if err == nil {
						forged.Endorsement = honest.Endorsement
					}
					return forged, err
				}
			}
		}, trust.CodeTooFewAnswers},
		"an answer to an earlier question": {func(t *testing.T, w *clienttest.World) {
			for _, p := range w.Peers {
				var first *peer.ProposalResponse
				p.Lie = func(_ *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
					if first == nil {
						first = honest
					}
					return first, nil
				}
			}
			if _, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Check(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}, trust.CodeTooFewAnswers},
		"another chaincode's answer": {func(_ *testing.T, w *clienttest.World) {
			for _, p := range w.Peers {
				p.Lie = func(proposal *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
					return p.Endorse(proposal, "evil", honest.Response.Payload), nil
				}
			}
		}, trust.CodeTooFewAnswers},
		"all peers show enclaves of another network": {func(t *testing.T, w *clienttest.World) {
			other := clienttest.New(t, 3)
			w.View = other.View
		}, protocol.CodeWrongChannel},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := clienttest.New(t, 3)
			test.lie(t, w)
			_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo")
			wantNotAttested(t, err, test.want)
			nothingSent(t, w)
		})
	}
}

// ownView is a registry view whose only enclave is the liar's own.
func ownView(t *testing.T, w *clienttest.World) *pb.RegistryView {
	t.Helper()
	mine := clienttest.NewEnclave(w, w.Orgs[0].MSPID, w.Peers[0].Address())
	view := proto.Clone(w.View).(*pb.RegistryView)
	view.Credentials = []*pb.Credentials{mine.Credentials(clienttest.CodeID, clienttest.Params())}
	view.Provisioned = []*pb.Signed{mine.Registration(nil)}
	view.ChaincodeKey.ChaincodeEk = mine.EK.PB()
	return view
}

// answerView is what this peer answers, wherever the question went.
func answerView(p *clienttest.Peer, view *pb.RegistryView) func(*envelope.Proposal, *peer.ProposalResponse) (*peer.ProposalResponse, error) {
	return func(proposal *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
		if proposal.Chaincode != protocol.ERCCName {
			return honest, nil
		}
		payload, err := protocol.MarshalRegistryView(view)
		if err != nil {
			return nil, err
		}
		return p.Endorse(proposal, protocol.ERCCName, payload), nil
	}
}

// Attack row 27: a key that only one organisation holds is refused by a client
// that asks for more.
func TestAttack27MinHolders(t *testing.T) {
	w := clienttest.New(t, 3)
	config := w.Config()
	config.Trust.MinHolders = 2
	_, err := w.Connect(config).Contract(clienttest.Chaincode).Submit(t.Context(), "echo")
	wantNotAttested(t, err, trust.CodeTooFewHolders)
	nothingSent(t, w)

	second := clienttest.NewEnclave(w, w.Orgs[1].MSPID, w.Peers[1].Address())
	second.DK, second.EK = w.Enclave.DK, w.Enclave.EK
	w.View.Credentials = append(w.View.Credentials, second.Credentials(clienttest.CodeID, clienttest.Params()))
	w.View.Provisioned = append(w.View.Provisioned, second.Registration(nil))
	if _, err := w.Connect(config).Contract(clienttest.Chaincode).Submit(t.Context(), "echo"); err != nil {
		t.Errorf("with two holders: %v, want success", err)
	}
}

// unmarshalInto decodes in tests.
func unmarshalInto(t *testing.T, b []byte, m proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(b, m); err != nil {
		t.Fatal(err)
	}
}
