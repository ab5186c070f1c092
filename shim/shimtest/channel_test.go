// SPDX-License-Identifier: Apache-2.0

package shimtest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// script is a chaincode that does what a test says.
type script func(shim.ChaincodeStubInterface) *shim.Response

func (s script) Init(stub shim.ChaincodeStubInterface) *shim.Response   { return s(stub) }
func (s script) Invoke(stub shim.ChaincodeStubInterface) *shim.Response { return s(stub) }

// run submits one transaction of a chaincode that already holds some keys.
func run(t *testing.T, held map[string]string, s script) (*shimtest.Chaincode, shimtest.Result) {
	t.Helper()
	cc := shimtest.NewChannel("c").Deploy("cc", s)
	for k, v := range held {
		cc.Put(k, []byte(v))
	}
	return cc, cc.Submit(shimtest.Tx{})
}

func TestWritesAreNotReadBack(t *testing.T) {
	var inside []byte
	cc, result := run(t, map[string]string{"k": "old"}, func(stub shim.ChaincodeStubInterface) *shim.Response {
		if err := stub.PutState("k", []byte("new")); err != nil {
			return shim.Error(err.Error())
		}
		inside, _ = stub.GetState("k")
		return shim.Success(nil)
	})
	if !result.OK() || string(inside) != "old" {
		t.Errorf("read inside the transaction: %q (%v), want old", inside, result.Response)
	}
	if got := cc.Get("k"); string(got) != "new" {
		t.Errorf("committed %q, want new", got)
	}
}

func TestFailureCommitsNothing(t *testing.T) {
	for name, fail := range map[string]func() *shim.Response{
		"status 500": func() *shim.Response { return shim.Error("no") },
		"panic":      func() *shim.Response { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			cc, result := run(t, nil, func(stub shim.ChaincodeStubInterface) *shim.Response {
				_ = stub.PutState("k", []byte("v"))
				_ = stub.SetEvent("e", nil)
				return fail()
			})
			if result.OK() || result.Event != nil || cc.Get("k") != nil {
				t.Errorf("response %v, event %v, committed %q, want a failure and nothing else", result.Response, result.Event, cc.Get("k"))
			}
		})
	}
}

func TestEmptyValueDeletes(t *testing.T) {
	cc, _ := run(t, map[string]string{"k": "v"}, func(stub shim.ChaincodeStubInterface) *shim.Response {
		_ = stub.PutState("k", []byte{})
		return shim.Success(nil)
	})
	if got := cc.Keys(); len(got) != 0 {
		t.Errorf("keys %q, want none", got)
	}
}

func TestRangesAndPages(t *testing.T) {
	composite, err := shim.CreateCompositeKey("t", []string{"x"})
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]string{"a": "1", "b": "2", "c": "3", "d": "4", composite: "5"}
	var all, some, first, second, typed []string
	var bookmark string
	_, result := run(t, held, func(stub shim.ChaincodeStubInterface) *shim.Response {
		all = keys(t)(stub.GetStateByRange("", ""))
		some = keys(t)(stub.GetStateByRange("b", "d"))
		typed = keys(t)(stub.GetStateByPartialCompositeKey("t", nil))
		rows, page, err := stub.GetStateByRangeWithPagination("", "", 3, "")
		first, bookmark = keys(t)(rows, err), page.GetBookmark()
		rows, page, err = stub.GetStateByRangeWithPagination("", "", 3, bookmark)
		second = keys(t)(rows, err)
		if page.GetBookmark() != "" || page.GetFetchedRecordsCount() != 1 {
			t.Errorf("last page: %v, want one row and no bookmark", page)
		}
		return shim.Success(nil)
	})
	if !result.OK() {
		t.Fatal(result.Response)
	}
	for _, test := range []struct {
		name      string
		got, want []string
	}{
		{"whole range", all, []string{"a", "b", "c", "d"}},
		{"part", some, []string{"b", "c"}},
		{"composite", typed, []string{composite}},
		{"first page", first, []string{"a", "b", "c"}},
		{"second page", second, []string{"d"}},
		{"bookmark", []string{bookmark}, []string{"d"}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, test.got, test.want)
		}
	}
}

func TestPagesAndWritesDoNotMix(t *testing.T) {
	page := func(stub shim.ChaincodeStubInterface) error {
		_, _, err := stub.GetStateByRangeWithPagination("", "", 1, "")
		return err
	}
	put := func(stub shim.ChaincodeStubInterface) error { return stub.PutState("k", []byte("v")) }
	for name, steps := range map[string][]func(shim.ChaincodeStubInterface) error{
		"write after page": {page, put},
		"page after write": {put, page},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(stub shim.ChaincodeStubInterface) *shim.Response {
				if err := steps[0](stub); err != nil {
					t.Errorf("first step: %v", err)
				}
				if err := steps[1](stub); err == nil {
					t.Error("second step: no error")
				}
				return shim.Success(nil)
			})
		})
	}
}

