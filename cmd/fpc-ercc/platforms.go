// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package main

import (
	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim"
)

// verifiers are the platforms whose evidence this program can verify.
func verifiers() map[string]attest.Verifier {
	return map[string]attest.Verifier{sim.Platform: sim.Verifier{}}
}
