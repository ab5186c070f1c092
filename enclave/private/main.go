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
	"runtime/debug"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/internal/launched"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/transport"
)

// Option changes how a chaincode runs privately.
type Option func(*enclave.Config)

// WithoutPadding leaves the lengths of values, events and answers as they are.
// By default they are padded by at most 12 %, so that lengths tell little.
func WithoutPadding() Option {
	return func(c *enclave.Config) { c.Padding = keys.PadNone }
}

// gcPercent lets the small heap of an enclave grow further between two collections
// than the runtime's default.
const gcPercent = 400

// Main runs a chaincode as an enclave until its host ends, and does not return.
func Main(cc shim.Chaincode, options ...Option) {
	process, err := launched.Start()
	if errors.Is(err, launched.ErrNotLaunched) {
		err = fmt.Errorf("this program is a private chaincode's enclave, which fpc-stub starts: it found %w", err)
	}
	if err != nil {
		launched.Fail("enclave", err)
	}
	config := enclave.Config{
		Platform: process.Platform, Chaincode: cc, Verifiers: process.Verifiers, Confinement: process.Confinement,
	}
	for _, option := range options {
		option(&config)
	}
	e, err := enclave.New(config)
	if err != nil {
		launched.Fail("enclave", err)
	}
	debug.SetGCPercent(gcPercent)
	process.Serve(transport.Limits{}, launched.NewPace(e.Handle).Handle)
}
