// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"testing"

	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

const (
	valid              = peer.TxValidationCode_VALID
	badPayload         = peer.TxValidationCode_BAD_PAYLOAD
	badHeader          = peer.TxValidationCode_BAD_COMMON_HEADER
	badCreator         = peer.TxValidationCode_BAD_CREATOR_SIGNATURE
	badTransaction     = peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION
	badConfig          = peer.TxValidationCode_INVALID_CONFIG_TRANSACTION
	unsupported        = peer.TxValidationCode_UNSUPPORTED_TX_PAYLOAD
	badTxID            = peer.TxValidationCode_BAD_PROPOSAL_TXID
	duplicate          = peer.TxValidationCode_DUPLICATE_TXID
	policyFailure      = peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE
	readConflict       = peer.TxValidationCode_MVCC_READ_CONFLICT
	badHeaderExtension = peer.TxValidationCode_BAD_HEADER_EXTENSION
	badResponse        = peer.TxValidationCode_BAD_RESPONSE_PAYLOAD
	badSet             = peer.TxValidationCode_BAD_RWSET
	illegalSet         = peer.TxValidationCode_ILLEGAL_WRITESET
	noChaincode        = peer.TxValidationCode_INVALID_CHAINCODE
	otherReason        = peer.TxValidationCode_INVALID_OTHER_REASON
)

// channelHeader spoils the channel header after the endorsers signed.
func channelHeader(t testing.TB, change func(*common.ChannelHeader)) func(*common.Payload) {
	return func(p *common.Payload) { edit(t, &p.Header.ChannelHeader, change) }
}

func signatureHeader(t testing.TB, change func(*common.SignatureHeader)) func(*common.Payload) {
	return func(p *common.Payload) { edit(t, &p.Header.SignatureHeader, change) }
}

