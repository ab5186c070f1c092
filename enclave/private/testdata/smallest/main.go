// SPDX-License-Identifier: Apache-2.0

// Command smallest is the smallest private chaincode: what is linked into it is
// the trusted code base.
package main

import (
	"github.com/privatechaincode/fpc/enclave/private"
	"github.com/privatechaincode/fpc/shim"
)

type nothing struct{}

func (nothing) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

func (nothing) Invoke(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

func main() { private.Main(nothing{}) }
