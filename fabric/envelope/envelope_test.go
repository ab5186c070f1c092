// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// network is a client and two peers, and what they make together.
type network struct {
	manager  *msp.Manager
	client   *fpctest.Member
	peers    []*fpctest.Member
	proposal *peer.Proposal
	signed   *peer.SignedProposal
	txID     string
}

func newNetwork(t testing.TB) *network {
	t.Helper()
	one, two := fpctest.NewOrg(t, "Org1MSP"), fpctest.NewOrg(t, "Org2MSP")
	n := &network{manager: fpctest.NewManager(t, one, two), client: one.Client(), peers: []*fpctest.Member{one.Peer(), two.Peer()}}
	var err error
	n.proposal, n.txID, err = envelope.NewProposal(envelope.Request{
		ChannelID: "mychannel", Chaincode: "auction", Creator: n.client.Creator(), Nonce: bytes.Repeat([]byte{7}, envelope.NonceSize),
		Args: [][]byte{[]byte("bid"), []byte("100")}, Transient: map[string][]byte{"secret": []byte("s")}, Timestamp: at,
	})
	if err != nil {
		t.Fatal(err)
	}
	if n.signed, err = envelope.SignProposal(n.proposal, n.client); err != nil {
		t.Fatal(err)
	}
	return n
}

