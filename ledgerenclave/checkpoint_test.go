// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"bytes"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/protocol"
)

// smallParts makes checkpoints of many parts.
var smallParts = ledgerenclave.Limits{MaxPart: 512}

// parts takes a whole checkpoint.
func parts(t testing.TB, e *ledgerenclave.Enclave) [][]byte {
	t.Helper()
	var out [][]byte
	for {
		resp, err := e.Checkpoint(t.Context(), &fpc.CheckpointRequest{Part: uint32(len(out))})
		if err != nil {
			t.Fatal(err)
		}
		if out = append(out, resp.GetCheckpoint()); resp.GetLast() {
			return out
		}
	}
}

// resume hands over parts, the last one marked as such, and returns what came of
// the last or the first error.
func resume(t testing.TB, e *ledgerenclave.Enclave, parts [][]byte) (resp *fpc.ResumeResponse, err error) {
	t.Helper()
	for i, part := range parts {
		resp, err = e.Resume(t.Context(), &fpc.ResumeRequest{Checkpoint: part, Part: uint32(i), Last: i == len(parts)-1})
		if err != nil {
			return nil, err
		}
	}
	return resp, nil
}

// newSmallWorld is a world whose checkpoints have many parts.
func newSmallWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.Enclave = newEnclaveWith(t, "ledger", smallParts)
	w.join(w.Enclave)
	w.mustTake(w.Blocks[1])
	return w
}

