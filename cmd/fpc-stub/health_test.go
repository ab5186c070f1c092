// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/internal/observe"
	"github.com/privatechaincode/fpc/stub"
)

// dying is an enclave that ends when it is told to.
type dying struct {
	stub.Enclave
	done chan struct{}
}

func (d dying) Done() <-chan struct{} { return d.done }
func (d dying) Err() error            { return errors.New("signal: killed") }
func (d dying) Stop() error           { return nil }
func (d dying) PID() int              { return 1 }

// Operators are told that a stub starts, serves, and that its enclave is gone.
func TestHealthFollowsTheEnclave(t *testing.T) {
	operations, err := observe.NewOperations("", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	enclave := dying{done: make(chan struct{})}
	config := stub.Config{
		Chaincode: "auction", MSPID: "Org1MSP", StateDir: t.TempDir(),
		Start: func(context.Context, [32]byte) (stub.Enclave, error) { return enclave, nil },
	}
	h := watch(operations, &config)
	if got := operations.Health.Failed(); len(got) != 1 || !strings.Contains(got[0].Reason, "starting") {
		t.Errorf("before the start: got %+v, want that it is starting", got)
	}
	s, err := stub.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h.serves(s)
	if got := operations.Health.Failed(); len(got) != 0 || enclaveUp(t, operations) != 1 {
		t.Errorf("serving: got %+v and enclave_up %v, want nothing and 1", got, enclaveUp(t, operations))
	}
	close(enclave.done)
	<-s.Done()
	if got := operations.Health.Failed(); len(got) != 1 || !strings.Contains(got[0].Reason, "the enclave ended: signal: killed") || enclaveUp(t, operations) != 0 {
		t.Errorf("killed: got %+v and enclave_up %v, want the reason and 0", got, enclaveUp(t, operations))
	}
}

func enclaveUp(t *testing.T, operations *observe.Operations) float64 {
	t.Helper()
	families, err := operations.Metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "fpc_stub_enclave_up" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("no fpc_stub_enclave_up")
	return 0
}
