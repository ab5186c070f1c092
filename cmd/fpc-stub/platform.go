// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package main

import (
	"time"

	"github.com/privatechaincode/fpc/attest/sim/guest"
)

// attestationParams are what a simulated enclave is asked for where the
// administrator says nothing. Enclaves have no clock, so the host says how long
// the attestation is valid: from an hour ago, for clocks that are behind.
func attestationParams() []byte {
	now := time.Now()
	return guest.Params{NotBefore: now.Add(-time.Hour).Unix(), NotAfter: now.AddDate(1, 0, 0).Unix(), TCB: 1}.Marshal()
}
