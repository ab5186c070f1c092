// SPDX-License-Identifier: Apache-2.0

package orderer

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// full is a store that takes nothing more once the disk is full.
type full struct {
	kv.Store
	disk atomic.Bool
}

func (f *full) Commit(b *kv.Batch) error {
	if f.disk.Load() {
		return errors.New("no space left on device")
	}
	return f.Store.Commit(b)
}

// A channel whose block cannot be stored is halted, and the orderer says so.
func TestHealthOfAHaltedChannel(t *testing.T) {
	store := &full{Store: kv.NewMemory()}
	ch := devtest.NewChannel(t, "mychannel", 1, limits)
	b := newBench(t, ch, store, nil)
	if err := b.orderer.Health(); err != nil {
		t.Fatalf("at the start: got %v, want nothing", err)
	}
	store.disk.Store(true)
	for range limits.MaxMessages {
		b.broadcast(t, b.message(t, 1))
	}
	<-b.orderer.chain("mychannel").stopped
	if err := b.orderer.Health(); err == nil || !strings.Contains(err.Error(), "channel mychannel: orderer: chain has halted") {
		t.Errorf("disk full: got %v, want that the channel has halted", err)
	}
	if got := b.broadcast(t, b.message(t, 1))[0]; got.Status != common.Status_SERVICE_UNAVAILABLE {
		t.Errorf("broadcast: got %v, want SERVICE_UNAVAILABLE", got.Status)
	}
	if err := b.orderer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.orderer.Health(); err != nil {
		t.Errorf("closed: got %v, want nothing: that was meant", err)
	}
}
