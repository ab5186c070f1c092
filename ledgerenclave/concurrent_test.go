// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"fmt"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

// Asks are answered alike at a head, and checkpoints are whole, while blocks come
// in.
func TestAsksAndCheckpointsWhileBlocksComeIn(t *testing.T) {
	w := newSmallWorld(t)
	w.put("kv", "hot", "0", "cold", "0")
	at := w.Height()
	request := &fpc.LedgerRequest{At: at, Asks: []*fpc.LedgerAsk{
		{Ask: &fpc.LedgerAsk_Range{Range: &fpc.RangeAsk{Namespace: "kv"}}},
		{Ask: &fpc.LedgerAsk_Transaction{Transaction: &fpc.TransactionAsk{TxId: "nobody's"}}},
		{Ask: &fpc.LedgerAsk_Identity{Identity: &fpc.IdentityAsk{Identity: w.Client(2).Creator()}}},
	}}
	want := w.Answer(request)
	var blocks [][]byte
	for i := range 30 {
		raw, _ := w.Put("kv", "hot", fmt.Sprint(i), fmt.Sprint("key", i), "new")
		blocks = append(blocks, w.Block(raw))
	}
	done := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if got := w.Answer(request); !proto.Equal(got, want) {
				t.Errorf("at %d: got %v, want %v", at, got, want)
				return
			}
			w.Answer(keyRequest("kv", "hot"))
			w.Status()
		}
	})
	others.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, err := resume(t, newEnclave(t, "ledger"), parts(t, w.Enclave)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for _, raw := range blocks {
		if _, err := w.take(raw); err != nil {
			t.Error(err)
		}
	}
	close(done)
	others.Wait()
	if got := w.Status(); got.GetHead().GetHeight() != at+30 || got.GetStopped() != nil {
		t.Errorf("in the end: got %v, want height %d", got, at+30)
	}
}
