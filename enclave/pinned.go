// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"
	"context"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// question is for the peer and for the ledger enclave, who are asked at once.
// Either may be asked nothing.
type question struct {
	peer   *fpc.StateRequest
	ledger []*fpc.LedgerAsk
}

// answer is to a question: one reply of the ledger enclave to each of its asks.
type answer struct {
	peer   *fpc.StateResponse
	ledger []*fpc.LedgerReply
}

// pinned asks the ledger enclave at one head of the chain, which it takes when the
// proposal's creator is judged (INV-11) and keeps until it takes another one.
type pinned struct {
	ctx     context.Context
	link    *ledgerLink
	state   *state
	host    StateAccess
	creator []byte

	head // height 0: none yet
}

// pin takes a head, 0 for the newest, at which the creator is valid, not revoked
// and may propose. What the peer answered is returned with an error too: it is not
// asked again.
func (p *pinned) pin(at uint64, q question) (answer, error) {
	identity := &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Identity{Identity: &fpc.IdentityAsk{Identity: p.creator}}}
	a, taken, err := p.send(at, question{q.peer, append([]*fpc.LedgerAsk{identity}, q.ledger...)})
	if err != nil {
		return a, err
	}
	if refused := a.ledger[0].GetIdentity().GetRefused(); refused != nil {
		return a, fromFailure(refused)
	}
	p.head = taken
	a.ledger = a.ledger[1:]
	return a, nil
}

// ask asks at the head that was taken.
func (p *pinned) ask(q question) (answer, error) {
	a, at, err := p.send(p.height, q)
	if err == nil && !bytes.Equal(at.hash, p.hash) {
		err = protocol.Errorf(stepSession, CodeHiddenHead, "the ledger enclave's chain has another block %d than before", p.height-1)
	}
	return a, err
}

func (p *pinned) send(at uint64, q question) (answer, head, error) {
	resp, got, err := p.link.ask(p.ctx, p.state, p.host, q.peer, &fpc.LedgerRequest{At: at, Asks: q.ledger})
	return answer{resp, got.GetReplies()}, head{got.GetHead().GetHeight(), got.GetHead().GetHash()}, err
}
