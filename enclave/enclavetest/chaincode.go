// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclavetest

import "github.com/privatechaincode/fpc/shim"

// Func is a chaincode of one function.
type Func func(stub shim.ChaincodeStubInterface) *shim.Response

// Init does nothing.
func (f Func) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke runs the function.
func (f Func) Invoke(stub shim.ChaincodeStubInterface) *shim.Response { return f(stub) }

// KV is a chaincode of single puts, gets and deletes: ["put", key, value],
// ["get", key], ["del", key], ["set", key, value] (get, then put).
type KV struct{}

// Init does nothing.
func (KV) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke runs one function.
func (KV) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	function, args := stub.GetFunctionAndParameters()
	var payload []byte
	var err error
	switch {
	case function == "get" && len(args) == 1:
		payload, err = stub.GetState(args[0])
	case function == "put" && len(args) == 2:
		err = stub.PutState(args[0], []byte(args[1]))
	case function == "del" && len(args) == 1:
		err = stub.DelState(args[0])
	case function == "set" && len(args) == 2:
		if payload, err = stub.GetState(args[0]); err == nil {
			err = stub.PutState(args[0], []byte(args[1]))
		}
	default:
		return shim.Error("no such function")
	}
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(payload)
}
