// SPDX-License-Identifier: Apache-2.0

// Private runs the auction inside an enclave. The plain form differs in this one
// line of main.
package main

import (
	"github.com/privatechaincode/fpc/enclave/private"
	"github.com/privatechaincode/fpc/samples/auction"
)

func main() { private.Main(new(auction.Chaincode)) }
