// SPDX-License-Identifier: Apache-2.0

// Package ercc is untrusted: the enclave registry is an ordinary chaincode that
// many organisations endorse, and nobody believes a single peer's answer. What
// it writes is deterministic, so that all endorsers agree.
//
// It keeps the attestation policy (LC-5), registered enclaves (REG-11 to
// REG-15) and chaincode keys (KEY-3), and answers clients and stubs.
package ercc

import (
	"time"

	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/trace"
)

// Config says how a registry judges.
type Config struct {
	// Name is the registry's own chaincode name: a chaincode cannot learn it
	// from the peer, because a caller's proposal may name another chaincode.
	Name string
	// Now is the endorser's own clock, against which a transaction's timestamp
	// is held (REG-12).
	Now func() time.Time
	// Trace records the steps that the registry receives; nil: none.
	Trace trace.Recorder
}

// Registry is the enclave registry.
type Registry struct{ config Config }

var _ shim.Chaincode = (*Registry)(nil)

// New returns a registry.
func New(config Config) *Registry { return &Registry{config: config} }

// Init does nothing.
func (r *Registry) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke runs one function of the registry.
func (r *Registry) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	return shim.Error("ercc: no such function")
}
