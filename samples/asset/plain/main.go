// SPDX-License-Identifier: Apache-2.0

// Plain runs the asset sample as an ordinary Fabric chaincode.
package main

import (
	"github.com/privatechaincode/fpc/samples/asset"
	"github.com/privatechaincode/fpc/shim/plain"
)

func main() { plain.Main(new(asset.Chaincode)) }
