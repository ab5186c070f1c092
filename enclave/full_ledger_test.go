// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport/session"
)

// otherLedger is a ledger enclave of the code that enclaves attested, which
// answers something else: as one of another make might.
type otherLedger struct {
	*ledgerenclave.Enclave
	sessions *session.Ledger
	alter    func(req *fpc.LedgerRequest, answer *fpc.LedgerAnswer) // nil: nothing
	raw      []byte                                                 // in place of an answer, if not nil
}

func newOtherLedger(t testing.TB, w *full.World, params ...guest.Params) *otherLedger {
	t.Helper()
	platform := w.Platform("ledger", "ledger host")
	var marshalled []byte
	for _, p := range params {
		marshalled = p.Marshal()
	}
	sessions, err := session.NewLedger(session.LedgerConfig{
		Attester: platform, Verifiers: full.Verifiers(), Params: marshalled, Values: &fpc.SessionValues{
			ChannelId: w.ID, ChannelHash: w.Hash(), Registry: protocol.ERCCName,
			LedgerCodeId:     protocol.ManifestEntry(platform.Name(), platform.CodeID()),
			LedgerInstanceId: make([]byte, 32), StateDatabase: ledgerenclave.LevelDB,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &otherLedger{Enclave: w.NewLedger("ledger"), sessions: sessions}
}

func (l *otherLedger) Session(_ context.Context, hello []byte) ([]byte, error) {
	return l.sessions.Accept(hello, time.Time{})
}

func (l *otherLedger) Ask(_ context.Context, frame []byte) ([]byte, error) {
	request, err := l.sessions.Open(frame)
	if err != nil {
		return nil, err
	}
	req := &fpc.LedgerRequest{}
	if err := proto.Unmarshal(request.Body(), req); err != nil {
		return nil, err
	}
	answer := l.Answer(req)
	if l.alter != nil {
		l.alter(req, answer)
	}
	body := l.raw
	if body == nil {
		if body, err = proto.Marshal(answer); err != nil {
			return nil, err
		}
	}
	return request.Reply(body)
}

// Authentic answers that do not fit their request: a run that got one ends with an
// error for the host, and nothing is signed.
func TestAttack16FullAnswersThatDoNotFit(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:a=1", "put:b=2")
	h := w.Hosts[0]
	other := newOtherLedger(t, w)
	h.Ledger = other
	h.Restart()
	// after makes the change to answers about the state only, not to the first one,
	// which pins the head.
	after := func(change func(*fpc.LedgerRequest, *fpc.LedgerAnswer)) func(*fpc.LedgerRequest, *fpc.LedgerAnswer) {
		return func(req *fpc.LedgerRequest, a *fpc.LedgerAnswer) {
			if ask := req.GetAsks()[0]; ask.GetKeys() != nil || ask.GetRange() != nil {
				change(req, a)
			}
		}
	}
	misfit := enclave.CodeLedgerAnswer
	for name, c := range map[string]struct {
		alter func(*fpc.LedgerRequest, *fpc.LedgerAnswer)
		want  protocol.Code
	}{
		"no reply":              {after(func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { a.Replies = nil }), misfit},
		"two replies":           {after(func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { a.Replies = append(a.Replies, a.Replies[0]) }), misfit},
		"no head":               {func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { a.Head = nil }, misfit},
		"a head without hash":   {func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { a.Head.Hash = nil }, misfit},
		"at another head":       {after(func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { a.Head.Height-- }), misfit},
		"on another chain":      {after(func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { a.Head.Hash[0] ^= 1 }), enclave.CodeHiddenHead},
		"a reply of no kind":    {after(func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { a.Replies[0].Reply = nil }), misfit},
		"a reply of other kind": {after(func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { a.Replies[0].Reply = &fpc.LedgerReply_Hash{} }), misfit},
		"about fewer keys":      {after(func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { a.Replies[0].GetKeys().Keys = nil }), misfit},
		"that it does not answer": {after(func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) {
			a.Failure = &fpc.Failure{Code: string(protocol.CodeStaleView), Reason: "no"}
		}), protocol.CodeStaleView},
	} {
		t.Run(name, func(t *testing.T) {
			other.alter = c.alter
			_, err := w.Ask("get:b", "get:a").Send(h)
			wantCode(t, name, err, c.want)
		})
	}
	rows := func(a *fpc.LedgerAnswer) []*fpc.RangeRow { return a.Replies[0].GetRange().GetRows() }
	for name, alter := range map[string]func(*fpc.LedgerRequest, *fpc.LedgerAnswer){
		"rows below the range":           func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { rows(a)[0].Key = "Z" },
		"rows above the range":           func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { rows(a)[1].Key = "z" },
		"rows out of order":              func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { r := rows(a); r[0], r[1] = r[1], r[0] },
		"a row of which it says nothing": func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) { rows(a)[0].Info = nil },
		"more, and no rows": func(_ *fpc.LedgerRequest, a *fpc.LedgerAnswer) {
			a.Replies[0].GetRange().Rows, a.Replies[0].GetRange().More = nil, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			other.alter = after(alter)
			a, err := w.Ask("get:b", "range:a..c").Send(h)
			wantSealedError(t, name, a, err, enclave.CodeLedgerAnswer)
		})
	}
	other.alter = nil
	wantPayload(t, "unaltered", w.Ask("get:a").MustSend(h), "a=1;")
}

