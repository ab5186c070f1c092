// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package client_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// invocations counts the sealed requests that a peer got.
func invocations(t *testing.T, p *clienttest.Peer) int {
	t.Helper()
	n := 0
	for _, signed := range p.Sent() {
		proposal, err := envelope.UnpackProposal(signed)
		if err != nil {
			t.Fatal(err)
		}
		if string(proposal.Args()[0]) == protocol.FuncInvoke {
			n++
		}
	}
	return n
}

// Submit and Evaluate are the same calls in Full mode: two enclaves endorse one
// transaction, one answers a query.
func TestFullSubmitAndEvaluate(t *testing.T) {
	w := clienttest.NewFull(t)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	got, err := contract.SubmitWith(t.Context(), "echo", client.WithArguments("a"), client.WithTransient(map[string][]byte{"t": []byte("!")}))
	if err != nil || string(got) != "echo a!" {
		t.Fatalf("Submit = %q, %v, want \"echo a!\"", got, err)
	}
	if n := w.Orderer.Committed(); n != 1 {
		t.Errorf("%d transactions committed, want 1", n)
	}
	asked := invocations(t, w.Peers[0]) + invocations(t, w.Peers[1]) + invocations(t, w.Peers[2])
	if asked != 2 {
		t.Errorf("%d enclaves were asked, want the 2 that the policy needs", asked)
	}
	if got, err = contract.Evaluate(t.Context(), "echo", "b"); err != nil || string(got) != "echo b" {
		t.Errorf("Evaluate = %q, %v, want \"echo b\"", got, err)
	}
	found, err := contract.Check(t.Context(), false)
	if err != nil || found.Mode() != protocol.ModeFull {
		t.Errorf("mode: got %v, %v, want full", found.Mode(), err)
	}
}

// Offline signing has the same steps in both modes.
func TestFullStepByStep(t *testing.T) {
	w := clienttest.NewFull(t)
	proposal, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).NewProposal(t.Context(), "echo")
	if err != nil {
		t.Fatal(err)
	}
	validation, err := proposal.Endorse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tx, err := validation.Endorse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if validation.Endorsers() != 2 || tx.TransactionID() != proposal.TransactionID() {
		t.Errorf("got %d endorsers and transaction %s, want 2 and the proposal's own id %s", validation.Endorsers(), tx.TransactionID(), proposal.TransactionID())
	}
}

// A chaincode's error is sealed in Full mode too, and there is nothing to commit.
func TestFullChaincodeError(t *testing.T) {
	w := clienttest.NewFull(t)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	for name, call := range map[string]func(context.Context, string, ...string) ([]byte, error){"submit": contract.Submit, "evaluate": contract.Evaluate} {
		_, err := call(t.Context(), "fail")
		var failed *client.ChaincodeError
		if !errors.As(err, &failed) || failed.Status != 500 {
			t.Errorf("%s: got %v, want the chaincode's own error", name, err)
		}
	}
}

// An enclave whose peer cannot be reached is replaced by another one.
func TestFullAnotherEnclaveStepsIn(t *testing.T) {
	w := clienttest.NewFull(t)
	w.Peers[0].Lie = unreachable
	if _, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo"); err != nil {
		t.Fatal(err)
	}
}

func unreachable(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
	if string(p.Args()[0]) == protocol.FuncInvoke {
		return nil, &fabric.UnreachableError{Server: "peer", Err: errors.New("connection refused")}
	}
	return honest, nil
}

