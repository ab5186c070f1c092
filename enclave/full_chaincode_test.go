// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"fmt"
	"strings"

	"github.com/privatechaincode/fpc/shim"
)

// script is a chaincode whose arguments are what it does, one after the other:
// get:KEY, put:KEY=VALUE, del:KEY, range:START..END, first:START..END (of which it
// takes one row), event:NAME, policy:KEY=POLICY, readpolicy:KEY, fail, panic. Its
// answer is what it read.
type script struct{}

func (script) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

func (script) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	var out strings.Builder
	for _, arg := range stub.GetArgs() {
		what, rest, _ := strings.Cut(string(arg), ":")
		if err := scripted(stub, what, rest, &out); err != nil {
			return shim.Error(err.Error())
		}
	}
	return shim.Success([]byte(out.String()))
}

func scripted(stub shim.ChaincodeStubInterface, what, rest string, out *strings.Builder) error {
	key, value, _ := strings.Cut(rest, "=")
	switch what {
	case "get":
		got, err := stub.GetState(rest)
		fmt.Fprintf(out, "%s=%s;", rest, got)
		return err
	case "put":
		return stub.PutState(key, []byte(value))
	case "del":
		return stub.DelState(rest)
	case "range", "first":
		start, end, _ := strings.Cut(rest, "..")
		return scan(stub, start, end, what == "first", out)
	case "event":
		return stub.SetEvent(rest, []byte("the event's payload"))
	case "policy":
		return stub.SetStateValidationParameter(key, []byte(value))
	case "readpolicy":
		got, err := stub.GetStateValidationParameter(rest)
		fmt.Fprintf(out, "%x;", got)
		return err
	case "panic":
		panic("secret")
	}
	return fmt.Errorf("script: %s", what)
}

func scan(stub shim.ChaincodeStubInterface, start, end string, one bool, out *strings.Builder) error {
	rows, err := stub.GetStateByRange(start, end)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.HasNext() {
		kv, err := rows.Next()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s=%s,", kv.GetKey(), kv.GetValue())
		if one {
			break
		}
	}
	return nil
}
