// SPDX-License-Identifier: Apache-2.0

package transport

import "context"

// ask sends a state access and waits for its answer.
func (s *server) ask(ctx context.Context, id uint64, request []byte) ([]byte, error) {
	if len(request) > s.limits.MaxFrame {
		return nil, &SizeError{What: "state access", Size: len(request), Max: s.limits.MaxFrame}
	}
	s.mu.Lock()
	c, ok := s.calls[id]
	s.mu.Unlock()
	if !ok {
		return nil, ErrCallEnded
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.ctx.Done():
		return nil, endOf(ctx)
	}
	a, err := s.sendAsk(id, c, request)
	if err != nil {
		<-c.slots
		return nil, err
	}
	if s.takeTurn(ctx, c) {
		s.leadFor(c, a)
	}
	select {
	case f := <-a.answer:
		<-c.slots
		return readAnswer(f)
	case <-ctx.Done():
		s.giveUp(c, a)
		return nil, ctx.Err()
	case <-c.ctx.Done():
		return nil, endOf(ctx)
	}
}

// endOf is why a state access ends with its call.
func endOf(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrCallEnded
}

func readAnswer(f frame) ([]byte, error) {
	if f.kind == kindAnswer {
		return f.payload, nil
	}
	fail, err := decodeFailure(f.payload)
	if err != nil {
		return nil, err
	}
	return nil, fail
}

// giveUp leaves the place of an ask taken until its answer comes: the host
// still counts it.
func (s *server) giveUp(c *serverCall, a *ask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(a.answer) > 0 {
		<-c.slots
		return
	}
	a.gone = true
}

func (s *server) sendAsk(id uint64, c *serverCall, request []byte) (*ask, error) {
	a := &ask{answer: make(chan frame, 1)}
	sent := false
	err := s.w.send(kindAsk, nil, request, func() (uint64, uint32, bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, sent = s.calls[id]; sent {
			c.lastN++
			c.asks[c.lastN] = a
		}
		return id, c.lastN, sent
	})
	if err == nil && !sent {
		err = ErrCallEnded
	}
	return a, err
}
