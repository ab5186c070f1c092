// SPDX-License-Identifier: Apache-2.0

// Package launch is untrusted: it measures an enclave's binary, starts it as a
// process of its own and hands the host its transport (flows.md INV-6c).
//
// In sim the launcher stands in for the hardware: what it measures becomes the
// code id, so whoever runs it can lie. On a TEE the platform measures.
package launch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/transport"
)

// SecretSize is the length of a host secret, in bytes.
const SecretSize = 32

// DefaultStartTimeout is Config.StartTimeout when that is zero.
const DefaultStartTimeout = 10 * time.Second

// Config says what to start.
type Config struct {
	// Binary is the path of the enclave program, built with CGO_ENABLED=0.
	Binary string
	// HostSecret is what sim derives its sealing key from; the same secret
	// and the same binary unseal what was sealed before.
	HostSecret [SecretSize]byte
	// Limits of the transport; zero fields mean defaults, which are the
	// enclave's own.
	Limits transport.Limits
	// StartTimeout bounds the time until the enclave answers its first call.
	StartTimeout time.Duration
	// Stderr takes what the enclave process prints; nil discards it. An
	// enclave prints only why it could not start.
	Stderr io.Writer
	// ReadStatus reads what the enclave reports as its confinement out of its
	// answer to the status call; nil: the answer is an EnclaveStatus.
	ReadStatus func(answer []byte) (confinement []string, err error)
	// Listener is a listening socket that the enclave gets as descriptor 5, to
	// accept connections on, if it is of a kind that does. It stays the caller's,
	// who closes it when the enclave has started: connections to an enclave that
	// has ended then fail. nil: none.
	Listener *os.File
	// ToEnclave and FromEnclave take copies of what passes over the transport,
	// for audits; nil: none.
	ToEnclave, FromEnclave io.Writer
}

// ErrStart is wrapped by every error of [Start].
var ErrStart = errors.New("enclave did not start")

// ErrEnded is wrapped by [Process.Err] when the process ended by itself.
var ErrEnded = errors.New("enclave process ended")

// Process is a running enclave process.
type Process struct {
	child       *child
	host        *transport.Host
	measurement Measurement
	confinement []string
	exited      chan struct{}

	mu      sync.Mutex
	stopped bool
	err     error
}

// Start measures and starts the enclave and waits until it answers a status
// call. The bytes that were measured are the bytes that run, whatever happens to
// the file meanwhile. ctx bounds the start only; [Process.Stop] ends the process.
func Start(ctx context.Context, c Config) (*Process, error) {
	timeout := c.StartTimeout
	if timeout <= 0 {
		timeout = DefaultStartTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	program, err := load(c.Binary)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	defer program.close()
	said := &head{to: c.Stderr}
	child, err := spawn(program, c, said)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	p := &Process{
		child:       child,
		host:        transport.NewHost(c.tapped(child.socket), c.Limits),
		measurement: program.measurement,
		exited:      make(chan struct{}),
	}
	go p.wait()
	if err := p.greet(ctx, c.ReadStatus); err != nil {
		_ = p.Stop() // always nil
		if text := said.String(); text != "" {
			err = fmt.Errorf("%w; it said: %s", err, text)
		}
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	return p, nil
}

// greet waits for the enclave's first answer.
func (p *Process) greet(ctx context.Context, read func([]byte) ([]string, error)) error {
	b, err := p.host.Call(ctx, "status", nil, nil)
	if err != nil {
		return err
	}
	if read == nil {
		read = enclaveStatus
	}
	p.confinement, err = read(b)
	return err
}

func enclaveStatus(b []byte) ([]string, error) {
	status := &fpc.EnclaveStatus{}
	err := proto.Unmarshal(b, status)
	return status.GetConfinement(), err
}

// wait collects the process when it ends.
func (p *Process) wait() {
	how := p.child.wait()
	p.mu.Lock()
	if !p.stopped {
		p.err = fmt.Errorf("%w: %s", ErrEnded, how)
	}
	p.mu.Unlock()
	_ = p.host.Close() // always nil
	close(p.exited)
}

// Host is the transport to the enclave. It ends when the process ends.
func (p *Process) Host() *transport.Host { return p.host }

// Call runs one method of the enclave: [transport.Host.Call].
func (p *Process) Call(ctx context.Context, method string, request []byte, serve func(ctx context.Context, request []byte) ([]byte, error)) ([]byte, error) {
	return p.host.Call(ctx, method, request, serve)
}

// Abandoned is [transport.Host.Abandoned].
func (p *Process) Abandoned() int { return p.host.Abandoned() }

// CodeID is the measurement of the bytes that run.
func (p *Process) CodeID() Measurement { return p.measurement }

// PID is the process id, as this host sees it.
func (p *Process) PID() int { return p.child.pid }

// Confinement is what the enclave reported at its start: what was applied, and
// what could not be.
func (p *Process) Confinement() []string { return p.confinement }

// Done is closed when the process has ended; then [Process.Err] says how.
func (p *Process) Done() <-chan struct{} { return p.exited }

// Err is nil while the process runs and after [Process.Stop]; else it says how
// the process ended, wrapping [ErrEnded].
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Stop kills the process and waits for its end; what it was asked and did not
// answer fails. It may be called repeatedly. The result is always nil.
func (p *Process) Stop() error {
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.child.kill()
	<-p.exited
	return nil
}

// head keeps the first bytes of what the process says, for an error, and passes
// all on.
type head struct {
	to io.Writer

	mu   sync.Mutex
	text []byte
}

const maxHead = 4 << 10

func (h *head) Write(b []byte) (int, error) {
	h.mu.Lock()
	h.text = append(h.text, b[:min(len(b), maxHead-len(h.text))]...)
	h.mu.Unlock()
	if h.to != nil {
		_, _ = h.to.Write(b) // the enclave must not fail because nobody listens
	}
	return len(b), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.text)
}
