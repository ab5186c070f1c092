// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// takeTurn takes the turn to read for a call that is alone. If it is not, it
// makes sure that somebody reads.
func (h *Host) takeTurn(c *hostCall) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.reading || len(c.events) > 0 || h.err != nil {
		return false
	}
	if len(h.calls) == 1 && !c.returned {
		h.reading = true
		return true
	}
	h.ensureReader()
	return false
}

// ensureReader makes sure that somebody reads; the host is locked.
func (h *Host) ensureReader() {
	if !h.reading && h.err == nil {
		h.reading = true
		go h.readForAll()
	}
}

// passTurn gives the turn up, to a goroutine of its own if calls other than c
// wait for frames.
func (h *Host) passTurn(c *hostCall) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reading = false
	others := len(h.calls)
	if !c.returned {
		others--
	}
	if others > 0 {
		h.ensureReader()
	}
}

// readFor reads until the call has a frame. It has the turn and passes it.
func (h *Host) readFor(ctx context.Context, c *hostCall) (frame, error) {
	defer h.passTurn(c)
	h.in.expect(h.looks)
	defer h.in.expect(nil)
	stop := context.AfterFunc(ctx, func() { _ = h.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for {
		if err := h.readOne(); err != nil {
			return frame{}, err
		}
		select {
		case f := <-c.events:
			return f, nil
		default:
		}
		if err := ctx.Err(); err != nil {
			return frame{}, err
		}
	}
}

// readForAll reads until no call is in flight. It has the turn.
func (h *Host) readForAll() {
	for {
		if err := h.readOne(); err != nil {
			return
		}
		h.mu.Lock()
		if len(h.calls) == 0 {
			h.reading = false
			h.mu.Unlock()
			return
		}
		h.mu.Unlock()
	}
}

// readOne reads one frame and gives it to its call, or is interrupted by the
// context of a call that reads or has read. An error has ended the connection.
func (h *Host) readOne() error {
	f, err := h.in.next()
	switch {
	case err == nil:
		err = h.dispatch(f)
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = h.conn.SetReadDeadline(time.Time{})
	case errors.Is(err, io.EOF):
		err = ErrClosed
	}
	if err != nil {
		h.end(err)
	}
	return err
}

func (h *Host) dispatch(f frame) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.calls[f.call]
	if !ok {
		return violation(WrongCall, "kind %d for call %d, not in flight", f.kind, f.call)
	}
	switch f.kind {
	case kindAsk:
		if c.abandoned {
			return nil
		}
		if c.asks++; c.asks > h.limits.MaxAsks {
			return violation(TooManyAsks, "over %d in call %d", h.limits.MaxAsks, f.call)
		}
		c.events <- f
	case kindReturn, kindFail:
		if f.kind == kindFail {
			if _, err := decodeFailure(f.payload); err != nil {
				return err
			}
		}
		delete(h.calls, f.call)
		h.leave(c.size)
		c.returned = true
		if !c.abandoned {
			c.events <- f
		}
	default:
		return violation(Malformed, "kind %d from the enclave", f.kind)
	}
	return nil
}
