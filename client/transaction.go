// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Transaction is an endorsed validation, ready to be ordered (VAL-5). It is not
// safe for concurrent use.
type Transaction struct {
	signable
	validation *Validation
	endorsers  int
}

// Endorsers tells how many endorsements the transaction carries: of peers, or of
// enclaves in Full mode.
func (t *Transaction) Endorsers() int { return t.endorsers }

// TransactionID returns the id under which it is committed. The executed
// proposal has another one, which it consumes.
func (t *Transaction) TransactionID() string { return t.validation.txID }

// Submit hands the transaction to the orderer. Its commit is awaited at the
// enclave's own peer, so that the next call to that enclave sees it; ctx bounds
// that wait too.
func (t *Transaction) Submit(ctx context.Context) (*Commit, error) {
	config := t.network.config
	if config.Orderer == nil {
		return nil, errors.New("no orderer named; name one with -o")
	}
	if err := t.sign(); err != nil {
		return nil, err
	}
	watcher, err := t.watch(ctx)
	if err != nil {
		return nil, err
	}
	if err := config.Orderer.Broadcast(ctx, &common.Envelope{Payload: t.bytes, Signature: t.signature}); err != nil {
		watcher.Close()
		return nil, err
	}
	return &Commit{transaction: t, watcher: watcher}, nil
}

// watch begins to await the commit at the enclave's peer, or else at any other.
func (t *Transaction) watch(ctx context.Context) (Watcher, error) {
	config := t.network.config
	var failed []error
	for _, p := range append([]Peer{t.validation.host}, config.Peers...) {
		w, err := p.Watch(ctx, config.Pins.ChannelID(), t.TransactionID(), config.Signer, config.Now())
		if err == nil {
			return w, nil
		}
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}

// Commit is a transaction on its way into a block. It is not safe for concurrent
// use.
type Commit struct {
	transaction *Transaction
	watcher     Watcher
	status      *fabric.Status
}

// TransactionID returns the transaction's id.
func (c *Commit) TransactionID() string { return c.transaction.TransactionID() }

// Status waits for the commit and tells how the transaction stands in its block.
func (c *Commit) Status() (fabric.Status, error) {
	if c.status == nil {
		status, err := c.watcher.Wait()
		if err != nil {
			return fabric.Status{}, err
		}
		if status.Err() == nil {
			c.transaction.network.AtLeast(status.Block + 1)
		}
		c.status = &status
	}
	return *c.status, nil
}

// Result waits for the commit, and opens the chaincode's answer if the
// transaction is valid (INV-22); otherwise the error is a
// fabric.NotCommittedError.
func (c *Commit) Result() ([]byte, error) {
	status, err := c.Status()
	if err != nil {
		return nil, err
	}
	if err := status.Err(); err != nil {
		return nil, err
	}
	v := c.transaction.validation
	return v.proposal.open(v.answer)
}

// Close ends the wait.
func (c *Commit) Close() { c.watcher.Close() }
