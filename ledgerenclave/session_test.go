// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"bytes"
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
	"github.com/privatechaincode/fpc/transport/session"
)

var verifiers = session.Verifiers{sim.Platform: sim.Verifier{}}

// session opens a session for a chaincode.
func (w *world) session(chaincode string) *session.Session {
	w.t.Helper()
	s, err := w.tryHandshake(chaincode)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// seal makes a request on a session.
func seal(t testing.TB, s *session.Session, m *fpc.LedgerRequest) *session.Call {
	t.Helper()
	body, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Seal(body)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func keyRequest(namespace, key string) *fpc.LedgerRequest {
	return &fpc.LedgerRequest{Asks: []*fpc.LedgerAsk{{Ask: &fpc.LedgerAsk_Keys{Keys: &fpc.KeysAsk{Namespace: namespace, Keys: []string{key}}}}}}
}

func TestSession(t *testing.T) {
	w := newWorld(t)
	w.put("kv", "a", "1")
	s := w.session("kv")
	if want := protocol.ManifestEntry(sim.Platform, platform(t, "ledger").CodeID()); s.Ledger().CodeID != want || s.Ledger().StateDatabase != ledgerenclave.LevelDB {
		t.Errorf("got %v, want code id %s", s.Ledger(), want)
	}
	call := seal(t, s, keyRequest("kv", "a"))
	frame, err := w.Ask(t.Context(), call.Frame())
	if err != nil {
		t.Fatal(err)
	}
	body, err := call.Open(frame)
	if err != nil {
		t.Fatal(err)
	}
	answer := &fpc.LedgerAnswer{}
	if err := proto.Unmarshal(body, answer); err != nil {
		t.Fatal(err)
	}
	if got := answer.GetReplies()[0].GetKeys().GetKeys()[0].GetValueHash(); string(got) != hashOf("1") {
		t.Errorf("got hash %x, want that of the value", got)
	}
	if !proto.Equal(answer.GetHead(), w.Status().GetHead()) {
		t.Errorf("got head %v, want %v", answer.GetHead(), w.Status().GetHead())
	}
	// A request that does not decode is answered on the session.
	call, err = s.Seal([]byte("garbage"))
	if err != nil {
		t.Fatal(err)
	}
	if frame, err = w.Ask(t.Context(), call.Frame()); err != nil {
		t.Fatal(err)
	}
	if body, err = call.Open(frame); err != nil {
		t.Fatal(err)
	}
	answer.Reset()
	if err := proto.Unmarshal(body, answer); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, "garbage", answer.GetFailure(), protocol.CodeMalformed)
}

func TestAttack16Session(t *testing.T) {
	w := newWorld(t)
	w.put("kv", "a", "1")
	s := w.session("kv")
	first, second := seal(t, s, keyRequest("kv", "a")), seal(t, s, keyRequest("kv", "a"))
	frame, err := w.Ask(t.Context(), first.Frame())
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Ask(t.Context(), first.Frame())
	wantCode(t, "a repeated request", err, session.CodeReplayed)
	altered := bytes.Clone(second.Frame())
	altered[len(altered)-1] ^= 1
	_, err = w.Ask(t.Context(), altered)
	wantCode(t, "an altered MAC", err, session.CodeBadMAC)
	if _, err := second.Open(frame); protocol.CodeOf(err) != session.CodeBadMAC {
		t.Errorf("an answer to another request: got %v, want code %s", err, session.CodeBadMAC)
	}
	_, err = w.Ask(t.Context(), []byte("garbage"))
	if err == nil {
		t.Error("garbage: got no error")
	}
	restarted := newEnclave(t, "ledger")
	w.join(restarted)
	_, err = restarted.Ask(t.Context(), second.Frame())
	wantCode(t, "after the ledger enclave's restart", err, session.CodeNoSession)
	_, err = newEnclave(t, "ledger").Ask(t.Context(), second.Frame())
	wantCode(t, "before it follows a channel", err, ledgerenclave.CodeNotJoined)
	if bytes.Equal(restarted.Status().GetInstanceId(), w.Status().GetInstanceId()) {
		t.Error("two starts have one instance id")
	}
	// A ledger enclave of another channel accepts no session of this one's.
	other := newWorld(t)
	w.Enclave = other.Enclave
	_, err = w.tryHandshake("kv")
	wantCode(t, "another channel's ledger enclave", err, protocol.CodeWrongChannel)
}

func TestHandle(t *testing.T) {
	w := newWorld(t)
	call := func(method string, request proto.Message, into proto.Message) error {
		t.Helper()
		var raw []byte
		if request != nil {
			raw = mustMarshal(t, request)
		}
		out, err := w.Handle(t.Context(), &transport.Call{Method: method, Request: raw})
		if err != nil {
			return err
		}
		return proto.Unmarshal(out, into)
	}
	status, joined := &fpc.LedgerStatus{}, &fpc.JoinResponse{}
	if err := call(ledgerenclave.MethodStatus, nil, status); err != nil || !proto.Equal(status, w.Status()) {
		t.Errorf("status: got %v, %v, want %v", status, err, w.Status())
	}
	if err := call(ledgerenclave.MethodChannelHash, nil, joined); err != nil || !bytes.Equal(joined.GetChannelHash(), w.Hash()) {
		t.Errorf("channel_hash: got %v, %v, want %x", joined, err, w.Hash())
	}
	raw, _ := w.Put("kv", "a", "1")
	taken := &fpc.NextBlockResponse{}
	if err := call(ledgerenclave.MethodNextBlock, &fpc.NextBlockRequest{Block: w.Block(raw)}, taken); err != nil || taken.GetValid() != 1 {
		t.Errorf("next_block: got %v, %v, want a valid transaction", taken, err)
	}
	checkpoint := &fpc.CheckpointResponse{}
	if err := call(ledgerenclave.MethodCheckpoint, &fpc.CheckpointRequest{}, checkpoint); err != nil || !checkpoint.GetLast() {
		t.Errorf("checkpoint: got last %t, %v, want the only part", checkpoint.GetLast(), err)
	}
	for method, request := range map[string]proto.Message{
		ledgerenclave.MethodJoinChannel: &fpc.JoinRequest{Genesis: w.Blocks[0]},
		ledgerenclave.MethodResume:      &fpc.ResumeRequest{Checkpoint: checkpoint.GetCheckpoint(), Last: true},
	} {
		wantCode(t, method, call(method, request, joined), ledgerenclave.CodeAlreadyJoined)
	}
	wantCode(t, "no method", call("invoke", nil, joined), protocol.CodeUnknownFunction)
	if _, err := w.Handle(t.Context(), &transport.Call{Method: ledgerenclave.MethodNextBlock, Request: []byte("garbage")}); err == nil {
		t.Error("garbage: got no error")
	}
	s := w.session("kv")
	c := seal(t, s, keyRequest("kv", "a"))
	frame, err := w.Handle(t.Context(), &transport.Call{Method: ledgerenclave.MethodAsk, Request: c.Frame()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(frame); err != nil {
		t.Error(err)
	}
}

// A host that gives up a block while it is judged changes nothing.
func TestCancelledBlock(t *testing.T) {
	w := newWorld(t)
	raw, _ := w.Put("kv", "a", "1")
	blk := w.Block(raw)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	unchanged := w.unchanged()
	if _, err := w.NextBlock(ctx, &fpc.NextBlockRequest{Block: blk}); err == nil {
		t.Error("got no error")
	}
	unchanged("cancelled")
	if stopped := w.Status().GetStopped(); stopped != nil {
		t.Errorf("got stopped: %v", stopped)
	}
	w.mustTake(blk)
}
