// SPDX-License-Identifier: Apache-2.0

// Plain runs the auction as an ordinary Fabric chaincode: every bid can be read
// in the blocks. It is what the private form is compared with.
package main

import (
	"github.com/privatechaincode/fpc/samples/auction"
	"github.com/privatechaincode/fpc/shim/plain"
)

func main() { plain.Main(new(auction.Chaincode)) }
