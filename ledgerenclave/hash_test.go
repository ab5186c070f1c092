// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"bytes"
	"testing"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

// What is answered at a head knows nothing of the blocks above it.
func TestHashAtAView(t *testing.T) {
	w := newWorld(t)
	at, head := w.Height(), w.Status().GetHead()
	w.put("kv", "a", "1")
	for _, c := range []struct {
		name       string
		at, height uint64
		want       []byte
	}{
		{"the head's own", at, at, head.GetHash()},
		{"of a later block", at, at + 1, nil},
		{"of the newest", 0, at + 1, w.Status().GetHead().GetHash()},
		{"of a block that is not there", 0, at + 2, nil},
	} {
		got := w.ask(c.at, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Hash{Hash: &fpc.HashAsk{Height: c.height}}}).GetHash().GetHash()
		if !bytes.Equal(got, c.want) {
			t.Errorf("%s: got hash %x, want %x", c.name, got, c.want)
		}
	}
}
