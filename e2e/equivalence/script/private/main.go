// SPDX-License-Identifier: Apache-2.0

// Command private is the script chaincode as a private one; its enclave.
package main

import (
	"github.com/privatechaincode/fpc/e2e/equivalence/script"
	"github.com/privatechaincode/fpc/enclave/private"
)

func main() { private.Main(script.Chaincode{}) }
