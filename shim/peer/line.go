// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

var (
	errDraining = errors.New("the chaincode is shutting down")
	errBusy     = errors.New("too many transactions at a time")
	errAnew     = fmt.Errorf("%w: the peer started it anew", ErrEnded)
)

// txKey names a transaction on a stream: in a call from chaincode to chaincode
// one transaction id occurs on two channels.
type txKey struct{ channel, txID string }

func keyOf(m *message) txKey { return txKey{m.GetChannelId(), m.GetTxid()} }

// line carries the requests of one transaction. The peer takes one at a time
// and drops others without a word, so each waits for its turn and for its
// answer. A line outlives its transaction when the peer gave that up and
// started it anew while a request was under way: the answer to it must not
// become the answer to another.
type line struct {
	turn    chan struct{}
	answers chan *message

	// Guarded by session.mu.
	waiting bool
	users   int
	current *transaction
}

// transaction is one run of the chaincode.
type transaction struct {
	session *session
	line    *line
	key     txKey
	ctx     context.Context
	cancel  context.CancelCauseFunc
}

// begin makes a transaction; an older one of the same name ends.
func (s *session) begin(key txKey) (*transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.draining:
		return nil, errDraining
	case s.running >= s.options.MaxTransactions:
		return nil, errBusy
	}
	l := s.lines[key]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1), answers: make(chan *message, 1)}
		s.lines[key] = l
	}
	if l.current != nil {
		l.current.cancel(errAnew)
	}
	t := &transaction{session: s, line: l, key: key}
	t.ctx, t.cancel = context.WithCancelCause(s.ctx)
	l.current = t
	l.users++
	s.running++
	return t, nil
}

// finish ends a transaction once no request of it is under way, and tells
// whether the peer still waits for its result.
func (t *transaction) finish() bool {
	wanted := t.ctx.Err() == nil
	t.cancel(ErrEnded)
	select {
	case t.line.turn <- struct{}{}:
		<-t.line.turn
	case <-t.session.ctx.Done():
	}
	s := t.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.line.current == t {
		t.line.current = nil
	}
	if t.line.users--; t.line.users == 0 {
		delete(s.lines, t.key)
	}
	return wanted
}

// left counts a transaction out, after its result was sent.
func (s *session) left() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running--; s.running == 0 && s.draining {
		close(s.idle)
	}
}

// deliver hands an answer to the request that waits for it.
func (s *session) deliver(m *message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[keyOf(m)]
	if l == nil || !l.waiting {
		s.options.Log.Warn("the peer answered what nobody asked", "type", m.GetType().String(), "tx", m.GetTxid())
		return
	}
	l.waiting = false
	l.answers <- m
}

func (s *session) setWaiting(l *line, waiting bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.waiting = waiting
}

// ask sends a request and returns the payload of the peer's answer. A refusal
// is a *PeerError. It may be called by several goroutines.
func (t *transaction) ask(kind peer.ChaincodeMessage_Type, request proto.Message) ([]byte, error) {
	payload, err := proto.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", kind, err)
	}
	answer, err := t.exchange(&message{Type: kind, Payload: payload, Txid: t.key.txID, ChannelId: t.key.channel})
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", kind, err)
	}
	if answer.GetType() == peer.ChaincodeMessage_ERROR {
		return nil, &PeerError{Request: kind.String(), Text: string(answer.GetPayload())}
	}
	return answer.GetPayload(), nil
}

func (t *transaction) exchange(request *message) (*message, error) {
	select {
	case t.line.turn <- struct{}{}:
	case <-t.ctx.Done():
		return nil, context.Cause(t.ctx)
	}
	defer func() { <-t.line.turn }()
	if t.ctx.Err() != nil {
		return nil, context.Cause(t.ctx)
	}
	t.session.setWaiting(t.line, true)
	if err := t.session.send(request); err != nil {
		t.session.setWaiting(t.line, false)
		return nil, err
	}
	// Also when the transaction ends meanwhile: the peer answers each request,
	// and the next one on this line must not get this answer.
	select {
	case answer := <-t.line.answers:
		return answer, nil
	case <-t.session.ctx.Done():
		return nil, context.Cause(t.session.ctx)
	}
}

// askFor is ask with the answer decoded into out.
func (t *transaction) askFor(kind peer.ChaincodeMessage_Type, request, out proto.Message) error {
	payload, err := t.ask(kind, request)
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(payload, out); err != nil {
		return fmt.Errorf("answer to %s: %w", kind, err)
	}
	return nil
}
