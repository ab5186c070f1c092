// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

type message = peer.ChaincodeMessage

// stream is what both ends of the gRPC stream have.
type stream interface {
	Send(*message) error
	Recv() (*message, error)
}

// session is the chaincode protocol on one stream: the handshake, then
// transactions until the stream ends or the program stops.
type session struct {
	stream  stream
	ccid    string
	cc      shim.Chaincode
	options Options

	in     chan *message // what the peer sent
	ctx    context.Context
	end    context.CancelCauseFunc
	sendMu sync.Mutex

	// What the peer can do beyond 2.x; set before the first transaction.
	extra *peer.ChaincodeAdditionalParams

	mu       sync.Mutex
	lines    map[txKey]*line
	running  int
	draining bool
	idle     chan struct{} // closed when draining and nothing runs
}

func newSession(on stream, ccid string, cc shim.Chaincode, o Options) *session {
	ctx, end := context.WithCancelCause(context.Background())
	return &session{
		stream: on, ccid: ccid, cc: cc, options: o,
		in: make(chan *message), ctx: ctx, end: end,
		extra: &peer.ChaincodeAdditionalParams{},
		lines: make(map[txKey]*line), idle: make(chan struct{}),
	}
}

// run speaks the protocol until the stream ends, with the reason, or until
// stop is done and the running transactions have ended, with nil.
func (s *session) run(stop context.Context) error {
	defer s.end(ErrEnded)
	go s.receive()
	if err := s.register(stop); err != nil {
		if stop.Err() != nil {
			return nil
		}
		return err
	}
	done := stop.Done()
	var idle <-chan struct{}
	var late <-chan time.Time
	for {
		select {
		case m := <-s.in:
			if err := s.handle(m); err != nil {
				return err
			}
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		case <-done:
			done, idle, late = nil, s.drain(), time.After(s.options.Grace)
		case <-idle:
			return nil
		case <-late:
			s.options.Log.Warn("transactions were cut off at shutdown", "chaincode", s.ccid)
			return nil
		}
	}
}

// receive hands on what the peer sends until the stream or the session ends.
func (s *session) receive() {
	for {
		m, err := s.stream.Recv()
		if errors.Is(err, io.EOF) {
			err = ErrPeerClosed
		}
		if err != nil {
			s.end(err)
			return
		}
		select {
		case s.in <- m:
		case <-s.ctx.Done():
			return
		}
	}
}

// register makes the handshake: REGISTER, REGISTERED, READY.
func (s *session) register(stop context.Context) error {
	id, err := proto.Marshal(&peer.ChaincodeID{Name: s.ccid})
	if err != nil {
		return fmt.Errorf("chaincode id: %w", err)
	}
	if err := s.send(&message{Type: peer.ChaincodeMessage_REGISTER, Payload: id}); err != nil {
		return err
	}
	timeout := time.NewTimer(handshakeTimeout)
	defer timeout.Stop()
	if _, err := s.await(stop, timeout.C, peer.ChaincodeMessage_REGISTERED); err != nil {
		return fmt.Errorf("register %q: %w", s.ccid, err)
	}
	ready, err := s.await(stop, timeout.C, peer.ChaincodeMessage_READY)
	if err != nil {
		return fmt.Errorf("register %q: %w", s.ccid, err)
	}
	if err := proto.Unmarshal(ready.GetPayload(), s.extra); err != nil {
		return fmt.Errorf("register %q: parameters in READY: %w", s.ccid, err)
	}
	s.options.Log.Info("registered at the peer", "chaincode", s.ccid, "write_batch", s.extra.GetMaxSizeWriteBatch(), "multi_get", s.extra.GetMaxSizeGetMultipleKeys())
	return nil
}

func (s *session) await(stop context.Context, timeout <-chan time.Time, want peer.ChaincodeMessage_Type) (*message, error) {
	for {
		select {
		case m := <-s.in:
			switch m.GetType() {
			case want:
				return m, nil
			case peer.ChaincodeMessage_KEEPALIVE:
				s.echo(m)
			case peer.ChaincodeMessage_ERROR:
				return nil, &PeerError{Request: "REGISTER", Text: string(m.GetPayload())}
			default:
				return nil, unexpected(m.GetType(), want.String())
			}
		case <-s.ctx.Done():
			return nil, context.Cause(s.ctx)
		case <-stop.Done():
			return nil, context.Cause(stop)
		case <-timeout:
			return nil, fmt.Errorf("the peer did not answer with %s within %s: is this package id installed there, and no other process registered under it?", want, handshakeTimeout)
		}
	}
}

// handle takes one message of a session that is ready.
func (s *session) handle(m *message) error {
	switch m.GetType() {
	case peer.ChaincodeMessage_TRANSACTION, peer.ChaincodeMessage_INIT:
		s.start(m)
	case peer.ChaincodeMessage_RESPONSE, peer.ChaincodeMessage_ERROR:
		s.deliver(m)
	case peer.ChaincodeMessage_KEEPALIVE:
		s.echo(m)
	default:
		return unexpected(m.GetType(), "TRANSACTION, INIT, RESPONSE, ERROR or KEEPALIVE")
	}
	return nil
}

// echo answers a keepalive. Not in the loop: it must go on receiving while the
// stream's window is full.
func (s *session) echo(m *message) {
	go func() { _ = s.send(m) }()
}

// send sends one message at a time. A message that is too large is refused
// before it is on the stream; any other failure ends the session.
func (s *session) send(m *message) error {
	if size := proto.Size(m); size > s.options.MaxMessage {
		return &TooLargeError{Message: m.GetType().String(), Size: size, Limit: s.options.MaxMessage}
	}
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	if err := s.stream.Send(m); err != nil {
		// The reason for a failed send is what Recv says; this is second best.
		err = fmt.Errorf("send %s: %w", m.GetType(), err)
		if !errors.Is(err, io.EOF) {
			s.end(err)
		}
		return err
	}
	return nil
}

// drain refuses new transactions and returns what is closed once none runs.
func (s *session) drain() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	if s.running == 0 {
		close(s.idle)
	}
	return s.idle
}