func TestConflictsShowAtCommit(t *testing.T) {
	for name, read := range map[string]func(shim.ChaincodeStubInterface){
		"key":     func(stub shim.ChaincodeStubInterface) { _, _ = stub.GetState("k") },
		"phantom": func(stub shim.ChaincodeStubInterface) { _, _ = stub.GetStateByRange("a", "z") },
	} {
		t.Run(name, func(t *testing.T) {
			cc := shimtest.NewChannel("c").Deploy("cc", script(func(stub shim.ChaincodeStubInterface) *shim.Response {
				read(stub)
				_ = stub.PutState("mine", []byte("v"))
				return shim.Success(nil)
			}))
			simulation := cc.Simulate(shimtest.Tx{})
			cc.Put("k", []byte("changed"))
			if err := simulation.Commit(); !errors.Is(err, shimtest.ErrConflict) {
				t.Errorf("Commit: %v, want %v", err, shimtest.ErrConflict)
			}
			if err := cc.Simulate(shimtest.Tx{}).Commit(); err != nil {
				t.Errorf("Commit of a fresh run: %v", err)
			}
		})
	}
}

func TestInvokeChaincode(t *testing.T) {
	channel := shimtest.NewChannel("c")
	inner := channel.Deploy("inner", script(func(stub shim.ChaincodeStubInterface) *shim.Response {
		_ = stub.PutState("k", stub.GetArgs()[0])
		if response := stub.InvokeChaincode("outer", nil, ""); !strings.Contains(response.GetMessage(), "already") {
			t.Errorf("calling back: %v, want a refusal", response)
		}
		return shim.Success([]byte(stub.GetTxID()))
	}))
	outer := channel.Deploy("outer", script(func(stub shim.ChaincodeStubInterface) *shim.Response {
		response := stub.InvokeChaincode("inner", shimtest.Args("v"), "")
		if string(response.GetPayload()) != stub.GetTxID() {
			t.Errorf("inner transaction %q, want %q", response.GetPayload(), stub.GetTxID())
		}
		if missing := stub.InvokeChaincode("nobody", nil, ""); missing.GetStatus() != shim.ERROR {
			t.Errorf("calling nobody: %v, want status 500", missing)
		}
		return response
	}))
	if result := outer.Submit(shimtest.Tx{}); !result.OK() || string(inner.Get("k")) != "v" {
		t.Errorf("response %v, inner state %q, want success and v", result.Response, inner.Get("k"))
	}
}

func TestHistoryAndMetadata(t *testing.T) {
	cc := shimtest.NewChannel("c").Deploy("cc", script(func(stub shim.ChaincodeStubInterface) *shim.Response {
		if err := stub.SetStateValidationParameter("k", []byte("policy")); err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(nil)
	}))
	cc.Put("k", []byte("1"))
	cc.Put("k", []byte("2"))
	cc.Submit(shimtest.Tx{})
	stub := cc.NewStub(shimtest.Tx{})
	if policy, err := stub.GetStateValidationParameter("k"); err != nil || string(policy) != "policy" {
		t.Errorf("policy = %q, error %v, want policy", policy, err)
	}
	entries, err := stub.GetHistoryForKey("k")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2", "1"} {
		if entry, err := entries.Next(); err != nil || string(entry.GetValue()) != want {
			t.Errorf("history entry %v, error %v, want %q", entry, err, want)
		}
	}
	if entries.HasNext() {
		t.Error("history has a third entry")
	}
}

func keys(t *testing.T) func(shim.StateQueryIteratorInterface, error) []string {
	return func(rows shim.StateQueryIteratorInterface, err error) []string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var out []string
		for rows.HasNext() {
			row, err := rows.Next()
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, row.GetKey())
		}
		return out
	}
}

// Of several writes to a key the last one counts, as in a write set: a key that
// is deleted and put again in one transaction keeps its policy, and a policy may
// come before the value.
func TestWritesOfOneTransactionAreOne(t *testing.T) {
	policy := []byte("policy")
	var do func(shim.ChaincodeStubInterface) error
	cc := shimtest.NewChannel("c").Deploy("cc", script(func(stub shim.ChaincodeStubInterface) *shim.Response {
		if err := do(stub); err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(nil)
	}))
	submit := func(f func(shim.ChaincodeStubInterface) error) {
		t.Helper()
		do = f
		if r := cc.Submit(shimtest.Tx{}); !r.OK() {
			t.Fatal(r.Response)
		}
	}
	want := func(what, value string, policy []byte) {
		t.Helper()
		got, _ := cc.NewStub(shimtest.Tx{}).GetStateValidationParameter("k")
		if string(cc.Get("k")) != value || !slices.Equal(got, policy) {
			t.Errorf("%s: got %q under policy %q, want %q under %q", what, cc.Get("k"), got, value, policy)
		}
	}
	submit(func(s shim.ChaincodeStubInterface) error {
		return errors.Join(s.SetStateValidationParameter("k", policy), s.PutState("k", []byte("1")))
	})
	want("policy before value", "1", policy)
	submit(func(s shim.ChaincodeStubInterface) error {
		return errors.Join(s.DelState("k"), s.PutState("k", []byte("2")))
	})
	want("deleted and put again", "2", policy)
	submit(func(s shim.ChaincodeStubInterface) error {
		return errors.Join(s.PutState("k", []byte("3")), s.DelState("k"), s.SetStateValidationParameter("k", policy))
	})
	want("deleted with a policy", "", nil)
}
