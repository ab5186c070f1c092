// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"crypto/rand"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

const channelID = "mychannel"

var when = time.Unix(1_700_000_000, 0)

// scene is a channel of three organisations with its ledger.
type scene struct {
	t       testing.TB
	orgs    []*fpctest.Org
	orderer *fpctest.Org
	bundle  *channel.Bundle
	ledger  *ledger
	height  uint64
}

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{t: t, ledger: newLedger(), orderer: fpctest.NewOrg(t, "OrdererMSP")}
	p := channel.Profile{
		ChannelID: channelID, Timestamp: when, Nonce: nonce(t),
		Orderer: channel.OrdererOrg{Name: "OrdererOrg", MSP: s.orderer.Config(), Endpoints: []string{"localhost:7050"}},
		Raft:    &orderer.RaftConfigMetadata{},
	}
	for _, name := range []string{"Org1", "Org2", "Org3"} {
		o := fpctest.NewOrg(t, name+"MSP")
		s.orgs = append(s.orgs, o)
		p.Application = append(p.Application, channel.ApplicationOrg{Name: name, MSP: o.Config()})
	}
	genesis, err := p.Genesis()
	if err != nil {
		t.Fatal(err)
	}
	r, err := Genesis(genesis)
	if err != nil {
		t.Fatal(err)
	}
	s.bundle = r.Bundle
	s.commit(r)
	return s
}

