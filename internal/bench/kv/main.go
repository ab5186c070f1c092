// SPDX-License-Identifier: Apache-2.0

// Command kv is the private chaincode that benchmarks run. "put" writes a key,
// "set" reads it before, "fill" writes many.
package main

import (
	"fmt"
	"strconv"

	"github.com/privatechaincode/fpc/enclave/private"
	"github.com/privatechaincode/fpc/shim"
)

type kv struct{}

func (kv) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

func (kv) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	function, args := stub.GetFunctionAndParameters()
	was, err := run(stub, function, args)
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(was)
}

func run(stub shim.ChaincodeStubInterface, function string, args []string) (was []byte, err error) {
	switch {
	case function == "set" && len(args) == 2:
		if was, err = stub.GetState(args[0]); err != nil {
			return nil, err
		}
		return was, stub.PutState(args[0], []byte(args[1]))
	case function == "put" && len(args) == 2:
		return nil, stub.PutState(args[0], []byte(args[1]))
	case function == "fill" && len(args) == 3:
		return nil, fill(stub, args[0], args[1], args[2])
	}
	return nil, fmt.Errorf("want set or put with a key and a value, or fill with a first number, a count and a value")
}

// fill writes the keys key0000000 and so on, from a number on.
func fill(stub shim.ChaincodeStubInterface, first, count, value string) error {
	from, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	for i := range n {
		if err := stub.PutState(fmt.Sprintf("key%07d", from+i), []byte(value)); err != nil {
			return err
		}
	}
	return nil
}

func main() { private.Main(kv{}) }
