// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"testing"
	"time"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
)

// chainInfo says how a peer's answer in a head statement is made.
type chainInfo struct {
	nonce     []byte
	channel   string
	chaincode string
	args      []string
	endorser  msp.Signer
	height    uint64
	hash      []byte
	status    int32
	swap      bool // answer another proposal
	forge     bool // alter the payload after it was signed
}

func (w *world) chainInfo(nonce []byte, endorser msp.Signer, change ...func(*chainInfo)) *fpc.ChainInfo {
	w.t.Helper()
	c := chainInfo{
		nonce: nonce, channel: ledgertest.ChannelID, chaincode: "qscc", args: []string{"GetChainInfo", ledgertest.ChannelID},
		endorser: endorser, height: w.Height(), hash: block.Hash(w.Header), status: 200,
	}
	for _, f := range change {
		f(&c)
	}
	request := envelope.Request{
		ChannelID: c.channel, Chaincode: c.chaincode, Creator: w.Client(1).Creator(), Nonce: c.nonce, Timestamp: time.Unix(1_700_000_000, 0),
	}
	for _, arg := range c.args {
		request.Args = append(request.Args, []byte(arg))
	}
	proposal, _, err := envelope.NewProposal(request)
	if err != nil {
		w.t.Fatal(err)
	}
	signed, err := envelope.SignProposal(proposal, w.Client(1))
	if err != nil {
		w.t.Fatal(err)
	}
	unpacked, err := envelope.UnpackProposal(signed)
	if err != nil {
		w.t.Fatal(err)
	}
	if c.swap {
		unpacked.Hash[0] ^= 1
	}
	response := &peer.Response{Status: c.status, Payload: devtest.Marshal(w.t, &common.BlockchainInfo{Height: c.height, CurrentBlockHash: c.hash})}
	payload, err := envelope.ResponsePayload(envelope.Result{
		ProposalHash: unpacked.Hash, Response: response, ChaincodeID: &peer.ChaincodeID{Name: "qscc", Version: "syscc"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	endorsement, err := envelope.Endorse(payload, c.endorser)
	if err != nil {
		w.t.Fatal(err)
	}
	if c.forge {
		endorsement.Signature, err = c.endorser.Sign([]byte("something else"))
		if err != nil {
			w.t.Fatal(err)
		}
	}
	answer := &peer.ProposalResponse{Response: response, Payload: payload, Endorsement: endorsement}
	return &fpc.ChainInfo{SignedProposal: devtest.Marshal(w.t, signed), Response: devtest.Marshal(w.t, answer)}
}

func (w *world) statement(nonce []byte, infos ...*fpc.ChainInfo) *fpc.StatementReply {
	w.t.Helper()
	return w.ask(0, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Statement{Statement: &fpc.StatementAsk{Nonce: nonce, Infos: infos}}}).GetStatement()
}

func TestStatement(t *testing.T) {
	w := newWorld(t)
	w.put("kv", "a", "1")
	nonce := devtest.Nonce(t)
	before := func(c *chainInfo) { c.height, c.hash = 2, w.hashAt(2) }
	for _, c := range []struct {
		name  string
		infos []*fpc.ChainInfo
		want  uint64
	}{
		{"two of three", []*fpc.ChainInfo{w.chainInfo(nonce, w.Peer(1)), w.chainInfo(nonce, w.Peer(3))}, 3},
		{"one of them behind", []*fpc.ChainInfo{w.chainInfo(nonce, w.Peer(1), before), w.chainInfo(nonce, w.Peer(3))}, 2},
		{"the majority is not behind", []*fpc.ChainInfo{w.chainInfo(nonce, w.Peer(1)), w.chainInfo(nonce, w.Peer(2), before), w.chainInfo(nonce, w.Peer(3))}, 3},
		{"two peers of one organisation", []*fpc.ChainInfo{w.chainInfo(nonce, w.Peer(1), before), w.chainInfo(nonce, w.Peer(1)), w.chainInfo(nonce, w.Peer(2))}, 3},
	} {
		if r := w.statement(nonce, c.infos...); r.GetRefused() != nil || r.GetHeight() != c.want {
			t.Errorf("%s: got %v, want height %d", c.name, r, c.want)
		}
	}
}

// hashAt is the hash of the newest block of so many.
func (w *world) hashAt(height uint64) []byte {
	return block.Hash(parsed(w.t, w.Blocks[height-1]).GetHeader())
}

func TestAttack14RefusedStatements(t *testing.T) {
	w := newWorld(t)
	w.put("kv", "a", "1")
	stranger := fpctest.NewOrg(t, "Org2MSP")
	nonce, other := devtest.Nonce(t), devtest.Nonce(t)
	good := w.chainInfo(nonce, w.Peer(1))
	with := func(change ...func(*chainInfo)) []*fpc.ChainInfo {
		return []*fpc.ChainInfo{good, w.chainInfo(nonce, w.Peer(2), change...)}
	}
	for _, c := range []struct {
		name  string
		infos []*fpc.ChainInfo
		want  protocol.Code
	}{
		{"nobody", nil, ledgerenclave.CodeStatementFew},
		{"one organisation", []*fpc.ChainInfo{good}, ledgerenclave.CodeStatementFew},
		{"one organisation twice", []*fpc.ChainInfo{good, good, w.chainInfo(nonce, w.Peer(1))}, ledgerenclave.CodeStatementFew},
		{"an answer made for another statement", with(func(c *chainInfo) { c.nonce = other }), ledgerenclave.CodeStatementNonce},
		{"another channel's", with(func(c *chainInfo) { c.channel = "otherchannel" }), ledgerenclave.CodeStatementProposal},
		{"about another channel", with(func(c *chainInfo) { c.args[1] = "otherchannel" }), ledgerenclave.CodeStatementProposal},
		{"by another chaincode", with(func(c *chainInfo) { c.chaincode = "kv" }), ledgerenclave.CodeStatementProposal},
		{"of another function", with(func(c *chainInfo) { c.args[0] = "GetBlockByNumber" }), ledgerenclave.CodeStatementProposal},
		{"signed by a client", with(func(c *chainInfo) { c.endorser = w.Client(2) }), ledgerenclave.CodeStatementEndorser},
		{"signed by an orderer", with(func(c *chainInfo) { c.endorser = w.Orderer.Orderer() }), ledgerenclave.CodeStatementEndorser},
		{"signed by a peer of the orderers' organisation", with(func(c *chainInfo) { c.endorser = w.Orderer.Peer() }), ledgerenclave.CodeStatementEndorser},
		{"signed by a stranger who claims the MSP", with(func(c *chainInfo) { c.endorser = stranger.Peer() }), ledgerenclave.CodeStatementEndorser},
		{"a bad signature", with(func(c *chainInfo) { c.forge = true }), ledgerenclave.CodeStatementEndorser},
		{"an answer to another proposal", with(func(c *chainInfo) { c.swap = true }), ledgerenclave.CodeStatementEndorser},
		{"an error", with(func(c *chainInfo) { c.status = 404 }), ledgerenclave.CodeStatementEndorser},
		{"a peer that is ahead: the view is frozen", with(func(c *chainInfo) { c.height++ }), ledgerenclave.CodeStatementBehind},
		{"a peer on a fork", with(func(c *chainInfo) { c.hash = w.hashAt(2) }), ledgerenclave.CodeStatementFork},
		{"a peer without blocks", with(func(c *chainInfo) { c.height = 0 }), ledgerenclave.CodeStatementFork},
		{"garbage", []*fpc.ChainInfo{good, {SignedProposal: good.GetSignedProposal(), Response: []byte("garbage")}}, protocol.CodeMalformed},
		{"nothing in it", []*fpc.ChainInfo{good, {}}, ledgerenclave.CodeStatementProposal},
	} {
		r := w.statement(nonce, c.infos...)
		wantFailure(t, c.name, r.GetRefused(), c.want)
		if r.GetHeight() != 0 {
			t.Errorf("%s: got height %d beside the failure", c.name, r.GetHeight())
		}
	}
	wantFailure(t, "no nonce", w.statement(nil, good).GetRefused(), ledgerenclave.CodeStatementNonce)
}