// Every case is one valid transaction, spoilt in one place. The verdicts are
// those that real peers gave (e2e/realfabric), except where a comment says that
// peers cannot survive it.
func TestSpoiltTransactions(t *testing.T) {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "kv", ValidationParameter: rule(t, "OR('Org1MSP.peer')")})
	foreign := s.orderer.Issue(clientOf("stranger"))
	for _, c := range []struct {
		name  string
		spoil func(*draft)
		want  peer.TxValidationCode
	}{
		{"nothing", func(*draft) {}, valid},
		{"event", func(d *draft) { d.event = marshal(t, &peer.ChaincodeEvent{ChaincodeId: "kv"}) }, valid},
		{"proposer of another organisation", func(d *draft) { d.creator = s.orgs[2].Client() }, valid},

		{"payload garbage", func(d *draft) { d.envelope = func(e *common.Envelope) { e.Payload = []byte{0xff} } }, badPayload},
		{"no payload", func(d *draft) { d.envelope = func(e *common.Envelope) { e.Payload = nil } }, badHeader},
		{"no header", func(d *draft) { d.payload = func(p *common.Payload) { p.Header = nil } }, badHeader},
		{"header garbage", func(d *draft) { d.payload = func(p *common.Payload) { p.Header.ChannelHeader = []byte{0xff} } }, badHeader},
		{"type 77", func(d *draft) { d.payload = channelHeader(t, func(h *common.ChannelHeader) { h.Type = 77 }) }, badHeader},
		{"type MESSAGE", func(d *draft) { d.payload = channelHeader(t, func(h *common.ChannelHeader) { h.Type = 0 }) }, badHeader},
		{"epoch", func(d *draft) { d.payload = channelHeader(t, func(h *common.ChannelHeader) { h.Epoch = 1 }) }, badHeader},
		{"no nonce", func(d *draft) { d.payload = signatureHeader(t, func(h *common.SignatureHeader) { h.Nonce = nil }) }, badHeader},
		{"no creator", func(d *draft) { d.payload = signatureHeader(t, func(h *common.SignatureHeader) { h.Creator = nil }) }, badHeader},

		{"not signed", func(d *draft) { d.envelope = func(e *common.Envelope) { e.Signature = nil } }, badCreator},
		{"signature of something else", func(d *draft) { d.envelope = func(e *common.Envelope) { e.Payload = append(e.Payload, 0x1a, 0) } }, badCreator},
		{"creator nobody", func(d *draft) {
			d.payload = signatureHeader(t, func(h *common.SignatureHeader) { h.Creator = []byte("nobody") })
		}, badCreator},
		{"creator of a foreign CA", func(d *draft) { d.creator = claiming(t, "Org1MSP", foreign) }, badCreator},
		{"other channel", func(d *draft) { d.payload = channelHeader(t, func(h *common.ChannelHeader) { h.ChannelId = "other" }) }, badCreator},
		{"CONFIG_UPDATE", func(d *draft) { d.payload = channelHeader(t, func(h *common.ChannelHeader) { h.Type = 2 }) }, unsupported},
		{"CONFIG without data", func(d *draft) {
			d.payload = func(p *common.Payload) {
				channelHeader(t, func(h *common.ChannelHeader) { h.Type = 1 })(p)
				p.Data = nil
			}
		}, badConfig},

		{"transaction id", func(d *draft) { d.payload = channelHeader(t, func(h *common.ChannelHeader) { h.TxId = "abc" }) }, badTxID},
		{"no transaction id", func(d *draft) { d.payload = channelHeader(t, func(h *common.ChannelHeader) { h.TxId = "" }) }, badTxID},

		{"transaction garbage", func(d *draft) { d.payload = func(p *common.Payload) { p.Data = []byte{0xff} } }, badTransaction},
		{"no transaction", func(d *draft) { d.payload = func(p *common.Payload) { p.Data = nil } }, badTransaction},
		{"two actions", func(d *draft) {
			d.payload = func(p *common.Payload) {
				edit(t, &p.Data, func(tx *peer.Transaction) { tx.Actions = append(tx.Actions, tx.Actions[0]) })
			}
		}, badTransaction},
		{"action without result", func(d *draft) { // peers crash
			d.payload = action(t, func(_ *peer.TransactionAction, a *peer.ChaincodeActionPayload) { a.Action = nil })
		}, badTransaction},
		{"other proposal", func(d *draft) {
			d.payload = action(t, func(_ *peer.TransactionAction, a *peer.ChaincodeActionPayload) {
				a.ChaincodeProposalPayload = append(a.ChaincodeProposalPayload, 0x0a, 0)
			})
		}, badTransaction},
		{"no proposal payload", func(d *draft) {
			d.payload = action(t, func(_ *peer.TransactionAction, a *peer.ChaincodeActionPayload) { a.ChaincodeProposalPayload = nil })
		}, badTransaction},
		{"empty nonce in action", func(d *draft) {
			d.payload = action(t, func(a *peer.TransactionAction, _ *peer.ChaincodeActionPayload) {
				edit(t, &a.Header, func(h *common.SignatureHeader) { h.Nonce = nil })
			})
		}, badTransaction},

		{"extension garbage", func(d *draft) { d.header = func(h *common.ChannelHeader) { h.Extension = []byte{0xff} } }, badHeaderExtension},
		{"no extension", func(d *draft) { d.header = func(h *common.ChannelHeader) { h.Extension = nil } }, otherReason},
		{"response without action", func(d *draft) {
			d.payload = action(t, func(_ *peer.TransactionAction, a *peer.ChaincodeActionPayload) {
				edit(t, &a.Action.ProposalResponsePayload, func(p *peer.ProposalResponsePayload) { p.Extension = nil })
			})
		}, badResponse},
		{"set garbage", func(d *draft) { d.rawSet = []byte{0xff} }, badSet},
		{"no chaincode in result", func(d *draft) {
			d.payload = action(t, func(_ *peer.TransactionAction, a *peer.ChaincodeActionPayload) {
				edit(t, &a.Action.ProposalResponsePayload, func(p *peer.ProposalResponsePayload) {
					edit(t, &p.Extension, func(c *peer.ChaincodeAction) { c.ChaincodeId = nil })
				})
			})
		}, otherReason},
		{"empty chaincode name", func(d *draft) {
			d.header = func(h *common.ChannelHeader) {
				h.Extension = marshal(t, &peer.ChaincodeHeaderExtension{ChaincodeId: &peer.ChaincodeID{}})
			}
		}, noChaincode},
		{"another chaincode ran", func(d *draft) { d.ran = "other" }, noChaincode},
		{"no version", func(d *draft) { d.version = "-" }, noChaincode},
		{"event garbage", func(d *draft) { d.event = []byte{0xff} }, otherReason},
		{"event of another chaincode", func(d *draft) { d.event = marshal(t, &peer.ChaincodeEvent{ChaincodeId: "other"}) }, otherReason},
		{"namespace twice", func(d *draft) { d.set.Namespaces = append(d.set.Namespaces, d.set.Namespaces[0]) }, illegalSet},

		{"undefined chaincode", func(d *draft) { d.chaincode, d.set = "undefined", rwset.Set{} }, noChaincode},
		{"system chaincode", func(d *draft) { d.chaincode, d.set = "qscc", rwset.Set{} }, noChaincode},
		{"write to an undefined chaincode", alsoWriting("undefined"), noChaincode},
		{"write to no chaincode", alsoWriting(""), noChaincode},
		{"write to the lifecycle of Fabric 1", alsoWriting("lscc"), noChaincode},
		{"write to the lifecycle", alsoWriting("_lifecycle"), policyFailure},
		{"read of an undefined chaincode", func(d *draft) {
			d.set.Namespaces = append(d.set.Namespaces, rwset.Namespace{Name: "undefined", Reads: []rwset.Read{{Key: "k"}}})
		}, valid},
		{"no endorsement", func(d *draft) {
			d.payload = action(t, func(_ *peer.TransactionAction, a *peer.ChaincodeActionPayload) { a.Action.Endorsements = nil })
		}, policyFailure},
		{"endorsement signature", func(d *draft) { d.endorsed = func(r *peer.ProposalResponse) { r.Endorsement.Signature[9] ^= 1 } }, policyFailure},
		{"changed read/write set", func(d *draft) {
			d.payload = action(t, func(_ *peer.TransactionAction, a *peer.ChaincodeActionPayload) {
				edit(t, &a.Action.ProposalResponsePayload, func(p *peer.ProposalResponsePayload) {
					edit(t, &p.Extension, func(c *peer.ChaincodeAction) { c.Results = nil })
				})
			})
		}, policyFailure},
		{"endorsed by a client", func(d *draft) { d.endorsers = []msp.Signer{s.orgs[0].Client()} }, policyFailure},
		{"endorsed by another organisation", func(d *draft) { d.endorsers = []msp.Signer{s.orgs[1].Peer()} }, policyFailure},
		{"no endorsement and no write", func(d *draft) { // the invoked chaincode's policy is always asked
			d.set = rwset.Set{}
			d.endorsers = []msp.Signer{s.orgs[1].Peer()}
		}, policyFailure},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := s.writing("kv", "k", 1)
			c.spoil(&d)
			r, err := s.judge(s.tx(d))
			if err != nil {
				t.Fatal(err)
			}
			wantCodes(t, r, c.want)
			if c.want != valid && len(r.Updates)+len(r.Hashed) > 0 {
				t.Errorf("an invalid transaction changes the state: %v %v", r.Updates, r.Hashed)
			}
		})
	}
}

