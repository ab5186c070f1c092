// SPDX-License-Identifier: Apache-2.0

package chaincode

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// stream is a chaincode's end of the protocol, whoever dialled whom.
type stream interface {
	Send(*peer.ChaincodeMessage) error
	Recv() (*peer.ChaincodeMessage, error)
}

// session is one connected chaincode process.
type session struct {
	support   *Support
	packageID string
	stream    stream

	sending sync.Mutex // guards stream.Send

	mu    sync.Mutex
	calls map[callKey]*call

	quit     chan struct{} // closed to end the session
	quitOnce sync.Once
	done     chan struct{} // closed when the session has ended
}

func (r *runtime) newSession(st stream) *session {
	return &session{
		support: r.support, packageID: r.packageID, stream: st,
		calls: map[callKey]*call{}, quit: make(chan struct{}), done: make(chan struct{}),
	}
}

// hangUp ends the session; it may be called more than once.
func (s *session) hangUp() { s.quitOnce.Do(func() { close(s.quit) }) }

type callKey struct{ channelID, txID string }

// handshake takes the chaincode's registration and makes it ready. The caller
// bounds its time.
func handshake(st stream, params *peer.ChaincodeAdditionalParams, accept func(packageID string) error) error {
	first, err := st.Recv()
	if err != nil {
		return fmt.Errorf("chaincode did not register: %w", err)
	}
	if first.GetType() != peer.ChaincodeMessage_REGISTER {
		return fmt.Errorf("chaincode sent %s before REGISTER", first.GetType())
	}
	var id peer.ChaincodeID
	if err := proto.Unmarshal(first.GetPayload(), &id); err != nil {
		return fmt.Errorf("chaincode's registration does not decode: %w", err)
	}
	if err := accept(id.GetName()); err != nil {
		return err
	}
	ready, err := proto.Marshal(params)
	if err != nil {
		return err
	}
	for _, msg := range []*peer.ChaincodeMessage{
		{Type: peer.ChaincodeMessage_REGISTERED},
		{Type: peer.ChaincodeMessage_READY, Payload: ready},
	} {
		if err := st.Send(msg); err != nil {
			return fmt.Errorf("chaincode %s went away while registering: %w", id.GetName(), err)
		}
	}
	return nil
}

var errHungUp = errors.New("the peer hung up")

// serve handles the chaincode's messages until its stream or the session ends;
// what is pending then fails. The reader ends with the stream, which the caller
// closes.
func (s *session) serve() error {
	defer close(s.done)
	defer s.hangUp()
	failed := make(chan error, 1)
	messages := make(chan *peer.ChaincodeMessage)
	go func() {
		for {
			msg, err := s.stream.Recv()
			if err != nil {
				failed <- err
				return
			}
			select {
			case messages <- msg:
			case <-s.quit:
				return
			}
		}
	}()
	for {
		select {
		case msg := <-messages:
			if err := s.receive(msg); err != nil {
				return err
			}
		case err := <-failed:
			return err
		case <-s.quit:
			return errHungUp
		}
	}
}

// receive handles one message. An error ends the stream.
func (s *session) receive(msg *peer.ChaincodeMessage) error {
	switch msg.GetType() {
	case peer.ChaincodeMessage_KEEPALIVE:
		return nil
	case peer.ChaincodeMessage_COMPLETED, peer.ChaincodeMessage_ERROR:
		if c := s.call(msg); c != nil {
			c.finish(msg)
		}
		return nil
	}
	serve := requestOf(msg.GetType())
	if serve == nil {
		return fmt.Errorf("chaincode %s sent %s, which no ready chaincode sends", s.packageID, msg.GetType())
	}
	c := s.call(msg)
	if c == nil {
		return s.refuse(msg, errors.New("no ledger context"))
	}
	if !c.begin() {
		return s.refuse(msg, errors.New("another request of this transaction is being answered"))
	}
	go s.serveRequest(c, msg, serve)
	return nil
}

func (s *session) serveRequest(c *call, msg *peer.ChaincodeMessage, serve request) {
	payload, err := serve(c, msg.GetPayload())
	c.end()
	if err != nil {
		err = s.refuse(msg, err)
	} else {
		err = s.send(answer(msg, peer.ChaincodeMessage_RESPONSE, payload))
	}
	if err != nil {
		s.hangUp()
	}
}

func (s *session) refuse(msg *peer.ChaincodeMessage, err error) error {
	text := fmt.Sprintf("%s failed: transaction ID: %s: %s", msg.GetType(), msg.GetTxid(), err)
	return s.send(answer(msg, peer.ChaincodeMessage_ERROR, []byte(text)))
}

func answer(to *peer.ChaincodeMessage, kind peer.ChaincodeMessage_Type, payload []byte) *peer.ChaincodeMessage {
	return &peer.ChaincodeMessage{Type: kind, Payload: payload, Txid: to.GetTxid(), ChannelId: to.GetChannelId()}
}

func (s *session) send(msg *peer.ChaincodeMessage) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.stream.Send(msg)
}

func (s *session) call(msg *peer.ChaincodeMessage) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[callKey{msg.GetChannelId(), msg.GetTxid()}]
}

// open makes the context of one execution. A chaincode that is called back
// within one transaction is refused, as in Fabric.
func (s *session) open(c *call) error {
	key := callKey{c.inv.ChannelID, c.inv.TxID}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls[key] != nil {
		return fmt.Errorf("txid: %s(%s) exists", c.inv.TxID, c.inv.ChannelID)
	}
	s.calls[key] = c
	return nil
}

func (s *session) drop(c *call) {
	s.mu.Lock()
	delete(s.calls, callKey{c.inv.ChannelID, c.inv.TxID})
	s.mu.Unlock()
	c.closeQueries()
}

// execute sends one transaction and waits for its end. ErrTimeout and
// ErrTerminated say that there was none.
func (s *session) execute(ctx context.Context, kind peer.ChaincodeMessage_Type, inv *Invocation, namespace string, input *peer.ChaincodeInput) (*peer.ChaincodeMessage, error) {
	payload, err := proto.Marshal(&peer.ChaincodeInput{Args: input.GetArgs(), IsInit: input.GetIsInit()})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.support.cfg.ExecuteTimeout, ErrTimeout)
	defer cancel()
	c := newCall(ctx, s.support, inv, namespace)
	if err := s.open(c); err != nil {
		return nil, err
	}
	defer s.drop(c)
	sent := make(chan error, 1)
	go func() {
		sent <- s.send(&peer.ChaincodeMessage{
			Type: kind, Payload: payload, Txid: inv.TxID, ChannelId: inv.ChannelID, Proposal: inv.Proposal.Signed,
		})
	}()
	for {
		select {
		case msg := <-c.result:
			return msg, nil
		case err := <-sent:
			if err != nil {
				s.hangUp()
				return nil, ErrTerminated
			}
			sent = nil
		case <-s.done:
			select {
			case msg := <-c.result: // its last word
				return msg, nil
			default:
				return nil, ErrTerminated
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
