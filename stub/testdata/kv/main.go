// SPDX-License-Identifier: Apache-2.0

// Kv is a private chaincode for tests of the stub: it does to the state, and to
// its enclave, what its arguments say.
package main

import (
	"os"
	"strings"

	"github.com/privatechaincode/fpc/enclave/private"
	"github.com/privatechaincode/fpc/shim"
)

// variant changes the binary, and so the code id (-ldflags -X main.variant=…).
var variant = "first"

func main() { private.Main(kv{}) }

type kv struct{}

// Init does nothing.
func (kv) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke runs one function.
func (kv) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	function, args := stub.GetFunctionAndParameters()
	payload, err := run(stub, function, args)
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(payload)
}

func run(stub shim.ChaincodeStubInterface, function string, args []string) ([]byte, error) {
	switch function {
	case "put":
		return nil, stub.PutState(args[0], []byte(args[1]))
	case "get":
		return stub.GetState(args[0])
	case "copy": // reads one key and writes what it read to another
		value, err := stub.GetState(args[0])
		if err != nil {
			return nil, err
		}
		return nil, stub.PutState(args[1], value)
	case "rows": // counts a range, and writes the count to a key
		rows, err := list(stub, args[0], args[1])
		if err != nil {
			return nil, err
		}
		return []byte(rows), stub.PutState(args[2], []byte(rows))
	case "fail": // writes, then fails
		if err := stub.PutState(args[0], []byte(args[1])); err != nil {
			return nil, err
		}
		return nil, errText(args[1])
	case "policy":
		return nil, stub.SetStateValidationParameter(args[0], []byte(args[1]))
	case "event":
		return nil, stub.SetEvent(args[0], []byte(args[1]))
	case "variant":
		return []byte(variant), nil
	case "crash":
		os.Exit(7)
	case "hang":
		select {}
	}
	return nil, errText("no such function")
}

func list(stub shim.ChaincodeStubInterface, start, end string) (string, error) {
	rows, err := stub.GetStateByRange(start, end)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var keys []string
	for rows.HasNext() {
		row, err := rows.Next()
		if err != nil {
			return "", err
		}
		keys = append(keys, row.GetKey())
	}
	return strings.Join(keys, ","), nil
}

type errText string

func (e errText) Error() string { return string(e) }
