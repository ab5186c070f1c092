// SPDX-License-Identifier: Apache-2.0

// Blurt is a private chaincode that says whatever it is told, in every way that a
// careless chaincode has: it is for tests that look for what it said.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/privatechaincode/fpc/enclave/private"
	"github.com/privatechaincode/fpc/shim"
)

func main() { private.Main(blurt{}) }

type blurt struct{}

// Init does nothing.
func (blurt) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke runs one function.
func (blurt) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	function, args := stub.GetFunctionAndParameters()
	transient, err := stub.GetTransient()
	if err != nil {
		return shim.Error(err.Error())
	}
	for _, word := range args {
		fmt.Println(word)
		log.Print(word)
		fmt.Fprintln(os.Stderr, word)
	}
	switch function {
	case "keep": // key, value, event; transient "t" is the value of another key
		for key, value := range map[string][]byte{args[0]: []byte(args[1]), args[0] + "-t": transient["t"]} {
			if err := stub.PutState(key, value); err != nil {
				return shim.Error(err.Error())
			}
		}
		if err := stub.SetEvent("kept", []byte(args[2])); err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success([]byte(args[1]))
	case "tell": // key
		value, err := stub.GetState(args[0])
		if err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(value)
	case "fail":
		return shim.Error("no: " + args[0])
	case "panic":
		panic("no: " + args[0])
	}
	return shim.Error("no function " + function)
}
