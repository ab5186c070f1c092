// SPDX-License-Identifier: Apache-2.0

package peertest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/shim"
)

// Func is a chaincode that is one function.
type Func func(stub shim.ChaincodeStubInterface) *shim.Response

// Init implements shim.Chaincode.
func (f Func) Init(stub shim.ChaincodeStubInterface) *shim.Response { return f(stub) }

// Invoke implements shim.Chaincode.
func (f Func) Invoke(stub shim.ChaincodeStubInterface) *shim.Response { return f(stub) }

// Script is a chaincode whose arguments are commands, run one after the other:
//
//	put KEY VALUE          get KEY             del KEY
//	multi KEY...           batch KEY...        writes KEY=KEY in one batch
//	range START END        part START END N    page START END SIZE [BOOKMARK]
//	own KEY POLICY...      owner KEY           key-level endorsement policy
//	event NAME PAYLOAD     history KEY         call CHAINCODE [COMMAND...]
//	transient KEY          query               private
//	answer STATUS TEXT     ends with that response
//
// A dot stands for an empty word. The payload is what the commands answered,
// joined by newlines; a command that fails ends the script with status 500.
var Script Func = func(stub shim.ChaincodeStubInterface) *shim.Response {
	var out []string
	for _, arg := range stub.GetStringArgs() {
		words := strings.Fields(arg)
		for i, w := range words {
			if w == "." {
				words[i] = ""
			}
		}
		if words[0] == "answer" {
			status, err := strconv.Atoi(words[1])
			if err != nil {
				return shim.Error(err.Error())
			}
			return &shim.Response{Status: int32(status), Message: strings.Join(words[2:], " ")}
		}
		run, ok := commands[words[0]]
		if !ok {
			return shim.Error("no command " + words[0])
		}
		answer, err := run(stub, words[1:])
		if err != nil {
			return shim.Error(fmt.Sprintf("%s: %v", arg, err))
		}
		if answer != "" {
			out = append(out, answer)
		}
	}
	return shim.Success([]byte(strings.Join(out, "\n")))
}

type command func(stub shim.ChaincodeStubInterface, w []string) (string, error)

var commands = map[string]command{
	"put": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		return "", stub.PutState(w[0], []byte(w[1]))
	},
	"get": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		value, err := stub.GetState(w[0])
		return "<" + string(value) + ">", err
	},
	"del": func(stub shim.ChaincodeStubInterface, w []string) (string, error) { return "", stub.DelState(w[0]) },
	"multi": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		values, err := stub.GetMultipleStates(w...)
		return fmt.Sprintf("%q", values), err
	},
	"batch": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		stub.StartWriteBatch()
		for _, key := range w {
			if err := stub.PutState(key, []byte(key)); err != nil {
				return "", err
			}
		}
		return "", stub.FinishWriteBatch()
	},
	"range": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		rows, err := stub.GetStateByRange(w[0], w[1])
		return drain(rows, err, -1)
	},
	"part": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		n, err := strconv.Atoi(w[2])
		if err != nil {
			return "", err
		}
		rows, err := stub.GetStateByRange(w[0], w[1])
		return drain(rows, err, n)
	},
	"page": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		size, err := strconv.Atoi(w[2])
		if err != nil {
			return "", err
		}
		rows, page, err := stub.GetStateByRangeWithPagination(w[0], w[1], int32(size), strings.Join(w[3:], ""))
		keys, err := drain(rows, err, -1)
		return fmt.Sprintf("%s (%d, next %q)", keys, page.GetFetchedRecordsCount(), page.GetBookmark()), err
	},
	"own": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		parsed, err := policy.Parse(strings.Join(w[1:], " "))
		if err != nil {
			return "", err
		}
		raw, err := proto.Marshal(parsed)
		if err != nil {
			return "", err
		}
		return "", stub.SetStateValidationParameter(w[0], raw)
	},
	"owner": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		raw, err := stub.GetStateValidationParameter(w[0])
		if err != nil || raw == nil {
			return "nobody", err
		}
		var parsed common.SignaturePolicyEnvelope
		if err := proto.Unmarshal(raw, &parsed); err != nil {
			return "", err
		}
		return policy.Format(&parsed)
	},
	"event": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		return "", stub.SetEvent(w[0], []byte(w[1]))
	},
	"history": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		rows, err := stub.GetHistoryForKey(w[0])
		if err != nil {
			return "", err
		}
		defer rows.Close()
		var out []string
		for rows.HasNext() {
			row, err := rows.Next()
			if err != nil {
				return "", err
			}
			out = append(out, fmt.Sprintf("%s/%t", row.Value, row.IsDelete))
		}
		return strings.Join(out, " "), nil
	},
	"call": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		target, channel, _ := strings.Cut(w[0], "@")
		response := stub.InvokeChaincode(target, Args(strings.Join(w[1:], " ")), channel)
		return fmt.Sprintf("%d %s%s", response.Status, response.Message, response.Payload), nil
	},
	"transient": func(stub shim.ChaincodeStubInterface, w []string) (string, error) {
		all, err := stub.GetTransient()
		return string(all[w[0]]), err
	},
	"query": func(stub shim.ChaincodeStubInterface, _ []string) (string, error) {
		_, err := stub.GetQueryResult("{}")
		return "", err
	},
	"private": func(stub shim.ChaincodeStubInterface, _ []string) (string, error) {
		return "", stub.PutPrivateData("collection", "key", []byte("value"))
	},
}

// drain reads up to most keys of an iterator, all if most is negative.
func drain(rows shim.StateQueryIteratorInterface, err error, most int) (string, error) {
	if err != nil {
		return "", err
	}
	var keys []string
	for most != len(keys) && rows.HasNext() {
		row, err := rows.Next()
		if err != nil {
			return "", errors.Join(err, rows.Close())
		}
		keys = append(keys, row.Key)
	}
	return strings.Join(keys, " "), rows.Close()
}

// Run is a call of a Script.
func Run(chaincode string, script ...string) Call {
	return Call{Chaincode: chaincode, Args: Args(script...)}
}
