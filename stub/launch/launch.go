// SPDX-License-Identifier: Apache-2.0

// Package launch is untrusted: it measures an enclave's binary, starts it as a
// process of its own and hands the host its transport (flows.md INV-6c).
//
// In sim the launcher stands in for the hardware: what it measures becomes the
// code id, so whoever runs it can lie. On a TEE the platform measures.
package launch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/privatechaincode/fpc/transport"
)

// SecretSize is the length of a host secret, in bytes.
const SecretSize = 32

// Inherited descriptors of an enclave process.
const (
	TransportFD = 3 // socket: transport frames
	RecordFD    = 4 // pipe: the launcher's record, SecretSize bytes of host secret and 32 bytes SHA-256 of the binary
)

// DefaultStartTimeout is Config.StartTimeout when that is zero.
const DefaultStartTimeout = 10 * time.Second

// Config says what to start.
type Config struct {
	// Binary is the path of the enclave program, built with CGO_ENABLED=0.
	Binary string
	// HostSecret is what sim derives its sealing key from; the same secret
	// and the same binary unseal what was sealed before.
	HostSecret [SecretSize]byte
	// Limits of the transport; zero fields mean defaults.
	Limits transport.Limits
	// StartTimeout bounds the time until the enclave answers its first call.
	StartTimeout time.Duration
	// Stderr takes what the enclave process prints; nil discards it. An
	// enclave prints only why it could not start, or a crash of its runtime.
	Stderr io.Writer
}

// Measurement is the code id of a sim enclave: SHA-256 of its binary.
type Measurement [sha256.Size]byte

// String is the code id as evidence and manifests carry it: lower-case hex.
func (m Measurement) String() string { return hex.EncodeToString(m[:]) }

// Process is a running enclave process.
type Process struct {
	host        *transport.Host
	measurement Measurement
	pid         int
	confinement []string
	exited      chan struct{}
	err         error
}

// ErrStart is wrapped by every error of Start.
var ErrStart = errors.New("launch: enclave did not start")

// Start measures and starts the enclave and waits until it answers a status
// call. ctx bounds the start only; [Process.Stop] ends the process.
func Start(ctx context.Context, c Config) (*Process, error) {
	return nil, ErrStart
}

// Host is the transport to the enclave. It ends when the process ends.
func (p *Process) Host() *transport.Host { return p.host }

// CodeID is the measurement of the bytes that are executed.
func (p *Process) CodeID() Measurement { return p.measurement }

// PID is the process id, as this host sees it.
func (p *Process) PID() int { return p.pid }

// Confinement is what the enclave reported at its start
// (EnclaveStatus.confinement): what was applied, and what could not be.
func (p *Process) Confinement() []string { return p.confinement }

// Done is closed when the process has ended; then Err says how.
func (p *Process) Done() <-chan struct{} { return p.exited }

// Err is nil while the process runs and after Stop; else how it ended.
func (p *Process) Err() error { return p.err }

// Stop kills the process and waits for its end. It may be called repeatedly.
func (p *Process) Stop() error { return nil }

// Measure returns the code id of the program at path.
func Measure(path string) (Measurement, error) {
	return Measurement{}, errors.New("launch: not measured")
}
