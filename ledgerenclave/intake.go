// SPDX-License-Identifier: Apache-2.0

package ledgerenclave

import (
	"context"
	"crypto/sha256"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave/index"
	"github.com/privatechaincode/fpc/protocol"
)

// NextBlock takes the next block of the channel (next_block, VAL-8): it must link
// to the newest one and bear the orderers' signatures by the rule in force before
// it. Every verdict is computed anew; those in the block's metadata, a peer's
// claim, are not read. A block that is refused changes nothing.
//
// Codes: not_joined; of the block itself fabric/block's (malformed_block,
// wrong_data_hash, not_next_block, broken_link, no_signatures, bad_signatures).
// The following stop the ledger enclave for good: no_verdict, unknown_capability,
// tainted, ledger_full.
func (e *Enclave) NextBlock(ctx context.Context, req *fpc.NextBlockRequest) (*fpc.NextBlockResponse, error) {
	const step = "VAL-8"
	e.mu.Lock()
	defer e.mu.Unlock()
	l, err := e.joined(step)
	if err != nil {
		return nil, err
	}
	if stopped := l.stopped.Load(); stopped != nil {
		return nil, protocol.Errorf(step, protocol.Code(stopped.GetCode()), "the ledger enclave stopped at height %d: %s", l.index.Newest().Height(), stopped.GetReason())
	}
	blk, err := l.open(req.GetBlock())
	if err != nil {
		return nil, err
	}
	judged, err := l.judge(ctx, blk)
	if err != nil {
		return nil, l.stop(err)
	}
	view, err := l.index.Add(judged)
	if err != nil {
		code := protocol.CodeInternal
		if errors.Is(err, index.ErrFull) {
			code = CodeFull
		}
		return nil, l.stop(protocol.Errorf(step, code, "%w", err))
	}
	resp := &fpc.NextBlockResponse{Head: view.Head(), Transactions: uint32(len(judged.Result.Codes)), Tainted: judged.Tainted}
	for _, code := range judged.Result.Codes {
		if code == peer.TxValidationCode_VALID {
			resp.Valid++
		}
	}
	resp.Steps = []*fpc.Step{{Step: step, From: "ledger", To: "ledger", What: "verify and validate a block"}}
	return resp, nil
}

// open decodes a block and verifies that it is the channel's next one.
func (l *ledger) open(raw []byte) (*common.Block, error) {
	view := l.index.Newest()
	blk, err := block.Parse(raw)
	if err == nil {
		err = block.Check(blk, view.Header())
	}
	if err == nil {
		err = view.Bundle().VerifyBlock(blk)
	}
	if err == nil {
		return blk, nil
	}
	code := protocol.CodeMalformed
	var refused *block.Error
	if errors.As(err, &refused) {
		code = protocol.Code(refused.Code)
	}
	return nil, protocol.Errorf("VAL-8", code, "%w", err)
}

// judge computes the verdicts of a verified block. Its failures are final, unless
// ctx ended.
func (l *ledger) judge(ctx context.Context, blk *common.Block) (*index.Judged, error) {
	view := l.index.Newest()
	txs, payloads := check(ctx, blk.GetData().GetData(), view.Bundle())
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rules := validate.Rules{CouchDB: l.stateDatabase == CouchDB, Tainted: view.Tainted}
	result, err := rules.Finish(blk.GetHeader().GetNumber(), txs, view.Bundle(), view)
	if err != nil {
		return nil, protocol.Errorf("VAL-8", configCode(err, CodeNoVerdict), "%w", err)
	}
	writers := l.writers(view, result)
	judged := &index.Judged{
		Header: blk.GetHeader(), Result: result, Payloads: payloads, Bundle: view.Bundle(),
		ByEnclaves: writers.byEnclaves, Foreign: writers.foreign, Tainted: newlyTainted(view, result),
	}
	if result.Bundle != nil {
		judged.Bundle = result.Bundle
	}
	for _, namespace := range judged.Tainted {
		if l.needs(view, namespace) {
			return nil, protocol.Errorf("VAL-8", CodeTainted, "block %d changes %q by a transaction whose verdict only its own validation plugin knows", blk.GetHeader().GetNumber(), namespace).
				WithHint("commit a definition without that validation plugin, or do not call such a chaincode together with a private one")
		}
	}
	return judged, nil
}

// check makes the checks that need no state on all processors, and hashes what
// the endorsers signed.
func check(ctx context.Context, envelopes [][]byte, bundle *channel.Bundle) ([]*validate.Tx, [][sha256.Size]byte) {
	txs := make([]*validate.Tx, len(envelopes))
	payloads := make([][sha256.Size]byte, len(envelopes))
	var next atomic.Int64
	work := func() {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= len(envelopes) {
				return
			}
			txs[i] = validate.Check(envelopes[i], bundle)
			if txs[i].Payload != nil {
				payloads[i] = sha256.Sum256(txs[i].Payload)
			}
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(envelopes)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	return txs, payloads
}

// newlyTainted lists the namespaces that the block taints, sorted.
func newlyTainted(view *index.View, result *validate.Result) []string {
	var names []string
	for _, u := range result.Undecided {
		for _, namespace := range u.Namespaces {
			if !view.Tainted(namespace) {
				names = append(names, namespace)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// needs tells whether the ledger enclave is of no use once the namespace's state
// is unknown.
func (l *ledger) needs(view *index.View, namespace string) bool {
	return namespace == lifecycle.Namespace || namespace == l.registry ||
		l.sessions.Serves(namespace) && l.fullDefinition(view, namespace) != nil
}

// stop records why no further block is taken.
func (l *ledger) stop(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	l.stopped.Store(protocol.Failure(err))
	return err
}
