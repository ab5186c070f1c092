// SPDX-License-Identifier: Apache-2.0

// Command kv is the private chaincode that benchmarks run: "set" reads a key
// and writes it.
package main

import (
	"github.com/privatechaincode/fpc/enclave/private"
	"github.com/privatechaincode/fpc/shim"
)

type kv struct{}

func (kv) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

func (kv) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	function, args := stub.GetFunctionAndParameters()
	if len(args) != 2 || (function != "set" && function != "put") {
		return shim.Error("want set or put, a key and a value")
	}
	var was []byte
	if function == "set" {
		var err error
		if was, err = stub.GetState(args[0]); err != nil {
			return shim.Error(err.Error())
		}
	}
	if err := stub.PutState(args[0], []byte(args[1])); err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(was)
}

func main() { private.Main(kv{}) }