// A policy that cannot be met is explained, organisation by organisation.
func TestFullPolicyThatCannotBeMet(t *testing.T) {
	for name, test := range map[string]struct {
		arrange func(w *clienttest.World)
		want    []string
	}{
		"too few are trusted": {func(w *clienttest.World) {
			w.Enclaves[1].Certificate = w.Enclaves[1].Certify(w.Orgs[1], fpctest.RolePeer, w.Enclaves[1].Unit())
		}, []string{"Org1MSP: enclave", "was not asked", "Org2MSP: enclave", "not trusted", "role", "Org3MSP: no enclave is registered"}},
		"too few can be reached": {func(w *clienttest.World) {
			w.Peers[0].Lie = unreachable
		}, []string{"Org1MSP: enclave", "connection refused", "Org2MSP: enclave", "endorses", "Org3MSP: no enclave is registered"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := clienttest.NewFull(t)
			test.arrange(w)
			w.Enclaves = w.Enclaves[:2]
			w.ViewFull()
			_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo")
			wantCode(t, err, client.CodeTooFewEndorsements)
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want it to say %q", err, want)
				}
			}
		})
	}
}

// TestAttack31FullHotKey: enclaves at different heights agree at one head, or the
// call fails with stale_view after the retries.
func TestAttack31FullHotKey(t *testing.T) {
	t.Run("unchanged between the heads", func(t *testing.T) {
		w := clienttest.NewFull(t)
		w.Enclaves[1].Height, w.Enclaves[2].Height = 9, 8
		if _, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo"); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("one catches up", func(t *testing.T) {
		w := clienttest.NewFull(t)
		w.Changes = []uint64{3, 10}
		w.Enclaves[1].Height, w.Enclaves[2].Height = 9, 9
		rounds := 0
		for i := range w.Peers {
			w.Peers[i].Lie = func(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
				if string(p.Args()[0]) == protocol.FuncInvoke {
					if rounds++; rounds == 2 { // the first two answers differ
						w.Enclaves[1].Height, w.Enclaves[2].Height = 10, 10
					}
				}
				return honest, nil
			}
		}
		if _, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo"); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("never", func(t *testing.T) {
		w := clienttest.NewFull(t)
		w.Changes = []uint64{3, 9, 10}
		w.Enclaves[1].Height, w.Enclaves[2].Height = 9, 8
		_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo")
		wantCode(t, err, protocol.CodeStaleView)
		if n := w.Orderer.Committed(); n != 0 {
			t.Errorf("%d transactions committed, want none", n)
		}
	})
}

// TestFullPeersBehind: a peer whose state is behind is asked again, by a proposal of
// its own; not where the caller names the height.
func TestFullPeersBehind(t *testing.T) {
	w := clienttest.NewFull(t)
	var left atomic.Int32
	for i := range w.Peers {
		w.Peers[i].Lie = func(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
			if string(p.Args()[0]) == protocol.FuncInvoke && left.Add(-1) >= 0 {
				return nil, protocol.Errorf("INV-11", protocol.CodeStaleView, "the peer's state is that of height 9, and none below 10 will do")
			}
			return honest, nil
		}
	}
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	for name, call := range map[string]func(context.Context, string, ...client.Option) ([]byte, error){"Submit": contract.SubmitWith, "Evaluate": contract.EvaluateWith} {
		left.Store(7)
		if got, err := call(t.Context(), "echo", client.WithArguments("a")); err != nil || string(got) != "echo a" {
			t.Errorf("%s: got %q, error %v; want \"echo a\"", name, got, err)
		}
		left.Store(1 << 20)
		_, err := call(t.Context(), "echo", client.WithHeight(10))
		wantCode(t, err, protocol.CodeStaleView)
		if asked := 1<<20 - left.Load(); asked > int32(len(w.Peers)) {
			t.Errorf("%s at a height: %d enclaves were asked, want each once at most", name, asked)
		}
	}
}