func alsoWriting(namespace string) func(*draft) {
	return func(d *draft) {
		d.set.Namespaces = append(d.set.Namespaces, rwset.Namespace{Name: namespace, Writes: []rwset.Write{{Key: "k", Value: []byte("v")}}})
	}
}

func TestUndecodableEnvelope(t *testing.T) {
	s := newScene(t)
	r, err := s.judge([]byte{0xff}, nil, []byte{})
	if err != nil {
		t.Fatal(err)
	}
	wantCodes(t, r, otherReason, badHeader, badHeader)
	if r.Txs[0].Type != -1 {
		t.Errorf("type of what does not decode: got %d, want -1", r.Txs[0].Type)
	}
}

// A certificate's end of life is no matter for validators, who have no clock; its
// revocation is.
func TestExpiredAndRevokedCreators(t *testing.T) {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "kv", ValidationParameter: rule(t, "OR('Org1MSP.peer')")})
	d := s.writing("kv", "k", 1)
	d.creator = s.orgs[0].Issue(expired("long gone"))
	wantCodes(t, s.block(s.tx(d)), valid)

	gone := s.orgs[0].Client("gone")
	d = s.writing("kv", "k", 1)
	d.creator = gone
	wantCodes(t, s.block(s.tx(d)), valid)
	s.orgs[0].Revoke(gone)
	s.setMSP("Org1", s.orgs[0])
	d.nonce = nil
	wantCodes(t, s.block(s.tx(d)), badCreator)
}

// TxIDs are what ledgers index, also for what is invalid.
func TestTxID(t *testing.T) {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "kv", ValidationParameter: rule(t, "OR('Org1MSP.peer')")})
	d := s.writing("kv", "k", 1)
	claimed := d
	claimed.payload = channelHeader(t, func(h *common.ChannelHeader) { h.TxId = "abc" })
	silent := d
	silent.nonce = nonce(t)
	silent.payload = channelHeader(t, func(h *common.ChannelHeader) { h.TxId = "" })
	honest := d
	honest.nonce = silent.nonce
	got := []string{
		Check(s.tx(claimed), s.bundle).TxID, Check(s.tx(silent), s.bundle).TxID, Check([]byte{0xff}, s.bundle).TxID,
	}
	want := []string{"abc", Check(s.tx(honest), s.bundle).TxID, ""}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("case %d: got %q, want %q", i, got[i], want[i])
		}
	}
}
