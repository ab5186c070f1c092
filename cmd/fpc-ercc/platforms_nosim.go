// SPDX-License-Identifier: Apache-2.0

//go:build nosim

package main

import "github.com/privatechaincode/fpc/attest"

// verifiers are the platforms whose evidence this program can verify: without
// simulation, none yet.
func verifiers() map[string]attest.Verifier { return map[string]attest.Verifier{} }