// A ledger enclave that names, as the one at which peer and ledger agree, a head
// below what the run may go back to.
func TestAttack03FullAgreementBelowTheOldest(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:a=1")
	h := w.Hosts[0]
	other := newOtherLedger(t, w)
	h.Ledger = other
	h.Restart()
	other.alter = func(req *fpc.LedgerRequest, a *fpc.LedgerAnswer) {
		if req.GetAsks()[0].GetAgree() != nil {
			a.Replies[0].GetAgree().Found, a.Replies[0].GetAgree().Height = true, 1
		}
	}
	h.Lie = func(req *fpc.StateRequest, resp *fpc.StateResponse) error {
		if req.GetGet() != nil {
			resp.Values[0] = bytes.Repeat([]byte{1}, 100)
		}
		return nil
	}
	_, err := w.Ask("get:a").Send(h)
	wantCode(t, "an agreement at height 1", err, enclave.CodeLedgerAnswer)
}

// A host that turns its clock back cannot have evidence believed that was over when
// later evidence began; nor by starting the enclave anew.
func TestAttack16FullClockTurnedBack(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:a=1")
	h := w.Hosts[0]
	const noon = 1_700_000_000
	expired := guest.Params{NotBefore: 1, NotAfter: noon}
	send := func(now int64, validity guest.Params) error {
		h.Ledger = newOtherLedger(t, w, validity)
		h.Lie = func(req *fpc.StateRequest, resp *fpc.StateResponse) error {
			if req.GetOpenSession() != nil {
				resp.Time = now
			}
			return nil
		}
		_, err := w.Ask("get:a").Send(h)
		return err
	}
	wantCode(t, "in time", send(noon-1, expired), "")
	wantCode(t, "expired", send(noon+1, expired), session.CodeEvidence)
	wantCode(t, "expired, by a clock that lies", send(noon-1, expired), "")
	wantCode(t, "later evidence", send(noon+200, guest.Params{NotBefore: noon + 100, NotAfter: noon + 1000}), "")
	wantCode(t, "expired before that", send(noon-1, expired), session.CodeEvidence)
	if err := h.Install(h.Certificate()); err != nil { // seals
		t.Fatal(err)
	}
	h.Restart()
	wantCode(t, "expired before that, in a new process", send(noon-1, expired), session.CodeEvidence)
}

