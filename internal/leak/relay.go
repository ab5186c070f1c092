// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"errors"
	"io"
	"net"
	"sync"
)

// Tape keeps what passed somewhere; it may be written by several goroutines.
type Tape struct {
	mu    sync.Mutex
	bytes []byte
}

// Write appends.
func (t *Tape) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes = append(t.bytes, p...)
	return len(p), nil
}

// Bytes returns what was written so far.
func (t *Tape) Bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes[:len(t.bytes):len(t.bytes)]
}

// Relay passes TCP connections on to a target and tapes both directions, each
// connection's directions apart, so that no message is torn by another.
type Relay struct {
	listener net.Listener
	target   string
	mu       sync.Mutex
	tapes    []*Tape
	conns    map[net.Conn]struct{}
	running  sync.WaitGroup
}

// NewRelay listens on a free loopback address.
func NewRelay(target string) (*Relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Relay{listener: l, target: target, conns: map[net.Conn]struct{}{}}
	r.running.Add(1)
	go r.accept()
	return r, nil
}

// Address is where the relay listens.
func (r *Relay) Address() string { return r.listener.Addr().String() }

// Tapes returns what has passed, a tape per connection and direction.
func (r *Relay) Tapes() []*Tape {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*Tape(nil), r.tapes...)
}

// Close ends the relay and its connections.
func (r *Relay) Close() error {
	err := r.listener.Close()
	r.mu.Lock()
	for c := range r.conns {
		_ = c.Close()
	}
	r.mu.Unlock()
	r.running.Wait()
	return err
}

func (r *Relay) accept() {
	defer r.running.Done()
	for {
		in, err := r.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", r.target)
		if err != nil {
			_ = in.Close()
			continue
		}
		r.pass(in, out)
		r.pass(out, in)
	}
}

// pass copies one direction until either side ends.
func (r *Relay) pass(from, to net.Conn) {
	tape := new(Tape)
	r.mu.Lock()
	r.tapes = append(r.tapes, tape)
	r.conns[from] = struct{}{}
	r.mu.Unlock()
	r.running.Add(1)
	go func() {
		defer r.running.Done()
		_, err := io.Copy(io.MultiWriter(to, tape), from)
		_ = errors.Join(err, from.Close(), to.Close())
		r.mu.Lock()
		delete(r.conns, from)
		r.mu.Unlock()
	}()
}
