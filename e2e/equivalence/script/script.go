// SPDX-License-Identifier: Apache-2.0

// Package script is trusted as any private chaincode is: a chaincode that does
// what its arguments say, operation by operation, and answers with what it saw
// of each. Run plain and private with the same operations, it shows whether the
// two are the same.
package script

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/privatechaincode/fpc/shim"
)

// Op is one operation; which fields it uses depends on its kind.
type Op struct {
	Kind  string   `json:"kind"`
	Key   string   `json:"key,omitempty"`   // or start of a range, type of a composite key, name of an event
	End   string   `json:"end,omitempty"`   // of a range
	Parts []string `json:"parts,omitempty"` // attributes, or keys
	Value []byte   `json:"value,omitempty"` // or policy, or payload
	// N is how many rows are taken of a range, negative: all; or the page size.
	N        int32  `json:"n,omitempty"`
	Bookmark string `json:"bookmark,omitempty"`
}

// Program is what one invocation does, and how it answers.
type Program struct {
	Ops     []Op   `json:"ops"`
	Status  int32  `json:"status"`
	Message string `json:"message,omitempty"`
}

// Args returns the arguments of the program's invocation.
func (p Program) Args() ([]string, error) {
	b, err := json.Marshal(p)
	return []string{"run", string(b)}, err
}

// Chaincode runs programs.
type Chaincode struct{}

// Init does nothing.
func (Chaincode) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke runs the program of the first argument. The payload has a line per
// operation; the chaincode goes on after an error, which is in the line.
func (Chaincode) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	var p Program
	function, args := stub.GetFunctionAndParameters()
	if function != "run" || len(args) == 0 || json.Unmarshal([]byte(args[0]), &p) != nil {
		return shim.Error("not a program")
	}
	var log strings.Builder
	for i, op := range p.Ops {
		fmt.Fprintf(&log, "%d %s: %s\n", i, op.Kind, run(stub, op))
	}
	return &shim.Response{Status: p.Status, Message: p.Message, Payload: []byte(log.String())}
}

func run(stub shim.ChaincodeStubInterface, op Op) string {
	if do, ok := operations[op.Kind]; ok {
		return do(stub, op)
	}
	return "no such operation"
}

// operations are all that a chaincode can do privately.
var operations = map[string]func(shim.ChaincodeStubInterface, Op) string{
	"get":   func(s shim.ChaincodeStubInterface, op Op) string { return value(s.GetState(op.Key)) },
	"multi": func(s shim.ChaincodeStubInterface, op Op) string { return values(s.GetMultipleStates(op.Parts...)) },
	"put":   func(s shim.ChaincodeStubInterface, op Op) string { return done(s.PutState(op.Key, op.Value)) },
	"del":   func(s shim.ChaincodeStubInterface, op Op) string { return done(s.DelState(op.Key)) },
	"set-policy": func(s shim.ChaincodeStubInterface, op Op) string {
		return done(s.SetStateValidationParameter(op.Key, op.Value))
	},
	"get-policy": func(s shim.ChaincodeStubInterface, op Op) string {
		return value(s.GetStateValidationParameter(op.Key))
	},
	"event": func(s shim.ChaincodeStubInterface, op Op) string { return done(s.SetEvent(op.Key, op.Value)) },
	"batch": func(s shim.ChaincodeStubInterface, _ Op) string {
		s.StartWriteBatch()
		return done(nil)
	},
	"finish": func(s shim.ChaincodeStubInterface, _ Op) string { return done(s.FinishWriteBatch()) },
	"range": func(s shim.ChaincodeStubInterface, op Op) string {
		it, err := s.GetStateByRange(op.Key, op.End)
		return rows(it, err, op.N)
	},
	"partial": func(s shim.ChaincodeStubInterface, op Op) string {
		it, err := s.GetStateByPartialCompositeKey(op.Key, op.Parts)
		return rows(it, err, op.N)
	},
	"range-pages": func(s shim.ChaincodeStubInterface, op Op) string {
		return pages(op, func(bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
			return s.GetStateByRangeWithPagination(op.Key, op.End, op.N, bookmark)
		})
	},
	"partial-pages": func(s shim.ChaincodeStubInterface, op Op) string {
		return pages(op, func(bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
			return s.GetStateByPartialCompositeKeyWithPagination(op.Key, op.Parts, op.N, bookmark)
		})
	},
	"composite-pages": func(s shim.ChaincodeStubInterface, op Op) string {
		return pages(op, func(bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
			return s.GetAllStatesCompositeKeyWithPagination(op.N, bookmark)
		})
	},
	"compose": func(s shim.ChaincodeStubInterface, op Op) string {
		key, err := s.CreateCompositeKey(op.Key, op.Parts)
		if err != nil {
			return done(err)
		}
		return fmt.Sprintf("%q ", key) + split(s, key)
	},
	"split":      func(s shim.ChaincodeStubInterface, op Op) string { return split(s, op.Key) },
	"arguments":  arguments,
	"transient":  transient,
	"invocation": invocation,
}

func done(err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return "ok"
}

// value tells nil from empty: a chaincode takes nil for absent.
func value(b []byte, err error) string {
	switch {
	case err != nil:
		return done(err)
	case b == nil:
		return "nil"
	}
	return fmt.Sprintf("%q", b)
}

func values(all [][]byte, err error) string {
	if err != nil {
		return done(err)
	}
	out := make([]string, len(all))
	for i, b := range all {
		out[i] = value(b, nil)
	}
	return fmt.Sprint(out)
}

// rows takes up to n rows, asking twice for each whether there is one, and one
// more than there are.
func rows(it shim.StateQueryIteratorInterface, err error, n int32) string {
	if err != nil {
		return done(err)
	}
	var out []string
	for ; n != 0 && it.HasNext() && it.HasNext(); n-- {
		row, err := it.Next()
		if err != nil {
			return done(err)
		}
		out = append(out, fmt.Sprintf("%s %q=%q", row.GetNamespace(), row.GetKey(), row.GetValue()))
	}
	if n != 0 {
		_, err := it.Next()
		out = append(out, done(err))
	}
	err = it.Close()
	return fmt.Sprint(out, " ", done(err), " ", it.HasNext(), " ", done(it.Close()))
}

// maxPages ends paging that goes round in circles.
const maxPages = 100

// pages reads all pages from the bookmark on.
func pages(op Op, page func(bookmark string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error)) string {
	var out strings.Builder
	bookmark := op.Bookmark
	for range maxPages {
		it, metadata, err := page(bookmark)
		if err != nil {
			return out.String() + done(err)
		}
		bookmark = metadata.GetBookmark()
		fmt.Fprintf(&out, "%s fetched %d, next %q; ", rows(it, nil, -1), metadata.GetFetchedRecordsCount(), bookmark)
		if bookmark == "" {
			break
		}
	}
	return out.String()
}

func split(s shim.ChaincodeStubInterface, key string) string {
	objectType, attributes, err := s.SplitCompositeKey(key)
	if err != nil {
		return done(err)
	}
	return fmt.Sprintf("%q %q", objectType, attributes)
}

func arguments(s shim.ChaincodeStubInterface, _ Op) string {
	joined, err := s.GetArgsSlice()
	function, parameters := s.GetFunctionAndParameters()
	return fmt.Sprintf("%q %q %q %q %q %v", s.GetArgs(), s.GetStringArgs(), joined, function, parameters, err)
}

func transient(s shim.ChaincodeStubInterface, _ Op) string {
	all, err := s.GetTransient()
	if err != nil {
		return done(err)
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, fmt.Sprintf("%q=%q", name, all[name]))
	}
	return fmt.Sprint(out)
}
