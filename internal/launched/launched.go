// SPDX-License-Identifier: Apache-2.0

// Package launched is trusted: it is how the process of an enclave begins,
// whichever of the two kinds it is. It takes what the launcher hands over,
// confines the process, and only then lets it read its host.
//
// The launcher leaves two descriptors: 3 is the transport, 4 what the platform
// needs (in sim the launcher's record: host secret and measurement). A ledger
// enclave may be left a third one, 5: a socket that listens, at which stubs connect
// without its host between. The environment says which namespaces the process got,
// and is emptied.
package launched

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/internal/launched/confine"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
)

// Descriptors that an enclave inherits, and the one thing that its environment
// may say. Package stub/launch hands them over.
const (
	transportFD      = 3
	recordFD         = 4 // sim: the launcher's record
	listenerFD       = 5 // of an enclave that stubs connect with; may be missing
	namespacesEnvVar = "FPC_NAMESPACES"
)

// Exit codes.
const (
	exitStart  = 1 // the enclave could not start; stderr says why
	exitBroken = 3 // the host broke the transport
)

// ErrNotLaunched says that the program was started by hand.
var ErrNotLaunched = errors.New("no transport on descriptor 3")

// Platform is the TEE under the process, as both kinds of enclave need it.
type Platform interface {
	Name() string
	CodeID() string
	SealingKey() keys.SealingKey
	Attest(reportData [64]byte, params []byte) (*fpc.Evidence, protocol.Custody, error)
}

// Process is an enclave's process before it has read anything from its host.
type Process struct {
	Platform Platform
	// Verifiers verify the evidence of other enclaves, by platform: those that
	// this build knows.
	Verifiers map[string]attest.Verifier
	// Confinement is what was applied, and what could not be, for people.
	Confinement []string

	rw    *os.File
	stubs *os.File // listens; nil: there is none
}

// Start reads what the launcher hands over and confines the process for good. A
// program that nobody launched gets [ErrNotLaunched].
func Start() (*Process, error) { return start(0) }

// StartListening is Start for an enclave that stubs may connect with: it keeps the
// socket that the launcher may have left for that, and the right to accept
// connections on that one ([Process.ServeStubs]).
func StartListening() (*Process, error) { return start(listenerFD) }

func start(listener int) (*Process, error) {
	if err := checkSocket(transportFD); err != nil {
		return nil, err
	}
	platform, err := openPlatform()
	if err != nil {
		return nil, err
	}
	if !listens(listener) {
		listener = 0
	}
	namespaces := os.Getenv(namespacesEnvVar)
	os.Clearenv()
	p := &Process{
		Platform: platform, Verifiers: verifiers(),
		Confinement: report(namespaces, listener), rw: os.NewFile(transportFD, "transport"),
	}
	if listener != 0 {
		p.stubs = os.NewFile(uintptr(listener), "stubs")
	}
	return p, nil
}

// Serve answers the host's calls until the host ends, and does not return.
func (p *Process) Serve(l transport.Limits, handle transport.Handler) {
	if err := transport.Serve(p.rw, l, handle); err != nil {
		os.Exit(exitBroken)
	}
	os.Exit(0)
}

// Fail says why an enclave could not start, and ends the process.
func Fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(exitStart)
}

// report confines the process and says how.
func report(namespaces string, listener int) []string {
	out := []string(confine.Apply(confine.Descriptors{Stream: transportFD, Listener: listener}))
	if namespaces = printable(namespaces); namespaces == "" {
		return append(out, "NOT namespaces: the launcher gave none")
	}
	return append(out, "namespaces, as the launcher says: "+namespaces)
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s[:min(len(s), 100)])
}
