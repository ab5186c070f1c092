// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package client_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

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
		"signature": {endorsed: func(_ *clienttest.World, m *pb.Endorsed) { m.Signature[10] ^= 1 }, want: protocol.CodeBadSignature},
		"head": {endorsed: func(_ *clienttest.World, m *pb.Endorsed) {
			head := &pb.HeadUsed{}
			_ = proto.Unmarshal(m.Head, head) // the enclave's own
			head.Height += 5
			m.Head, _ = proto.Marshal(head)
		}, want: protocol.CodeBadSignature},
		"its MAC": {endorsed: func(_ *clienttest.World, m *pb.Endorsed) { m.HeadMac[10] ^= 1 }, want: protocol.CodeBadSignature},
		"no head": {endorsed: func(_ *clienttest.World, m *pb.Endorsed) { m.Head = nil }, want: protocol.CodeNotRegistered},
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
		"event elsewhere":   {payload: func(p *protocol.EndorsedPayload) { p.Event.TxId = strings.Repeat("ab", 32) }, want: protocol.CodeBadResponse},
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

// An answer need not come with an event.
func TestFullAnswerWithoutEvent(t *testing.T) {
	w := clienttest.NewFull(t)
	for _, e := range w.Enclaves {
		e.AlterPayload = func(p *protocol.EndorsedPayload) { p.Event = nil }
	}
	if _, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo"); err != nil {
		t.Errorf("submit: got error %v, want none", err)
	}
	if n := w.Orderer.Committed(); n != 1 {
		t.Errorf("%d transactions committed, want one", n)
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

// TestAttack11FullEnclaveAnswersForAnother: a peer cannot pass another organisation's
// enclave's answer off as that of its own.
func TestAttack11FullEnclaveAnswersForAnother(t *testing.T) {
	w := clienttest.NewFull(t)
	for _, i := range []int{0, 2} {
		w.Peers[i].Lie = func(p *envelope.Proposal, honest *peer.ProposalResponse) (*peer.ProposalResponse, error) {
			if string(p.Args()[0]) != protocol.FuncInvoke {
				return honest, nil
			}
			payload, err := w.Enclaves[1].Invoke(p)
			return w.Peers[i].Endorse(p, clienttest.Chaincode, payload), err
		}
	}
	_, err := w.Connect(w.Config()).Contract(clienttest.Chaincode).Submit(t.Context(), "echo")
	wantNotAttested(t, err, protocol.CodeWrongEnclave)
	if n := w.Orderer.Committed(); n != 0 {
		t.Errorf("%d transactions committed, want none", n)
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
