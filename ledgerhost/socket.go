// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/transport"
)

// AwaitLimit is how long the method await waits at most, by default.
const AwaitLimit = 5 * time.Second

const (
	// maxConnections bounds stubs; each needs one.
	maxConnections = 256
	// A socket has another name while it is made, and the ledger enclave's own one
	// is named after the host's.
	freshSuffix   = ".new"
	enclaveSuffix = ".enclave"
	// maxSocketPath leaves of what Linux takes room for the longest suffix.
	maxSocketPath = 107 - len(enclaveSuffix)
)

// socket serves stubs.
type socket struct {
	path     string
	listener *net.UnixListener
	done     chan struct{}

	mu    sync.Mutex
	conns map[net.Conn]bool
	all   sync.WaitGroup
}

// listen serves stubs at a path, in place of the sockets that a former host left
// there. Nobody but this user can open it.
func (h *Host) listen(path string) (*socket, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("the socket's path has %d bytes, at most %d fit, as the ledger enclave's own is named after it: %s", len(path), maxSocketPath, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the socket's folder: %w", err)
	}
	if err := os.Remove(path + enclaveSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("socket of a former ledger enclave: %w", err)
	}
	l, fresh, err := bind(path)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(fresh, path); err != nil {
		return nil, errors.Join(fmt.Errorf("socket for stubs: %w", err), l.Close())
	}
	s := &socket{path: path, listener: l, done: make(chan struct{}), conns: make(map[net.Conn]bool)}
	go s.accept(h.handle)
	return s, nil
}

// bind makes a socket that nobody but this user can open, under the name that it has
// until it gets its own: when its permissions are right, and somebody answers there.
func bind(path string) (l *net.UnixListener, fresh string, err error) {
	fresh = path + freshSuffix
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", fmt.Errorf("socket for stubs: %w", err)
	}
	if l, err = net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"}); err != nil {
		return nil, "", fmt.Errorf("socket for stubs: %w", err)
	}
	l.SetUnlinkOnClose(false)
	if err := os.Chmod(fresh, 0o600); err != nil {
		return nil, "", errors.Join(fmt.Errorf("socket for stubs: %w", err), l.Close())
	}
	return l, fresh, nil
}

func (s *socket) accept(handle transport.Handler) {
	defer close(s.done)
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // it was closed
		}
		if !s.keep(conn) {
			_ = conn.Close() // one too many, or this is the end
			continue
		}
		s.all.Go(func() {
			defer s.drop(conn)
			// A stub that breaks the protocol loses its connection, no more.
			_ = transport.Serve(conn, transport.Limits{}, handle)
		})
	}
}

func (s *socket) keep(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil || len(s.conns) >= maxConnections {
		return false
	}
	s.conns[conn] = true
	return true
}

func (s *socket) drop(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	_ = conn.Close()
}

func (s *socket) close() error {
	err := s.listener.Close()
	<-s.done
	s.mu.Lock()
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.all.Wait()
	if gone := os.Remove(s.path); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// handle answers one call of a stub.
func (h *Host) handle(ctx context.Context, c *transport.Call) ([]byte, error) {
	switch method, step, txID := untraced(c.Method); method {
	case MethodSession, MethodAsk, MethodStatus:
		e, _, _ := h.state()
		if e == nil {
			return nil, unavailable("it is starting")
		}
		h.received(e, method, step, txID, c.Request)
		answer, err := e.Call(ctx, method, c.Request, nil)
		var failure *transport.Failure
		if err != nil && !errors.As(err, &failure) && ctx.Err() == nil {
			return nil, unavailable("it ended before it answered")
		}
		if err == nil && method == MethodStatus {
			return h.completed(answer)
		}
		return answer, err
	case MethodAwait:
		return h.await(ctx, c.Request)
	}
	return nil, &transport.Failure{Step: step, Code: "unknown_function", Reason: fmt.Sprintf("a ledger host has no method %.40q", c.Method)}
}

// completed adds to a ledger enclave's status what its host knows: why its view
// does not grow.
func (h *Host) completed(answer []byte) ([]byte, error) {
	problem := h.Health()
	if problem == nil {
		return answer, nil
	}
	following := &fpc.Failure{Step: step, Code: string(CodeNoBlocks), Reason: problem.Error()}
	var refused *RefusedError
	if errors.As(problem, &refused) {
		following.Code, following.Hint = refused.Failure.Code, refused.Failure.Hint
	}
	added, err := proto.Marshal(&fpc.LedgerStatus{Following: following})
	if err != nil {
		return nil, err
	}
	return append(answer, added...), nil // one message, as its fields
}

func unavailable(why string) error {
	return &transport.Failure{Step: step, Code: string(CodeUnavailable), Reason: "there is no ledger enclave to ask: " + why, Hint: "try again; why it is so stands in the log of fpc-ledger-host"}
}

// await waits until the head is above a height, or for the configured limit.
func (h *Host) await(ctx context.Context, request []byte) ([]byte, error) {
	req := &fpc.AwaitBlock{}
	if err := proto.Unmarshal(request, req); err != nil {
		return nil, &transport.Failure{Step: step, Code: "malformed", Reason: "an await that does not decode"}
	}
	longest := AwaitLimit
	if h.config.AwaitLimit != nil {
		longest = h.config.AwaitLimit()
	}
	limit := time.NewTimer(longest)
	defer limit.Stop()
	for expired := false; ; {
		_, head, moved := h.state()
		switch {
		case head != nil && (expired || head.GetHeight() > req.GetAbove()):
			return proto.Marshal(head)
		case expired:
			return nil, unavailable("it is starting")
		}
		select {
		case <-moved:
		case <-limit.C:
			expired = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
