// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package attack

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest/liar"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// submit invokes a function.
func (w *World) submit(t testing.TB, function string, args ...string) {
	t.Helper()
	if _, err := w.contract.Submit(w.ctx, function, args...); err != nil {
		t.Fatalf("%s %q: %v", function, args, err)
	}
}

// reads wants an honest answer.
func (w *World) reads(t testing.TB, key, want string) {
	t.Helper()
	if got, err := w.contract.Evaluate(w.ctx, "ReadAsset", key); err != nil || !strings.Contains(string(got), want) {
		t.Errorf("asset %s: got %s, error %v; want %s in it", key, got, err, want)
	}
}

// propose signs a call in somebody's name.
func (w *World) propose(t testing.TB, by msp.Signer, function string, opts ...client.Option) *peer.SignedProposal {
	t.Helper()
	p, err := w.contract.NewProposal(w.ctx, function, append(slices.Clone(opts), client.WithCreator(by.Creator()))...)
	check(t, err)
	signature, err := by.Sign(p.Bytes())
	check(t, err)
	return &peer.SignedProposal{ProposalBytes: p.Bytes(), Signature: signature}
}

// ask sends a call to one organisation's peer alone and returns why it is refused.
func (w *World) ask(t testing.TB, org int, function string, opts ...client.Option) error {
	t.Helper()
	return w.send(org, w.propose(t, w.Orgs[2].Client, function, opts...))
}

func (w *World) send(org int, proposal *peer.SignedProposal) error {
	answer, err := w.Peer(org).ProcessProposal(w.ctx, proposal)
	if err != nil {
		return err
	}
	if r := answer.GetResponse(); r.GetStatus() >= 400 {
		return &fabric.RejectedError{Server: w.Orgs[org].MSPID, Status: r.GetStatus(), Message: r.GetMessage()}
	}
	return nil
}

// endorsed is a call that both enclaves endorsed, at a head that all peers have, and
// that nobody ordered.
func (w *World) endorsed(t testing.TB, by msp.Signer, function string, args ...string) *fabric.Transaction {
	t.Helper()
	c, err := w.Contract(Chaincode, deploy.Client{Signer: by, Pins: w.pins})
	check(t, err)
	for {
		p, err := c.NewProposal(w.ctx, function, client.WithArguments(args...), client.WithMinHeight(w.height(t)))
		check(t, err)
		v, err := p.Endorse(w.ctx)
		if err != nil && w.ctx.Err() == nil {
			continue // a peer was behind
		}
		check(t, err)
		tx, err := v.Endorse(w.ctx)
		check(t, err)
		return &fabric.Transaction{TxID: tx.TransactionID(), Payload: tx.Bytes()}
	}
}

// order has a transaction ordered and wants it to be valid at every peer.
func (w *World) order(t testing.TB, by msp.Signer, tx *fabric.Transaction) {
	t.Helper()
	if _, err := w.As(by).Order(w.ctx, tx); err != nil {
		t.Fatalf("transaction %.12s: %v", tx.TxID, err)
	}
}

// height is the number of blocks that all peers have, once they are level.
func (w *World) height(t testing.TB) uint64 {
	t.Helper()
	var highest uint64
	for {
		level := true
		for org := range w.Orgs {
			info, err := w.At(org, w.Orgs[org].Client).Info(w.ctx)
			check(t, err)
			level = level && (org == 0 || info.GetHeight() == highest)
			highest = max(highest, info.GetHeight())
		}
		if level {
			return highest
		}
	}
}

// unchanged tells whether nothing was committed since a height, and the key is what
// it was. All hosts are honest by then.
func (w *World) unchanged(t testing.TB, before uint64, key, want string) {
	t.Helper()
	if got := w.height(t); got != before {
		t.Errorf("got %d blocks, want %d as before", got, before)
	}
	w.reads(t, key, want)
}

// shown is the sealed value of a key, as the first organisation's peer answers it,
// once that has one, and another one than was.
func (w *World) shown(t testing.TB, key string, was []byte) []byte {
	t.Helper()
	var (
		mu   sync.Mutex
		seen []byte
	)
	w.Hosts.Lie(liar.Lies{Value: func(k string, value []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		if k == key {
			seen = slices.Clone(value)
		}
		return value
	}}, host1)
	defer w.Hosts.Lie(liar.Lies{})
	for {
		asked := w.ask(t, 0, "ReadAsset", client.WithArguments(key))
		mu.Lock()
		now := seen
		mu.Unlock()
		if len(now) > 0 && !bytes.Equal(now, was) {
			return now
		}
		if w.ctx.Err() != nil {
			t.Fatalf("no new value of %s is seen; the last answer was %v", key, asked)
		}
	}
}

// GoesOn wants the private chaincode to work, and its ledger enclave to be where the
// channel is, whatever stands in the blocks so far.
func (w *World) GoesOn(t *testing.T, key string) {
	t.Helper()
	w.submit(t, "CreateAsset", key, "ann", "blue", "7")
	w.submit(t, "UpdateAsset", key, "green", "8")
	w.reads(t, key, "green")
	height := w.height(t)
	if head, want := w.Ledger.Await(w.ctx, height), block.Hash(w.block(t, height-1).GetHeader()); !bytes.Equal(head.GetHash(), want) {
		t.Errorf("the ledger enclave's head is %x, the channel's %x", head.GetHash(), want)
	}
}
