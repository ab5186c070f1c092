// SPDX-License-Identifier: Apache-2.0

// Package private is trusted: it is the main program of a private chaincode. A
// chaincode becomes private by its main alone:
//
//	func main() { private.Main(new(Auction)) }
//
// The program is not started by hand: fpc-stub starts it, with a socket for the
// transport as descriptor 3. It is built with CGO_ENABLED=0 -trimpath
// -buildvcs=false, so that every builder gets the same bytes and the same code
// id.
//
// What the chaincode prints goes nowhere: the host would read it.
package private

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/private/confine"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/transport"
)

// Descriptors that an enclave inherits, and the one thing that its environment
// may say. Package stub/launch hands them over.
const (
	transportFD      = 3
	recordFD         = 4 // sim: the launcher's record
	namespacesEnvVar = "FPC_NAMESPACES"
)

// Exit codes.
const (
	exitStart  = 1 // the enclave could not start; stderr says why
	exitBroken = 3 // the host broke the transport
)

// Option changes how a chaincode runs privately.
type Option func(*enclave.Config)

// WithoutPadding leaves the lengths of values, events and answers as they are.
// By default they are padded by at most 12 %, so that lengths tell little.
func WithoutPadding() Option {
	return func(c *enclave.Config) { c.Padding = keys.PadNone }
}

// Main runs a chaincode as an enclave until its host ends, and does not return.
func Main(cc shim.Chaincode, options ...Option) {
	rw, e, err := start(cc, options)
	if err != nil {
		fmt.Fprintln(os.Stderr, "enclave:", err)
		os.Exit(exitStart)
	}
	if err := transport.Serve(rw, transport.Limits{}, newPace(e.Handle).Handle); err != nil {
		os.Exit(exitBroken)
	}
	os.Exit(0)
}

// start reads what the launcher hands over, and confines the process. Only then
// the transport is read.
func start(cc shim.Chaincode, options []Option) (*os.File, *enclave.Enclave, error) {
	if err := checkSocket(transportFD); err != nil {
		return nil, nil, err
	}
	platform, err := openPlatform()
	if err != nil {
		return nil, nil, err
	}
	config := enclave.Config{Platform: platform, Chaincode: cc}
	for _, option := range options {
		option(&config)
	}
	namespaces := os.Getenv(namespacesEnvVar)
	os.Clearenv()
	config.Confinement = report(namespaces)
	e, err := enclave.New(config)
	if err != nil {
		return nil, nil, err
	}
	return os.NewFile(transportFD, "transport"), e, nil
}

// report confines the process and says how.
func report(namespaces string) []string {
	out := []string(confine.Apply(transportFD))
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

var errNotLaunched = errors.New("this program is a private chaincode's enclave, which fpc-stub starts: it found no transport on descriptor 3")
