// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"errors"
	"io"
)

// Call is one call of the host, as the enclave's handler sees it.
type Call struct {
	Method  string
	Request []byte

	server *server
	id     uint64
}

// Handler answers one call. ctx ends when the host gives the call up or the
// connection ends. An error crosses as [Failure].
type Handler func(ctx context.Context, c *Call) ([]byte, error)

// Serve answers the host's calls, concurrently, until the stream ends. It
// returns nil at an orderly end and a [*FrameError] when the host broke the
// protocol or the stream failed. Handlers still at work have their ctx cancelled
// and are not waited for.
//
// A malicious host can withhold frames, reorder calls, answer state accesses
// with anything, and stop reading; Serve bounds what it makes the enclave hold.
func Serve(rw io.ReadWriter, l Limits, handle func(ctx context.Context, c *Call) ([]byte, error)) error {
	s := newServer(rw, l.withDefaults(), handle)
	go s.lead()
	<-s.ctx.Done()
	err := context.Cause(s.ctx)
	s.w.stop(err)
	if errors.Is(err, io.EOF) && !isFrameError(err) {
		return nil
	}
	return err
}

func isFrameError(err error) bool {
	var f *FrameError
	return errors.As(err, &f)
}

// Host asks the host for state on behalf of this call. It may be used from
// several goroutines; at most Limits.MaxAsks are under way. Errors: the host's
// [*Failure], [ErrCallEnded], a [*SizeError], ctx's error.
func (c *Call) Host(ctx context.Context, request []byte) ([]byte, error) {
	return c.server.ask(ctx, c.id, request)
}