// TestAttack03FullMinHeight: a frozen view is refused below min head.
func TestAttack03FullMinHeight(t *testing.T) {
	w := clienttest.NewFull(t)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	if _, err := contract.EvaluateWith(t.Context(), "echo", client.WithMinHeight(10)); err != nil {
		t.Fatal(err)
	}
	_, err := contract.EvaluateWith(t.Context(), "echo", client.WithMinHeight(11))
	wantCode(t, err, protocol.CodeBelowMinHead)
	// A host that leaves the demand out is found out: the head is signed.
	w.Enclaves[0].Height = 11
	w.Enclaves[0].AlterEndorsed = func(m *pb.Endorsed) {
		frozen, err := protocol.SignEndorsed(w.Enclaves[0].SK, m.GetEndorser(), m.GetPayload(), &pb.HeadUsed{
			ChannelHash: w.Pins.ChannelHash(), TxId: headOf(t, m).GetTxId(), Height: 5, BlockHash: make([]byte, 32),
		})
		if err != nil {
			t.Fatal(err)
		}
		m.Head = frozen.GetEndorsed().GetHead()
	}
	w.Enclaves = append(w.Enclaves[:1:1], w.Enclaves[1:]...)
	for _, e := range w.Enclaves[1:] {
		e.Height = 5
	}
	_, err = contract.EvaluateWith(t.Context(), "echo", client.WithMinHeight(11))
	wantCode(t, err, protocol.CodeBelowMinHead)
}

// A client sees what it committed, and what another one tells it of, whichever
// enclave it asks: one that is behind refuses.
func TestFullReadsItsOwnWrites(t *testing.T) {
	w := clienttest.NewFull(t)
	contract, other := w.Connect(w.Config()).Contract(clienttest.Chaincode), w.Connect(w.Config()).Contract(clienttest.Chaincode)
	if _, err := contract.Submit(t.Context(), "echo", "a"); err != nil {
		t.Fatal(err)
	}
	if got := contract.Network().Height(); got != 2 {
		t.Fatalf("height after a commit in block 1: got %d, want 2", got)
	}
	for _, e := range w.Enclaves {
		e.Height = 1
	}
	_, err := contract.Evaluate(t.Context(), "echo")
	wantCode(t, err, protocol.CodeBelowMinHead)
	_, err = contract.Submit(t.Context(), "echo")
	wantCode(t, err, client.CodeTooFewEndorsements)
	if _, err := other.Evaluate(t.Context(), "echo"); err != nil {
		t.Errorf("a client that knows of no commit: %v", err)
	}
	asked := 0
	w.Peers[0].Lie = func(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
		if string(p.Args()[0]) != protocol.FuncInvoke {
			return honest, nil
		}
		if asked++; asked == 2 { // too late for this proposal
			for _, e := range w.Enclaves {
				e.Height = 2
			}
		}
		return nil, protocol.Errorf("INV-11", protocol.CodeBelowMinHead, "the ledger enclave is at height 1")
	}
	if _, err := contract.Evaluate(t.Context(), "echo"); err != nil {
		t.Errorf("enclaves that catch up: %v", err)
	}
	w.Peers[0].Lie = nil
	for _, e := range w.Enclaves {
		e.Height = 1
	}
	other.Network().AtLeast(contract.Network().Height())
	other.Network().AtLeast(1)
	_, err = other.Evaluate(t.Context(), "echo")
	wantCode(t, err, protocol.CodeBelowMinHead)
	if _, err := contract.EvaluateWith(t.Context(), "echo", client.WithHeight(1)); err != nil {
		t.Errorf("a head that the caller names: %v", err)
	}
}

func headOf(t *testing.T, m *pb.Endorsed) *pb.HeadUsed {
	t.Helper()
	head := &pb.HeadUsed{}
	if err := proto.Unmarshal(m.GetHead().GetMessage(), head); err != nil {
		t.Fatal(err)
	}
	return head
}

// In Lite no enclave knows at which head it reads.
func TestMinHeightInLite(t *testing.T) {
	w := clienttest.New(t, 3)
	_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).EvaluateWith(t.Context(), "echo", client.WithMinHeight(1))
	wantCode(t, err, protocol.CodeWrongMode)
	nothingSent(t, w)
}