// respond endorses a result for the network's proposal.
func (n *network) respond(t testing.TB, endorser msp.Signer, result string) *peer.ProposalResponse {
	t.Helper()
	p, err := envelope.UnpackProposal(n.signed)
	if err != nil {
		t.Fatal(err)
	}
	response := &peer.Response{Status: 200, Payload: []byte(result)}
	payload, err := envelope.ResponsePayload(envelope.Result{
		ProposalHash: p.Hash, ReadWriteSet: []byte(result), Response: response, ChaincodeID: &peer.ChaincodeID{Name: "auction", Version: "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := envelope.Endorse(payload, endorser)
	if err != nil {
		t.Fatal(err)
	}
	return &peer.ProposalResponse{Version: 1, Response: response, Payload: payload, Endorsement: e}
}

// transaction is the network's proposal, endorsed by all peers and signed.
func (n *network) transaction(t testing.TB) *common.Envelope {
	t.Helper()
	var responses []*peer.ProposalResponse
	for _, p := range n.peers {
		responses = append(responses, n.respond(t, p, "result"))
	}
	payload, err := envelope.CreateTransaction(n.proposal, responses...)
	if err != nil {
		t.Fatal(err)
	}
	e, err := envelope.Sign(payload, n.client)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestProposal(t *testing.T) {
	n := newNetwork(t)
	p, err := envelope.UnpackProposal(n.signed)
	if err != nil {
		t.Fatal(err)
	}
	if p.ChannelID() != "mychannel" || p.Chaincode != "auction" || p.TxID() != n.txID || !p.Timestamp().Equal(at) ||
		!bytes.Equal(p.Creator(), n.client.Creator()) || len(p.Args()) != 2 || string(p.Transient["secret"]) != "s" {
		t.Errorf("got %+v", p)
	}
	if ids := policy.Identities([]policy.SignedData{p.SignedData()}, n.manager); len(ids) != 1 {
		t.Error("the creator's signature does not verify")
	}
	// The hash does not depend on transient data, and names header and input.
	header := &common.Header{}
	if err := proto.Unmarshal(n.proposal.GetHeader(), header); err != nil {
		t.Fatal(err)
	}
	visible, err := proto.Marshal(&peer.ChaincodeProposalPayload{Input: input(t, n.proposal)})
	if err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256(slices.Concat(header.GetChannelHeader(), header.GetSignatureHeader(), visible))
	if !bytes.Equal(p.Hash, want[:]) {
		t.Errorf("got proposal hash %x, want %x", p.Hash, want)
	}
	for _, payload := range [][]byte{n.proposal.GetPayload(), visible} {
		if got, err := envelope.ProposalHash(header, payload); err != nil || !bytes.Equal(got, want[:]) {
			t.Errorf("got proposal hash %x, %v, want %x", got, err, want)
		}
	}
}

func input(t *testing.T, p *peer.Proposal) []byte {
	t.Helper()
	payload := &peer.ChaincodeProposalPayload{}
	if err := proto.Unmarshal(p.GetPayload(), payload); err != nil {
		t.Fatal(err)
	}
	return payload.GetInput()
}

// parts are the decoded parts of a proposal, for tests that change one.
type parts struct {
	channel    common.ChannelHeader
	signature  common.SignatureHeader
	extension  peer.ChaincodeHeaderExtension
	invocation peer.ChaincodeInvocationSpec
	signed     []byte
	raw        func(p *peer.Proposal)
}

func (n *network) change(t *testing.T, f func(p *parts)) *peer.SignedProposal {
	t.Helper()
	p := &parts{signed: []byte("signature"), raw: func(*peer.Proposal) {}}
	header, payload := &common.Header{}, &peer.ChaincodeProposalPayload{}
	decode := func(raw []byte, m proto.Message) {
		if err := proto.Unmarshal(raw, m); err != nil {
			t.Fatal(err)
		}
	}
	encode := func(m proto.Message) []byte {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	decode(n.proposal.GetHeader(), header)
	decode(n.proposal.GetPayload(), payload)
	decode(header.GetChannelHeader(), &p.channel)
	decode(header.GetSignatureHeader(), &p.signature)
	decode(p.channel.GetExtension(), &p.extension)
	decode(payload.GetInput(), &p.invocation)
	f(p)
	if p.channel.Extension != nil {
		p.channel.Extension = encode(&p.extension)
	}
	proposal := &peer.Proposal{
		Header:  encode(&common.Header{ChannelHeader: encode(&p.channel), SignatureHeader: encode(&p.signature)}),
		Payload: encode(&peer.ChaincodeProposalPayload{Input: encode(&p.invocation)}),
	}
	p.raw(proposal)
	return &peer.SignedProposal{ProposalBytes: encode(proposal), Signature: p.signed}
}

func code(err error) string {
	var e *envelope.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return "no envelope.Error: " + err.Error()
	}
	return ""
}

func TestUnpackProposalRefuses(t *testing.T) {
	n := newNetwork(t)
	for _, c := range []struct {
		name string
		f    func(p *parts)
		want string
	}{
		{"nothing changed", func(*parts) {}, ""},
		{"type CONFIG", func(p *parts) { p.channel.Type = int32(common.HeaderType_CONFIG) }, ""},
		{"type MESSAGE", func(p *parts) { p.channel.Type = 0 }, envelope.CodeHeaderType},
		{"type CONFIG_UPDATE", func(p *parts) { p.channel.Type = int32(common.HeaderType_CONFIG_UPDATE) }, envelope.CodeHeaderType},
		{"epoch", func(p *parts) { p.channel.Epoch = 1 }, envelope.CodeEpoch},
		{"no nonce", func(p *parts) { p.signature.Nonce = nil }, envelope.CodeMissing},
		{"no creator", func(p *parts) { p.signature.Creator = nil }, envelope.CodeMissing},
		{"other nonce", func(p *parts) { p.signature.Nonce[0] ^= 1 }, envelope.CodeTxID},
		{"other creator", func(p *parts) { p.signature.Creator = n.peers[0].Creator() }, envelope.CodeTxID},
		{"upper-case id", func(p *parts) { p.channel.TxId = "A" + p.channel.TxId[1:] }, envelope.CodeTxID},
		{"no id", func(p *parts) { p.channel.TxId = "" }, envelope.CodeTxID},
		{"no signature", func(p *parts) { p.signed = nil }, envelope.CodeMissing},
		{"no extension", func(p *parts) { p.channel.Extension = nil }, envelope.CodeMissing},
		{"no chaincode", func(p *parts) { p.extension.ChaincodeId = nil }, envelope.CodeMissing},
		{"empty chaincode", func(p *parts) { p.extension.ChaincodeId.Name = "" }, envelope.CodeMissing},
		{"no spec", func(p *parts) { p.invocation.ChaincodeSpec = nil }, envelope.CodeMissing},
		{"no input", func(p *parts) { p.invocation.ChaincodeSpec.Input = nil }, envelope.CodeMissing},
		{"broken header", func(p *parts) { p.raw = func(m *peer.Proposal) { m.Header = []byte{0xff} } }, envelope.CodeMalformed},
		{"broken payload", func(p *parts) { p.raw = func(m *peer.Proposal) { m.Payload = []byte{0xff} } }, envelope.CodeMalformed},
	} {
		p, err := envelope.UnpackProposal(n.change(t, c.f))
		if got := code(err); got != c.want {
			t.Errorf("%s: got code %q (%v), want %q", c.name, got, err, c.want)
		}
		if (p == nil) != (err != nil) {
			t.Errorf("%s: got proposal %v beside error %v", c.name, p, err)
		}
	}
	if _, err := envelope.UnpackProposal(nil); code(err) != envelope.CodeMissing {
		t.Errorf("nil: got %v, want code %q", err, envelope.CodeMissing)
	}
}

func TestTransaction(t *testing.T) {
	n := newNetwork(t)
	opened, err := envelope.Open(n.transaction(t))
	if err != nil {
		t.Fatal(err)
	}
	tx, err := opened.Transaction()
	if err != nil {
		t.Fatal(err)
	}
	if tx.TxID != n.txID || tx.ChannelID() != "mychannel" || len(tx.Endorsements) != 2 {
		t.Errorf("got %+v", tx)
	}
	if bytes.Contains(opened.Envelope.GetPayload(), []byte("secret")) {
		t.Error("the transaction holds transient data")
	}
	if ids := policy.Identities(append(tx.Claims(), tx.SignedData()), n.manager); len(ids) != 3 {
		t.Errorf("%d of 3 signatures verify", len(ids))
	}
	spec, err := tx.Invocation()
	if err != nil || string(spec.GetInput().GetArgs()[1]) != "100" {
		t.Errorf("got %v, %v", spec, err)
	}
	result, err := tx.Result()
	if err != nil || string(result.ReadWriteSet) != "result" || result.ChaincodeID.GetVersion() != "1" {
		t.Errorf("got %+v, %v", result, err)
	}
	if id, err := tx.Chaincode(); err != nil || id.GetName() != "auction" {
		t.Errorf("got %v, %v", id, err)
	}
}

func TestCreateTransactionRefuses(t *testing.T) {
	n := newNetwork(t)
	good := n.respond(t, n.peers[0], "result")
	failed := proto.Clone(good).(*peer.ProposalResponse)
	failed.Response.Status = 500
	bare := proto.Clone(good).(*peer.ProposalResponse)
	bare.Endorsement = nil
	empty := proto.Clone(good).(*peer.ProposalResponse)
	empty.Payload = nil
	for _, c := range []struct {
		name      string
		responses []*peer.ProposalResponse
		want      string
	}{
		{"none", nil, envelope.CodeNoEndorsement},
		{"failed", []*peer.ProposalResponse{good, failed}, envelope.CodeNotSuccessful},
		{"not endorsed", []*peer.ProposalResponse{bare}, envelope.CodeNoEndorsement},
		{"no payload", []*peer.ProposalResponse{empty}, envelope.CodeMissing},
		{"nil", []*peer.ProposalResponse{nil}, envelope.CodeNotSuccessful},
		{"different", []*peer.ProposalResponse{good, n.respond(t, n.peers[1], "other")}, envelope.CodeDisagree},
	} {
		if _, err := envelope.CreateTransaction(n.proposal, c.responses...); code(err) != c.want {
			t.Errorf("%s: got %v, want code %q", c.name, err, c.want)
		}
	}
	payload, err := envelope.CreateTransaction(n.proposal, good, good, bare)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := envelope.OpenAny(&common.Envelope{Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	if tx, err := opened.Transaction(); err != nil || len(tx.Endorsements) != 1 {
		t.Errorf("an endorser who answers twice: got %+v, %v, want one endorsement", tx, err)
	}
}

// TestForeignSigner: nobody signs in another's name by mistake.
func TestForeignSigner(t *testing.T) {
	n := newNetwork(t)
	if _, err := envelope.SignProposal(n.proposal, n.peers[0]); code(err) != envelope.CodeForeignSigner {
		t.Errorf("proposal: got %v, want code %q", err, envelope.CodeForeignSigner)
	}
	if _, err := envelope.Sign(n.transaction(t).GetPayload(), n.peers[0]); code(err) != envelope.CodeForeignSigner {
		t.Errorf("transaction: got %v, want code %q", err, envelope.CodeForeignSigner)
	}
}

// TestVerdicts: each structural fault of a transaction is what a validator
// records for it.
func TestVerdicts(t *testing.T) {
	n := newNetwork(t)
	type pieces struct {
		header   *common.Header
		channel  common.ChannelHeader
		sig      common.SignatureHeader
		tx       peer.Transaction
		action   peer.ChaincodeActionPayload
		response peer.ProposalResponsePayload
		after    func(p *common.Payload)
	}
	build := func(f func(p *pieces)) *common.Envelope {
		opened, err := envelope.OpenAny(n.transaction(t))
		if err != nil {
			t.Fatal(err)
		}
		decode := func(raw []byte, m proto.Message) {
			if err := proto.Unmarshal(raw, m); err != nil {
				t.Fatal(err)
			}
		}
		encode := func(m proto.Message) []byte {
			b, err := proto.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		p := &pieces{header: opened.Payload.GetHeader(), after: func(*common.Payload) {}}
		decode(p.header.GetChannelHeader(), &p.channel)
		decode(p.header.GetSignatureHeader(), &p.sig)
		decode(opened.Payload.GetData(), &p.tx)
		decode(p.tx.Actions[0].Payload, &p.action)
		decode(p.action.Action.ProposalResponsePayload, &p.response)
		f(p)
		if p.action.Action != nil {
			p.action.Action.ProposalResponsePayload = encode(&p.response)
		}
		if len(p.tx.Actions) > 0 {
			p.tx.Actions[0].Payload = encode(&p.action)
		}
		payload := &common.Payload{Data: encode(&p.tx), Header: &common.Header{ChannelHeader: encode(&p.channel), SignatureHeader: encode(&p.sig)}}
		p.after(payload)
		return &common.Envelope{Payload: encode(payload), Signature: []byte("x")}
	}
	for _, c := range []struct {
		name string
		f    func(p *pieces)
		want peer.TxValidationCode
	}{
		{"nothing changed", func(*pieces) {}, peer.TxValidationCode_VALID},
		{"no header", func(p *pieces) { p.after = func(m *common.Payload) { m.Header = nil } }, peer.TxValidationCode_BAD_COMMON_HEADER},
		{"broken channel header", func(p *pieces) { p.after = func(m *common.Payload) { m.Header.ChannelHeader = []byte{0xff} } }, peer.TxValidationCode_BAD_COMMON_HEADER},
		{"broken signature header", func(p *pieces) { p.after = func(m *common.Payload) { m.Header.SignatureHeader = []byte{0xff} } }, peer.TxValidationCode_BAD_COMMON_HEADER},
		{"unknown type", func(p *pieces) { p.channel.Type = 99 }, peer.TxValidationCode_BAD_COMMON_HEADER},
		{"epoch", func(p *pieces) { p.channel.Epoch = 1 }, peer.TxValidationCode_BAD_COMMON_HEADER},
		{"no nonce", func(p *pieces) { p.sig.Nonce = nil }, peer.TxValidationCode_BAD_COMMON_HEADER},
		{"no creator", func(p *pieces) { p.sig.Creator = nil }, peer.TxValidationCode_BAD_COMMON_HEADER},
		{"configuration update", func(p *pieces) { p.channel.Type = int32(common.HeaderType_CONFIG_UPDATE) }, peer.TxValidationCode_UNSUPPORTED_TX_PAYLOAD},
		{"other id", func(p *pieces) { p.channel.TxId = "0" }, peer.TxValidationCode_BAD_PROPOSAL_TXID},
		{"other nonce", func(p *pieces) { p.sig.Nonce[0] ^= 1 }, peer.TxValidationCode_BAD_PROPOSAL_TXID},
		{"no data", func(p *pieces) { p.after = func(m *common.Payload) { m.Data = nil } }, peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION},
		{"broken data", func(p *pieces) { p.after = func(m *common.Payload) { m.Data = []byte{0xff} } }, peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION},
		{"no action", func(p *pieces) { p.tx.Actions = nil }, peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION},
		{"two actions", func(p *pieces) { p.tx.Actions = append(p.tx.Actions, p.tx.Actions[0]) }, peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION},
		{"no action header", func(p *pieces) { p.tx.Actions[0].Header = nil }, peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION},
		{"broken action header", func(p *pieces) { p.tx.Actions[0].Header = []byte{0xff} }, peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION},
		{"nothing endorsed", func(p *pieces) { p.action.Action = nil }, peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION},
		{"no proposal", func(p *pieces) { p.action.ChaincodeProposalPayload = nil }, peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION},
		{"other proposal", func(p *pieces) { p.response.ProposalHash[0] ^= 1 }, peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION},
		{"other channel header", func(p *pieces) { p.channel.ChannelId = "other" }, peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION},
		{"no chaincode action", func(p *pieces) { p.response.Extension = nil }, peer.TxValidationCode_BAD_RESPONSE_PAYLOAD},
		{"broken chaincode action", func(p *pieces) { p.response.Extension = []byte{0xff} }, peer.TxValidationCode_BAD_RESPONSE_PAYLOAD},
	} {
		if got, err := verdict(build(c.f)); got != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, got, err, c.want)
		}
	}
	if got, err := verdict(nil); got != peer.TxValidationCode_NIL_ENVELOPE {
		t.Errorf("nil: got %s (%v)", got, err)
	}
	if got, err := verdict(&common.Envelope{Payload: []byte{0xff}}); got != peer.TxValidationCode_BAD_PAYLOAD {
		t.Errorf("broken payload: got %s (%v)", got, err)
	}
}

// verdict takes an envelope apart to the end and returns the first fault.
func verdict(e *common.Envelope) (peer.TxValidationCode, error) {
	opened, err := envelope.Open(e)
	if err == nil {
		var tx *envelope.Transaction
		if tx, err = opened.Transaction(); err == nil {
			_, err = tx.Result()
		}
	}
	var fault *envelope.Error
	if errors.As(err, &fault) {
		return fault.Validation, err
	}
	return peer.TxValidationCode_VALID, err
}

func TestNewSigned(t *testing.T) {
	n := newNetwork(t)
	seek := &orderer.SeekInfo{Behavior: orderer.SeekInfo_FAIL_IF_NOT_READY}
	e, err := envelope.NewSigned(envelope.Message{
		Type: common.HeaderType_DELIVER_SEEK_INFO, ChannelID: "mychannel", Timestamp: at, TLSCertHash: []byte("hash"), Data: seek,
	}, n.client)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := envelope.Open(e); code(err) != envelope.CodeHeaderType {
		t.Errorf("a Deliver request opens as a transaction: %v", err)
	}
	opened, err := envelope.OpenAny(e)
	if err != nil {
		t.Fatal(err)
	}
	got := &orderer.SeekInfo{}
	if err := proto.Unmarshal(opened.Payload.GetData(), got); err != nil || !proto.Equal(got, seek) {
		t.Errorf("got %v, %v, want %v", got, err, seek)
	}
	if string(opened.Channel.GetTlsCertHash()) != "hash" || !opened.Timestamp().Equal(at) {
		t.Errorf("got header %v", opened.Channel)
	}
	if ids := policy.Identities([]policy.SignedData{opened.SignedData()}, n.manager); len(ids) != 1 {
		t.Error("the signature does not verify")
	}
	if _, err := opened.Transaction(); code(err) != envelope.CodeWrongType {
		t.Errorf("got %v, want code %q", err, envelope.CodeWrongType)
	}
	unsigned, err := envelope.NewSigned(envelope.Message{Type: common.HeaderType_CONFIG, Data: seek}, nil)
	if err != nil || len(unsigned.GetSignature()) != 0 {
		t.Errorf("got %v, %v, want no signature", unsigned, err)
	}
}

func TestNewProposalRefuses(t *testing.T) {
	good := envelope.Request{Chaincode: "a", Creator: []byte("c"), Nonce: []byte("n")}
	for name, f := range map[string]func(r *envelope.Request){
		"no chaincode": func(r *envelope.Request) { r.Chaincode = "" },
		"no creator":   func(r *envelope.Request) { r.Creator = nil },
		"no nonce":     func(r *envelope.Request) { r.Nonce = nil },
		"not UTF-8":    func(r *envelope.Request) { r.ChannelID = "\xff" },
	} {
		r := good
		f(&r)
		if _, _, err := envelope.NewProposal(r); code(err) != envelope.CodeRequest {
			t.Errorf("%s: got %v, want code %q", name, err, envelope.CodeRequest)
		}
	}
	if _, _, err := envelope.NewProposal(good); err != nil {
		t.Error(err)
	}
}

// FuzzUnpackProposal: no bytes make it panic; failures are typed; what unpacks has
// a transaction id that is the hash of nonce and creator.
func FuzzUnpackProposal(f *testing.F) {
	n := newNetwork(f)
	f.Add(n.signed.GetProposalBytes(), n.signed.GetSignature())
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, raw, signature []byte) {
		p, err := envelope.UnpackProposal(&peer.SignedProposal{ProposalBytes: raw, Signature: signature})
		if err != nil {
			if code(err) == "" || p != nil {
				t.Fatalf("got %v beside %v", p, err)
			}
			return
		}
		if p.TxID() != envelope.TxID(p.Signature.GetNonce(), p.Creator()) || p.Chaincode == "" || len(p.Hash) != sha256.Size {
			t.Fatalf("got %+v", p)
		}
	})
}

// FuzzOpen: no bytes make it panic; failures are typed and carry a verdict.
func FuzzOpen(f *testing.F) {
	n := newNetwork(f)
	f.Add(n.transaction(f).GetPayload())
	f.Fuzz(func(t *testing.T, payload []byte) {
		opened, err := envelope.Open(&common.Envelope{Payload: payload})
		if err == nil {
			var tx *envelope.Transaction
			if tx, err = opened.Transaction(); err == nil {
				_, _ = tx.Invocation()
				_, _ = tx.Chaincode()
				_ = tx.Claims()
				_, err = tx.Result()
			}
		}
		var fault *envelope.Error
		if err != nil && (!errors.As(err, &fault) || fault.Validation == peer.TxValidationCode_VALID) {
			t.Fatalf("got %v without a verdict", err)
		}
	})
}