// Where host or ledger enclave fail during a run, nothing is sealed: the client is
// not told that the chaincode failed, and asks another enclave.
func TestHostThatFailsDuringARun(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:a=1")
	var many []string
	for i := range 150 { // the stub gives a hundred at a time
		many = append(many, fmt.Sprintf("put:r%03d=x", i))
	}
	w.Submit(many...)
	h := w.Hosts[0]
	for name, c := range map[string]struct {
		lie  func(req *fpc.StateRequest, resp *fpc.StateResponse) error
		want protocol.Code
	}{
		"the ledger enclave is gone": {func(req *fpc.StateRequest, resp *fpc.StateResponse) error {
			if req.GetGet() != nil {
				resp.Ledger, resp.LedgerFailed = nil, &fpc.Failure{Code: string(protocol.CodeLedgerUnreachable), Reason: "gone"}
			}
			return nil
		}, protocol.CodeLedgerUnreachable},
		"two values for a key": {func(req *fpc.StateRequest, resp *fpc.StateResponse) error {
			if req.GetGet() != nil {
				resp.Values = append(resp.Values, nil)
			}
			return nil
		}, enclave.CodeBadAnswer},
		"no rows, and more": {func(req *fpc.StateRequest, resp *fpc.StateResponse) error {
			if req.GetOpenRange() != nil {
				resp.Rows, resp.HasMore = nil, true
			}
			return nil
		}, enclave.CodeBadAnswer},
		"the next rows fail": {func(req *fpc.StateRequest, _ *fpc.StateResponse) error {
			if req.GetNextRows() != nil {
				return errors.New("no rows today")
			}
			return nil
		}, protocol.CodeLedgerUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			h.Lie = c.lie
			_, err := w.Ask("get:a", "range:r..s").Send(h)
			wantCode(t, name, err, c.want)
		})
	}
}

// FuzzOtherLedger feeds an enclave authentic answers of a ledger enclave of
// another make: an endorsement of what it cannot know, or a panic, never.
func FuzzOtherLedger(f *testing.F) {
	w := full.Start(f, script{})
	w.Submit("put:a=1", "put:b=2")
	h := w.Hosts[0]
	other := newOtherLedger(f, w)
	h.Ledger = other
	h.Restart()
	for _, seed := range []*fpc.LedgerRequest{
		{Asks: []*fpc.LedgerAsk{{Ask: &fpc.LedgerAsk_Keys{Keys: &fpc.KeysAsk{Namespace: full.Chaincode, Keys: []string{"a"}}}}}},
		{Asks: []*fpc.LedgerAsk{{Ask: &fpc.LedgerAsk_Range{Range: &fpc.RangeAsk{Namespace: full.Chaincode, Start: "a", End: "c", Limit: 1}}}}},
		{Asks: []*fpc.LedgerAsk{{Ask: &fpc.LedgerAsk_Agree{Agree: &fpc.AgreeAsk{Namespace: full.Chaincode}}}}},
		{Asks: []*fpc.LedgerAsk{{Ask: &fpc.LedgerAsk_Identity{Identity: &fpc.IdentityAsk{}}}}},
	} {
		f.Add(encode(f, other.Answer(seed)))
	}
	f.Add([]byte{})
	call := w.Ask("get:a", "range:a..c", "readpolicy:b")
	f.Fuzz(func(t *testing.T, answer []byte) {
		w.T = t
		pinned := false
		other.alter = func(req *fpc.LedgerRequest, _ *fpc.LedgerAnswer) {
			other.raw = nil
			if req.GetAsks()[0].GetIdentity() == nil || pinned {
				other.raw = answer
			}
			pinned = true
		}
		a, err := call.Send(h)
		if err != nil && protocol.CodeOf(err) == "" {
			t.Errorf("got %v, want an error with a code", err)
		}
		if err == nil && a.Endorsement != nil {
			t.Errorf("one answer for three reads: got an endorsement")
		}
	})
}