// TestAttack08FullAlteredAnswer: each field of an endorsement is altered, by the
// peer and by an enclave that answers something else than what was asked.
func TestAttack08FullAlteredAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		endorsed func(w *clienttest.World, m *pb.Endorsed)
		payload  func(p *protocol.EndorsedPayload)
		access   func(b *rwset.Builder)
		want     protocol.Code
	}{
		"payload":   {endorsed: func(_ *clienttest.World, m *pb.Endorsed) { m.Payload[len(m.Payload)-1] ^= 1 }, want: protocol.CodeBadSignature},
		"signature": {endorsed: func(_ *clienttest.World, m *pb.Endorsed) { m.Signature = bytes.Clone(m.Head.Signature) }, want: protocol.CodeBadSignature},
		"head":      {endorsed: func(_ *clienttest.World, m *pb.Endorsed) { m.Head.Signature = bytes.Clone(m.Signature) }, want: protocol.CodeBadSignature},
		"no head":   {endorsed: func(_ *clienttest.World, m *pb.Endorsed) { m.Head = nil }, want: protocol.CodeNotRegistered},
		"endorser is the peer": {endorsed: func(w *clienttest.World, m *pb.Endorsed) {
			m.Endorser = w.Peers[0].Member.Creator()
		}, want: protocol.CodeWrongEnclave},
		"endorser is another enclave": {endorsed: func(w *clienttest.World, m *pb.Endorsed) {
			m.Endorser, _ = protocol.EndorserIdentity("Org2MSP", w.Enclaves[1].Certificate)
		}, want: protocol.CodeWrongEnclave},
		"another proposal":  {payload: func(p *protocol.EndorsedPayload) { p.ProposalHash[0] ^= 1 }, want: protocol.CodeBadResponse},
		"another chaincode": {payload: func(p *protocol.EndorsedPayload) { p.Chaincode.ChaincodeId = "other" }, want: protocol.CodeWrongChaincode},
		"another version":   {payload: func(p *protocol.EndorsedPayload) { p.Chaincode.Version = "other" }, want: protocol.CodeWrongChaincode},
		"another key":       {payload: func(p *protocol.EndorsedPayload) { p.Result.ChaincodeEkId = make([]byte, 32) }, want: protocol.CodeUnknownKey},
		"generation":        {payload: func(p *protocol.EndorsedPayload) { p.Result.Generation = 2 }, want: protocol.CodeWrongGeneration},
		"request":           {payload: func(p *protocol.EndorsedPayload) { p.Result.RequestHash[0] ^= 1 }, want: protocol.CodeRequestHash},
		"answer":            {payload: func(p *protocol.EndorsedPayload) { p.Result.EncryptedResponse[0] ^= 1 }, want: protocol.CodeBadResponse},
		"exec":              {payload: func(p *protocol.EndorsedPayload) { p.Result.Exec[0] ^= 1 }, want: protocol.CodeBadResponse},
		"event":             {payload: func(p *protocol.EndorsedPayload) { p.Event.ChaincodeId = "other" }, want: protocol.CodeBadResponse},
		"foreign write":     {access: func(b *rwset.Builder) { b.Write("other", "k", []byte("v")) }, want: protocol.CodeBadResponse},
		"foreign read":      {access: func(b *rwset.Builder) { b.Read("other", "k", nil) }, want: protocol.CodeBadResponse},
		"private data":      {access: func(b *rwset.Builder) { b.PrivateWrite(clienttest.Chaincode, "c", "k", []byte("v")) }, want: protocol.CodeBadResponse},
		"reserved key":      {access: func(b *rwset.Builder) { b.Write(clienttest.Chaincode, protocol.ReservedPrefix+"x", []byte("v")) }, want: protocol.CodeReservedKey},
	} {
		t.Run(name, func(t *testing.T) {
			w := clienttest.NewFull(t)
			for _, e := range w.Enclaves[:2] {
				e.AlterPayload, e.Access = test.payload, test.access
				if test.endorsed != nil {
					e.AlterEndorsed = func(m *pb.Endorsed) { test.endorsed(w, m) }
				}
			}
			w.Enclaves = w.Enclaves[:2]
			w.ViewFull()
			contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
			_, err := contract.Evaluate(t.Context(), "echo")
			wantNotAttested(t, err, test.want)
			if name == "answer" || name == "exec" {
				return // a submitted answer is opened after its commit
			}
			_, err = contract.Submit(t.Context(), "echo")
			wantNotAttested(t, err, test.want)
			if n := w.Orderer.Committed(); n != 0 {
				t.Errorf("%d transactions committed, want none", n)
			}
		})
	}
}

