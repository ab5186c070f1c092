// SPDX-License-Identifier: Apache-2.0

// Command plain is the script chaincode as an ordinary one.
package main

import (
	"github.com/privatechaincode/fpc/e2e/equivalence/script"
	"github.com/privatechaincode/fpc/shim/plain"
)

func main() { plain.Main(script.Chaincode{}) }
