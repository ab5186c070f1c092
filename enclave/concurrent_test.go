// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/shim"
)

func TestConcurrentInvocations(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	calls := make([]*enclavetest.Call, 40)
	for i := range calls {
		calls[i] = w.Ask(w.Org1.Client(), "set", fmt.Sprint("k", i), fmt.Sprint("v", i))
	}
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(func() {
			a, err := call.Send(host)
			if err != nil || !a.Result || a.Response.GetRwset().GetWrites()[0].GetKey() != fmt.Sprint("k", i) {
				t.Errorf("call %d: got %v, %v", i, a, err)
			}
		})
		if i%10 == 0 {
			wg.Go(func() {
				req := &fpc.RefreshRequest{Msps: w.MSPs(9, w.Org1, w.Org2), AttestationParams: enclavetest.AttestationParams()}
				if _, err := w.Enclave.Refresh(context.Background(), req, nil); err != nil {
					t.Errorf("refresh: %v", err)
				}
			})
		}
	}
	wg.Wait()
}

// A chaincode may use its stub from several goroutines.
func TestConcurrentChaincode(t *testing.T) {
	w := enclavetest.New(t).Start(succeed(func(stub shim.ChaincodeStubInterface) (string, error) {
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			wg.Go(func() {
				_, err := stub.GetState(fmt.Sprint("r", i%5))
				errs[i] = errors.Join(err, stub.PutState(fmt.Sprint("w", i), []byte("v")))
			})
		}
		wg.Wait()
		return "", errors.Join(errs...)
	}))
	a := w.Ask(w.Org1.Client()).MustSend(enclavetest.NewHost())
	wantResult(t, "answer", a, "")
	if r, n := len(a.Response.GetRwset().GetReads()), len(a.Response.GetRwset().GetWrites()); r != 5 || n != 20 {
		t.Errorf("got %d reads and %d writes, want 5 and 20", r, n)
	}
}

// The host's time limit: the state accesses of a chaincode fail at once, and
// what it answers then is an error.
func TestCancelledInvocation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := enclavetest.New(t).Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		_ = stub.PutState("k", []byte("half"))
		if stub.GetStringArgs()[0] == "read" {
			_, _ = stub.GetState("k")
		}
		cancel()
		return shim.Success(nil)
	}))
	for _, what := range []string{"compute", "read"} {
		call := w.Ask(w.Org1.Client(), what)
		resp, err := w.Enclave.Invoke(ctx, call.Request, enclavetest.NewHost())
		if err != nil {
			t.Fatal(err)
		}
		a, err := call.Open(resp.GetResponse())
		if err != nil {
			t.Fatal(err)
		}
		wantSealed(t, what, a, enclave.CodeCancelled)
	}
}

// What is kept of reads is given back, also by chaincodes that leave iterators
// and goroutines behind.
func TestNothingIsKeptAfterAnInvocation(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		if function, args := stub.GetFunctionAndParameters(); function == "put" {
			return answerOf(stub.PutState(args[0], []byte(args[1])))
		}
		it, err := stub.GetStateByRange("", "")
		if err != nil {
			return shim.Error(err.Error())
		}
		go func() {
			for it.HasNext() {
				if _, err := it.Next(); err != nil {
					return
				}
			}
			_ = it.Close()
		}()
		_, err = stub.GetState("k1")
		return answerOf(err)
	}), func(c *enclave.Config) { c.Limits.MaxReadAll = 3000 })
	host := enclavetest.NewHost()
	for i := range 10 {
		put(w, host, fmt.Sprint("k", i), "value")
	}
	for i := range 100 {
		wantResult(t, fmt.Sprint("call ", i), w.Ask(w.Org1.Client(), "read").MustSend(host), "")
	}
}
