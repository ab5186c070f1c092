// SPDX-License-Identifier: Apache-2.0

package private

import "github.com/privatechaincode/fpc/enclave"

// WithBlindedKeys keeps the chaincode's state keys off the ledger: what stands
// there in place of a key, in reads, writes and key-level policies, is a keyed
// pseudorandom function of it. By default keys stand in clear.
//
// The price: GetStateByRange, GetStateByPartialCompositeKey and everything with
// pages return an error that is shim.ErrUnsupported. The host still sees which
// accesses of several invocations are to the same key.
func WithBlindedKeys() Option {
	return func(c *enclave.Config) { c.BlindedKeys = true }
}