// TestAttack08FullOneLiarIsPassedOver: where the others are enough, one
// organisation's peer or enclave cannot keep a call from being endorsed by lying
// about it, at the first attempt.
func TestAttack08FullOneLiarIsPassedOver(t *testing.T) {
	refusing := func(code protocol.Code) func(w *clienttest.World) {
		return func(w *clienttest.World) {
			w.Peers[0].Lie = func(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
				if string(p.Args()[0]) != protocol.FuncInvoke {
					return honest, nil
				}
				return &peer.ProposalResponse{Response: &peer.Response{Status: 500, Message: protocol.Errorf("INV-12", code, "made up").Error()}}, nil
			}
		}
	}
	for name, lie := range map[string]func(w *clienttest.World){
		"an altered endorsement": func(w *clienttest.World) {
			w.Enclaves[0].AlterEndorsed = func(m *pb.Endorsed) { m.Signature[10] ^= 1 }
		},
		"another result": func(w *clienttest.World) {
			w.Enclaves[0].AlterPayload = func(p *protocol.EndorsedPayload) { p.ReadWriteSet = nil }
		},
		"a frozen view": func(w *clienttest.World) {
			w.Changes, w.Enclaves[0].Height = []uint64{3, 10}, 9
		},
		"a made-up refusal of the key":  refusing(protocol.CodeUnknownKey),
		"a made-up refusal of the view": refusing(protocol.CodeStaleView),
	} {
		t.Run(name, func(t *testing.T) {
			w := clienttest.NewFull(t)
			lie(w)
			if _, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo"); err != nil {
				t.Fatal(err)
			}
			if n := w.Orderer.Committed(); n != 1 {
				t.Errorf("%d transactions committed, want one", n)
			}
			for i, p := range w.Peers {
				if n := invocations(t, p); n != 1 {
					t.Errorf("peer %d was asked %d times, want once", i+1, n)
				}
			}
		})
	}
}

// TestAttack09FullForeignRequest: a captured request opens under its creator only.
func TestAttack09FullForeignRequest(t *testing.T) {
	w := clienttest.NewFull(t)
	contract := w.Connect(w.Config()).Contract(clienttest.Chaincode)
	if _, err := contract.Evaluate(t.Context(), "echo", "secret"); err != nil {
		t.Fatal(err)
	}
	var ccreq []byte
	for _, p := range w.Peers {
		for _, signed := range p.Sent() {
			if proposal, err := envelope.UnpackProposal(signed); err == nil && string(proposal.Args()[0]) == protocol.FuncInvoke {
				ccreq = proposal.Args()[1]
			}
		}
	}
	mallory := w.Orgs[1].Client("mallory")
	proposal, _, err := envelope.NewProposal(envelope.Request{
		ChannelID: clienttest.ChannelID, Chaincode: clienttest.Chaincode, Creator: mallory.Creator(),
		Nonce: make([]byte, envelope.NonceSize), Args: protocol.InvokeArgs(ccreq), Timestamp: clienttest.Noon,
	})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := envelope.SignProposal(proposal, mallory)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := w.Peers[0].ProcessProposal(t.Context(), signed)
	if err != nil {
		t.Fatal(err)
	}
	if refused, ok := protocol.ParseError(answer.GetResponse().GetMessage()); !ok || refused.Code != protocol.CodeRequestRefused {
		t.Errorf("got %v, want a refusal with code %s", answer.GetResponse(), protocol.CodeRequestRefused)
	}
}

