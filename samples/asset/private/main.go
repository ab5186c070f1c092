// SPDX-License-Identifier: Apache-2.0

// Private runs the asset inside an enclave. The plain form differs in this one
// line of main.
package main

import (
	"github.com/privatechaincode/fpc/enclave/private"
	"github.com/privatechaincode/fpc/samples/asset"
)

func main() { private.Main(new(asset.Chaincode)) }
