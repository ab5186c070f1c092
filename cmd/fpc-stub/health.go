// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"sync/atomic"

	"github.com/privatechaincode/fpc/internal/observe"
	"github.com/privatechaincode/fpc/stub"
)

// health is what operators are told of the stub: that it starts, that it serves,
// or that its enclave has ended.
type health struct{ stub atomic.Pointer[stub.Stub] }

// watch makes health and figures of a stub that is about to start part of what
// operators see.
func watch(operations *observe.Operations, config *stub.Config) *health {
	h := &health{}
	operations.Health.Watch("stub", h.check)
	var enclaveUp func() bool
	if config.Start != nil {
		enclaveUp = func() bool { return h.check() == nil }
	}
	config.Meter = observe.NewStub(operations.Metrics, enclaveUp)
	return h
}

// serves tells that the stub has started, its enclave too if it has one.
func (h *health) serves(s *stub.Stub) { h.stub.Store(s) }

func (h *health) check() error {
	s := h.stub.Load()
	if s == nil {
		return errors.New("stub and enclave are starting")
	}
	select {
	case <-s.Done():
		return cmp.Or(s.Err(), errors.New("the stub is ending"))
	default:
		return nil
	}
}