// TestAttack11FullEnclaveNotTrusted: what Full mode adds to the client's checks.
func TestAttack11FullEnclaveNotTrusted(t *testing.T) {
	for name, test := range map[string]struct {
		lie   func(w *clienttest.World, e *clienttest.Enclave)
		trust func(p *trust.Policy)
		want  protocol.Code
	}{
		"enclave of Lite mode": {lie: func(_ *clienttest.World, e *clienttest.Enclave) { e.Attested.LedgerCodeId = "" }, want: protocol.CodeWrongMode},
		"ledger enclave nobody approved": {lie: func(_ *clienttest.World, e *clienttest.Enclave) {
			e.Attested.LedgerCodeId = "sim:" + strings.Repeat("2e", 32)
		}, want: protocol.CodeWrongLedger},
		"ledger enclave in debug mode":     {lie: func(_ *clienttest.World, e *clienttest.Enclave) { e.Attested.LedgerDebug = true }, want: protocol.CodeWrongLedger},
		"ledger enclave of a foreign ERCC": {lie: func(_ *clienttest.World, e *clienttest.Enclave) { e.Attested.Registry = "mine" }, want: protocol.CodeWrongLedger},
		"ledger enclave not pinned":        {trust: func(p *trust.Policy) { p.LedgerCodeIDs = []string{"sim:" + strings.Repeat("3e", 32)} }, want: trust.CodeNotPinned},
		"ledger enclave below own TCB":     {trust: func(p *trust.Policy) { p.Attestation.Platforms["sim"] = attest.PlatformPolicy{MinTCB: 1} }, lie: func(_ *clienttest.World, e *clienttest.Enclave) { e.Attested.LedgerTcb = 0 }, want: protocol.CodeWrongLedger},
		"no certificate":                   {lie: func(_ *clienttest.World, e *clienttest.Enclave) { e.Certificate = nil }, want: protocol.CodeNotCertified},
		"certificate of a peer": {lie: func(w *clienttest.World, e *clienttest.Enclave) {
			e.Certificate = e.Certify(w.Orgs[0], fpctest.RolePeer, e.Unit())
		}, want: protocol.CodeWrongCertificate},
		"certificate of a CA of that name": {lie: func(_ *clienttest.World, e *clienttest.Enclave) {
			e.Certificate = e.Certify(fpctest.NewOrg(t, "Org1MSP"), fpctest.RoleClient, e.Unit())
		}, want: protocol.CodeWrongCertificate},
		"certificate for another chaincode": {lie: func(w *clienttest.World, e *clienttest.Enclave) {
			e.Certificate = e.Certify(w.Orgs[0], fpctest.RoleClient, "fpc-other")
		}, want: protocol.CodeWrongCertificate},
	} {
		t.Run(name, func(t *testing.T) {
			w := clienttest.NewFull(t)
			w.Enclaves = w.Enclaves[:1]
			if test.lie != nil {
				test.lie(w, w.Enclaves[0])
			}
			w.ViewFull()
			config := w.Config()
			if test.trust != nil {
				test.trust(&config.Trust)
			}
			_, err := w.Connect(config).Contract(clienttest.Chaincode).Submit(t.Context(), "echo")
			wantNotAttested(t, err, test.want)
			nothingSent(t, w)
		})
	}
}

// Each mode's answers are refused in the other.
func TestAnswersOfTheOtherMode(t *testing.T) {
	t.Run("replay offered in Full", func(t *testing.T) {
		w := clienttest.NewFull(t)
		for _, e := range w.Enclaves {
			e.Certificate = nil // from now on it answers as in Lite
		}
		_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Evaluate(t.Context(), "echo")
		wantNotAttested(t, err, protocol.CodeWrongMode)
	})
	t.Run("endorsement offered in Lite", func(t *testing.T) {
		w := clienttest.New(t, 3)
		w.Enclave.Height = 1
		w.Enclave.Certificate = w.Enclave.Certify(w.Orgs[0], fpctest.RoleClient, w.Enclave.Unit())
		_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Evaluate(t.Context(), "echo")
		wantNotAttested(t, err, protocol.CodeWrongMode)
	})
}
