// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package session

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// edit decodes a message, changes it and encodes it again.
func edit[M any, P interface {
	*M
	proto.Message
}](t *testing.T, raw []byte, change func(P),
) []byte {
	t.Helper()
	m := P(new(M))
	if err := proto.Unmarshal(raw, m); err != nil {
		t.Fatal(err)
	}
	change(m)
	out, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// flipped is the bytes with one bit changed.
func flipped(b []byte) []byte {
	out := append([]byte(nil), b...)
	out[len(out)/2] ^= 1
	return out
}

func TestAttack16ReplayedRequest(t *testing.T) {
	l := newLedger(t, ledgerConfig("first"))
	s := connect(t, l)
	calls := make([]*Call, Window+2)
	for i := range calls {
		calls[i] = seal(t, s, fmt.Sprint(i))
	}
	open := func(i int) error {
		_, err := l.Open(calls[i].Frame())
		return err
	}
	for _, i := range []int{1, 3, 2} { // within the window they may overtake one another
		if err := open(i); err != nil {
			t.Errorf("request %d: got %v, want it taken", i, err)
		}
		wantCode(t, fmt.Sprint("request ", i, " again"), open(i), CodeReplayed)
	}
	if err := open(len(calls) - 1); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "a request older than the window", open(0), CodeReplayed)
	wantCode(t, "one taken before, older than the window", open(1), CodeReplayed)
	if err := open(4); err != nil {
		t.Errorf("the oldest request of the window that was not taken: got %v, want it taken", err)
	}
}

func TestAttack16ReorderedAnswers(t *testing.T) {
	l := newLedger(t, ledgerConfig("first"))
	s, other := connect(t, l), connect(t, l)
	same := []*Call{seal(t, s, "same"), seal(t, s, "same")}
	foreign := seal(t, other, "same")
	answers := make([][]byte, 0, 3)
	for _, c := range append(same, foreign) {
		a, err := echo(l, c.Frame())
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	for name, answer := range map[string][]byte{
		"the other request's answer":       answers[1],
		"another session's answer":         answers[2],
		"the request itself":               same[0].Frame(),
		"the other's under this number":    edit(t, answers[1], func(f *fpc.SessionFrame) { f.Counter = 1 }),
		"another session's under this id":  edit(t, answers[2], func(f *fpc.SessionFrame) { id := s.ID(); f.Session = id[:] }),
		"the request with an answer's MAC": edit(t, same[0].Frame(), func(f *fpc.SessionFrame) { f.Mac = flipped(f.GetMac()) }),
	} {
		_, err := same[0].Open(answer)
		wantCode(t, name, err, CodeBadMAC)
	}
	if got, err := same[0].Open(answers[0]); err != nil || string(got) != "[same]" {
		t.Errorf("its own answer, after all others: got %q, %v", got, err)
	}
}

func TestAttack16AlteredFrame(t *testing.T) {
	l := newLedger(t, ledgerConfig("first"))
	s := connect(t, l)
	c := seal(t, s, "body")
	answer, err := echo(newLedgerWith(t, l), c.Frame())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*fpc.SessionFrame)
		code   protocol.Code // of a request; an answer's is bad_mac where the form is good
	}{
		{"session", func(f *fpc.SessionFrame) { f.Session = flipped(f.GetSession()) }, CodeNoSession},
		{"session too short", func(f *fpc.SessionFrame) { f.Session = f.GetSession()[1:] }, protocol.CodeMalformed},
		{"no session", func(f *fpc.SessionFrame) { f.Session = nil }, protocol.CodeMalformed},
		{"counter", func(f *fpc.SessionFrame) { f.Counter++ }, CodeBadMAC},
		{"counter 0", func(f *fpc.SessionFrame) { f.Counter = 0 }, CodeBadMAC},
		{"body", func(f *fpc.SessionFrame) { f.Body = flipped(f.GetBody()) }, CodeBadMAC},
		{"no body", func(f *fpc.SessionFrame) { f.Body = nil }, CodeBadMAC},
		{"body longer", func(f *fpc.SessionFrame) { f.Body = append(f.GetBody(), 0) }, CodeBadMAC},
		{"MAC", func(f *fpc.SessionFrame) { f.Mac = flipped(f.GetMac()) }, CodeBadMAC},
		{"MAC too short", func(f *fpc.SessionFrame) { f.Mac = f.GetMac()[1:] }, protocol.CodeMalformed},
		{"no MAC", func(f *fpc.SessionFrame) { f.Mac = nil }, protocol.CodeMalformed},
	} {
		_, err := l.Open(edit(t, c.Frame(), tc.change))
		wantCode(t, "request: "+tc.name, err, tc.code)
		want := tc.code
		if want == CodeNoSession {
			want = CodeBadMAC
		}
		_, err = c.Open(edit(t, answer, tc.change))
		wantCode(t, "answer: "+tc.name, err, want)
	}
	for i := range c.Frame() {
		for _, frame := range []struct {
			bytes []byte
			open  func([]byte) error
		}{
			{c.Frame(), func(b []byte) error { _, err := l.Open(b); return err }},
			{answer, func(b []byte) error { _, err := c.Open(b); return err }},
		} {
			altered := append([]byte(nil), frame.bytes...)
			altered[i] ^= 0x10
			if frame.open(altered) == nil {
				t.Errorf("a frame with byte %d altered was taken", i)
			}
		}
	}
	if _, err := l.Open(c.Frame()); err != nil {
		t.Errorf("the request itself, after all altered ones: got %v, want it taken", err)
	}
}

// newLedgerWith is a ledger enclave's end with the same sessions, whose windows
// are its own.
func newLedgerWith(t *testing.T, l *Ledger) *Ledger {
	t.Helper()
	twin := newLedger(t, l.config)
	for e := l.idle.Back(); e != nil; e = e.Prev() {
		s := e.Value.(*held)
		twin.keep(&held{schedule: s.schedule, values: s.values})
	}
	return twin
}