func nonce(t testing.TB) []byte {
	b := make([]byte, envelope.NonceSize)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func (s *scene) commit(r *Result) {
	s.ledger.apply(r)
	if r.Bundle != nil {
		s.bundle = r.Bundle
	}
	s.height++
}

// judge judges the envelopes as the next block.
func (s *scene) judge(envelopes ...[]byte) (*Result, error) {
	b := &common.Block{Header: &common.BlockHeader{Number: s.height}, Data: &common.BlockData{Data: envelopes}}
	return Block(b, s.bundle, s.ledger)
}

// block judges and commits the envelopes as the next block.
func (s *scene) block(envelopes ...[]byte) *Result {
	s.t.Helper()
	r, err := s.judge(envelopes...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.commit(r)
	return r
}

// lifecycleWriter lets definitions be put into the ledger without transactions.
type lifecycleWriter struct{ s *scene }

func (w lifecycleWriter) GetState(key string) ([]byte, error) {
	return w.s.ledger.Value(lifecycle.Namespace, key)
}

func (w lifecycleWriter) PutState(key string, value []byte) error {
	w.s.ledger.put(lifecycle.Namespace, key, item{value: value, version: rwset.Version{Block: 1}})
	return nil
}

func (w lifecycleWriter) DelState(key string) error {
	delete(w.s.ledger.public[lifecycle.Namespace], key)
	return nil
}

// define commits a chaincode definition.
func (s *scene) define(d lifecycle.Definition) {
	s.t.Helper()
	if d.Version == "" {
		d.Version = "1.0"
	}
	if d.Sequence == 0 {
		d.Sequence = 1
	}
	if _, err := lifecycle.Commit(d, lifecycleWriter{s}, nil); err != nil {
		s.t.Fatal(err)
	}
}

// rule is a serialised application policy.
func rule(t testing.TB, text string) []byte {
	t.Helper()
	return marshal(t, &peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_SignaturePolicy{SignaturePolicy: parsed(t, text)}})
}

func parsed(t testing.TB, text string) *common.SignaturePolicyEnvelope {
	t.Helper()
	p, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// draft is an endorser transaction to be, and how it is spoilt.
type draft struct {
	chaincode string
	ran       string // default: chaincode
	version   string // default: 1.0; "-" for none
	set       rwset.Set
	rawSet    []byte // in place of set
	event     []byte
	endorsers []msp.Signer
	creator   msp.Signer
	nonce     []byte
	header    func(*common.ChannelHeader)  // before the endorsers sign
	endorsed  func(*peer.ProposalResponse) // after they signed
	payload   func(*common.Payload)        // before the creator signs
	envelope  func(*common.Envelope)       // after he signed
}

// writing is a draft that writes one key of a chaincode.
func (s *scene) writing(chaincode, key string, endorsers ...int) draft {
	return s.draft(chaincode, rwset.Namespace{
		Name: chaincode, Writes: []rwset.Write{{Key: key, Value: []byte("value")}},
	}, endorsers...)
}

// draft is a transaction of the first organisation's client, endorsed by peers
// of the organisations given by number from 1.
func (s *scene) draft(chaincode string, ns rwset.Namespace, endorsers ...int) draft {
	d := draft{chaincode: chaincode, set: rwset.Set{Namespaces: []rwset.Namespace{ns}}, creator: s.orgs[0].Client()}
	for _, i := range endorsers {
		d.endorsers = append(d.endorsers, s.orgs[i-1].Peer())
	}
	return d
}

// tx makes the serialised envelope.
func (s *scene) tx(d draft) []byte {
	s.t.Helper()
	if d.ran == "" {
		d.ran = d.chaincode
	}
	switch d.version {
	case "":
		d.version = "1.0"
	case "-":
		d.version = ""
	}
	if d.nonce == nil {
		d.nonce = nonce(s.t)
	}
	if d.rawSet == nil {
		raw, err := d.set.Marshal()
		if err != nil {
			s.t.Fatal(err)
		}
		d.rawSet = raw
	}
	proposal, _, err := envelope.NewProposal(envelope.Request{
		ChannelID: channelID, Chaincode: d.chaincode, Creator: d.creator.Creator(), Nonce: d.nonce,
		Args: [][]byte{[]byte("invoke")}, Timestamp: when,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	payload := s.payload(d, proposal)
	signature, err := d.creator.Sign(payload)
	if err != nil {
		s.t.Fatal(err)
	}
	env := &common.Envelope{Payload: payload, Signature: signature}
	if d.envelope != nil {
		d.envelope(env)
	}
	return marshal(s.t, env)
}

func (s *scene) payload(d draft, proposal *peer.Proposal) []byte {
	s.t.Helper()
	header := &common.Header{}
	unmarshal(s.t, proposal.Header, header)
	if d.header != nil {
		edit(s.t, &header.ChannelHeader, d.header)
		proposal.Header = marshal(s.t, header)
	}
	hash, err := envelope.ProposalHash(header, proposal.Payload)
	if err != nil {
		s.t.Fatal(err)
	}
	result, err := envelope.ResponsePayload(envelope.Result{
		ProposalHash: hash, ReadWriteSet: d.rawSet, Event: d.event, Response: &peer.Response{Status: 200},
		ChaincodeID: &peer.ChaincodeID{Name: d.ran, Version: d.version},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	var responses []*peer.ProposalResponse
	for _, e := range d.endorsers {
		endorsement, err := envelope.Endorse(result, e)
		if err != nil {
			s.t.Fatal(err)
		}
		r := &peer.ProposalResponse{Response: &peer.Response{Status: 200}, Payload: result, Endorsement: endorsement}
		if d.endorsed != nil {
			d.endorsed(r)
		}
		responses = append(responses, r)
	}
	raw, err := envelope.CreateTransaction(proposal, responses...)
	if err != nil {
		s.t.Fatal(err)
	}
	if d.payload != nil {
		edit(s.t, &raw, d.payload)
	}
	return raw
}

func unmarshal(t testing.TB, raw []byte, into proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

// edit changes a serialised message in place.
func edit[M any, P interface {
	*M
	proto.Message
}](t testing.TB, raw *[]byte, change func(P)) {
	t.Helper()
	m := P(new(M))
	unmarshal(t, *raw, m)
	change(m)
	*raw = marshal(t, m)
}

// action edits the one action of a payload's transaction.
func action(t testing.TB, change func(*peer.TransactionAction, *peer.ChaincodeActionPayload)) func(*common.Payload) {
	return func(p *common.Payload) {
		edit(t, &p.Data, func(tx *peer.Transaction) {
			a := tx.Actions[0]
			edit(t, &a.Payload, func(ap *peer.ChaincodeActionPayload) { change(a, ap) })
		})
	}
}

// wantCodes compares verdicts.
func wantCodes(t testing.TB, r *Result, want ...peer.TxValidationCode) {
	t.Helper()
	if len(r.Codes) != len(want) {
		t.Fatalf("got %d verdicts, want %d", len(r.Codes), len(want))
	}
	for i := range want {
		if r.Codes[i] != want[i] {
			t.Errorf("transaction %d: got %s (%v), want %s", i, r.Codes[i], r.Reasons[i], want[i])
		}
		if (r.Codes[i] == peer.TxValidationCode_VALID) != (r.Reasons[i] == nil) {
			t.Errorf("transaction %d: got %s with reason %v", i, r.Codes[i], r.Reasons[i])
		}
	}
}

func clientOf(name string) fpctest.Template {
	return fpctest.Template{Name: name, OUs: []string{fpctest.RoleClient}}
}

func expired(name string) fpctest.Template {
	t := clientOf(name)
	t.NotBefore, t.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(-time.Second)
	return t
}

// claiming is a member that says it is of another MSP.
func claiming(t testing.TB, mspID string, m *fpctest.Member) msp.Signer {
	t.Helper()
	signer, err := msp.NewSigner(mspID, m.CertPEM, m.Key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// setMSP replaces an organisation's MSP in the configuration without asking
// anybody.
func (s *scene) setMSP(org string, o *fpctest.Org) {
	s.t.Helper()
	config := proto.CloneOf(s.bundle.Config())
	config.ChannelGroup.Groups["Application"].Groups[org].Values["MSP"].Value = marshal(s.t, o.MSPConfig())
	bundle, err := channel.NewBundle(channelID, config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.bundle = bundle
}