func TestCheckpoint(t *testing.T) {
	w := newSmallWorld(t)
	var ids []string
	for i := range 10 {
		ids = append(ids, w.put("kv", fmt.Sprint("key ", i), fmt.Sprint("value ", i), "hot", fmt.Sprint(i)))
	}
	head := w.Status()
	first, err := w.Checkpoint(t.Context(), &fpc.CheckpointRequest{})
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := [][]byte{first.GetCheckpoint()}
	for last := first.GetLast(); !last; { // blocks come in meanwhile
		w.put("kv", fmt.Sprint("key ", len(checkpoint)), "later", "more", fmt.Sprint(len(checkpoint)))
		resp, err := w.Checkpoint(t.Context(), &fpc.CheckpointRequest{Part: uint32(len(checkpoint))})
		if err != nil {
			t.Fatal(err)
		}
		checkpoint, last = append(checkpoint, resp.GetCheckpoint()), resp.GetLast()
		if !proto.Equal(resp.GetHead(), head.GetHead()) {
			t.Fatalf("part %d is of head %v, want %v", len(checkpoint), resp.GetHead(), head.GetHead())
		}
	}
	if len(checkpoint) < 5 {
		t.Fatalf("got %d parts, want many", len(checkpoint))
	}
	second := newEnclave(t, "ledger")
	resp, err := resume(t, second, checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(resp.GetHead(), head.GetHead()) || !bytes.Equal(resp.GetChannelHash(), w.Hash()) ||
		resp.GetStateDatabase() != ledgerenclave.LevelDB || resp.GetRegistry() != protocol.ERCCName {
		t.Errorf("resumed: got %v, want the head %v", resp, head.GetHead())
	}
	if got := second.Status(); got.GetKeys() != head.GetKeys() || got.GetTransactions() != head.GetTransactions() {
		t.Errorf("resumed: got %v, want %v", got, head)
	}
	for _, raw := range w.Blocks[head.GetHead().GetHeight():] {
		if _, err := second.NextBlock(t.Context(), &fpc.NextBlockRequest{Block: raw}); err != nil {
			t.Fatal(err)
		}
	}
	request := &fpc.LedgerRequest{Asks: []*fpc.LedgerAsk{
		{Ask: &fpc.LedgerAsk_Range{Range: &fpc.RangeAsk{Namespace: "kv"}}},
		{Ask: &fpc.LedgerAsk_Range{Range: &fpc.RangeAsk{Namespace: "_lifecycle"}}},
		{Ask: &fpc.LedgerAsk_Transaction{Transaction: &fpc.TransactionAsk{TxId: ids[3]}}},
	}}
	for at := head.GetHead().GetHeight(); at <= w.Height(); at++ {
		request.At = at
		if got, want := second.Answer(request), w.Answer(request); got.GetFailure() != nil || !proto.Equal(got, want) {
			t.Errorf("at %d: the resumed enclave answers %v, the other %v", at, got, want)
		}
	}
	request.At = head.GetHead().GetHeight() - 1
	wantFailure(t, "a head before the checkpoint", second.Answer(request).GetFailure(), ledgerenclave.CodeStaleView)
}

func TestAttack15Checkpoints(t *testing.T) {
	w := newSmallWorld(t)
	w.put("kv", "a", "1")
	older := parts(t, w.Enclave)
	again := parts(t, w.Enclave)
	w.put("kv", "a", "2")
	newer := parts(t, w.Enclave)
	other := newSmallWorld(t)
	other.put("kv", "a", "1")
	foreign := parts(t, other.Enclave)
	with := func(parts [][]byte, at int, part []byte) [][]byte {
		out := append([][]byte{}, parts...)
		out[at] = part
		return out
	}
	last := len(older) - 1
	altered := func(change func(*fpc.SealedLedgerPart)) []byte {
		m := &fpc.SealedLedgerPart{}
		if err := proto.Unmarshal(older[1], m); err != nil {
			t.Fatal(err)
		}
		change(m)
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for _, c := range []struct {
		name  string
		parts [][]byte
		want  protocol.Code
	}{
		{"without its last part", older[:last], ledgerenclave.CodeCheckpointTruncated},
		{"a part cut short", with(older, 1, older[1][:len(older[1])-40]), ledgerenclave.CodeCheckpointTruncated},
		{"an empty part", with(older, 1, nil), ledgerenclave.CodeCheckpointTruncated},
		{"a part of a newer checkpoint", with(older, 1, newer[1]), ledgerenclave.CodeCheckpointOtherPart},
		{"a part of another checkpoint of the same head", with(older, 1, again[1]), ledgerenclave.CodeCheckpointOtherPart},
		{"a part of another channel's", with(older, 1, foreign[1]), ledgerenclave.CodeCheckpointOtherPart},
		{"the first part of another channel's", with(older, 0, foreign[0]), ledgerenclave.CodeCheckpointOtherPart},
		{"a part twice", with(older, 2, older[1]), ledgerenclave.CodeCheckpointOtherPart},
		{"without its first part", older[1:], ledgerenclave.CodeCheckpointOtherPart},
		{"a flipped bit", with(older, 1, altered(func(m *fpc.SealedLedgerPart) { m.Sealed[20] ^= 1 })), ledgerenclave.CodeCheckpointTampered},
		{"said to be the last", with(older, 1, altered(func(m *fpc.SealedLedgerPart) { m.Last = true })), ledgerenclave.CodeCheckpointTampered},
		{"said to be of another channel", with(older, 1, altered(func(m *fpc.SealedLedgerPart) { m.ChannelHash = other.Hash() })), ledgerenclave.CodeCheckpointTampered},
		{"said to be of the next version", with(older, 1, altered(func(m *fpc.SealedLedgerPart) { m.Version++ })), ledgerenclave.CodeCheckpointVersion},
		{"said to be of another platform", with(older, 1, altered(func(m *fpc.SealedLedgerPart) { m.Platform = "tdx" })), ledgerenclave.CodeCheckpointOtherPlatform},
		{"renumbered", with(older, 2, altered(func(m *fpc.SealedLedgerPart) { m.Part = 2 })), ledgerenclave.CodeCheckpointTampered},
	} {
		e := newEnclave(t, "ledger")
		_, err := resume(t, e, c.parts)
		wantCode(t, c.name, err, c.want)
		if e.Status().GetJoined() {
			t.Errorf("%s: the enclave follows the channel", c.name)
		}
		if _, err := resume(t, e, older); err != nil {
			t.Errorf("%s, then the whole checkpoint: %v", c.name, err)
		}
	}
	skipping := newEnclave(t, "ledger")
	if _, err := skipping.Resume(t.Context(), &fpc.ResumeRequest{Checkpoint: older[0]}); err != nil {
		t.Fatal(err)
	}
	_, err := skipping.Resume(t.Context(), &fpc.ResumeRequest{Checkpoint: older[2], Part: 2})
	wantCode(t, "a part left out", err, ledgerenclave.CodeCheckpointOtherPart)
	_, err = resume(t, newEnclave(t, "other code"), older)
	wantCode(t, "other code", err, ledgerenclave.CodeCheckpointOtherCode)
	unchanged := w.unchanged()
	_, err = resume(t, w.Enclave, older)
	wantCode(t, "an enclave that follows a channel", err, ledgerenclave.CodeAlreadyJoined)
	unchanged("an enclave that follows a channel")
	_, err = w.Checkpoint(t.Context(), &fpc.CheckpointRequest{Part: 3})
	wantCode(t, "a part of no checkpoint", err, ledgerenclave.CodeNoCheckpoint)
	_, err = newEnclave(t, "ledger").Checkpoint(t.Context(), &fpc.CheckpointRequest{})
	wantCode(t, "a checkpoint of nothing", err, ledgerenclave.CodeNotJoined)
}

// A checkpoint of a fork opens, as any of this code does; the channel's next block
// does not follow it.
func TestAttack15CheckpointOfAFork(t *testing.T) {
	w := newSmallWorld(t)
	w.put("kv", "a", "1")
	fork := newEnclave(t, "ledger")
	w.join(fork)
	for _, raw := range w.Blocks[1:] {
		if _, err := fork.NextBlock(t.Context(), &fpc.NextBlockRequest{Block: raw}); err != nil {
			t.Fatal(err)
		}
	}
	raw, _ := w.Put("kv", "a", "forked")
	if _, err := fork.NextBlock(t.Context(), &fpc.NextBlockRequest{Block: mustMarshal(t, w.Make(raw))}); err != nil {
		t.Fatal(err)
	}
	w.put("kv", "a", "2")
	w.put("kv", "a", "3")
	e := newEnclave(t, "ledger")
	if _, err := resume(t, e, parts(t, fork)); err != nil {
		t.Fatal(err)
	}
	_, err := e.NextBlock(t.Context(), &fpc.NextBlockRequest{Block: w.Blocks[len(w.Blocks)-1]})
	wantCode(t, "the real chain's next block", err, block.CodeLink)
}

func mustMarshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
