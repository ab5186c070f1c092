// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"bytes"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

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
