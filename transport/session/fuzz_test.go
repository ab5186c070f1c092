// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package session

import (
	"errors"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

// refusal fails unless the error is one of this package's, with a code.
func refusal(t *testing.T, err error) {
	t.Helper()
	var step *protocol.StepError
	if !errors.As(err, &step) || step.Step != Step || step.Code == "" || step.Code == protocol.CodeInternal {
		t.Errorf("got %T %v, want a refusal of %s with a code", err, err, Step)
	}
}

// FuzzHello feeds the ledger enclave hellos.
func FuzzHello(f *testing.F) {
	l, err := NewLedger(ledgerConfig("fuzz"))
	if err != nil {
		f.Fatal(err)
	}
	h, err := NewHandshake(platform("enclave"), asked(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(h.Hello())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, hello []byte) {
		if accept, err := l.Accept(hello, now); err != nil {
			refusal(t, err)
		} else if len(accept) == 0 {
			t.Error("neither an accept nor an error")
		}
	})
}

// FuzzAccept feeds a chaincode enclave accepts.
func FuzzAccept(f *testing.F) {
	l, err := NewLedger(ledgerConfig("fuzz"))
	if err != nil {
		f.Fatal(err)
	}
	h, err := NewHandshake(platform("enclave"), asked(), nil)
	if err != nil {
		f.Fatal(err)
	}
	accept, err := l.Accept(h.Hello(), now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(accept)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, accept []byte) {
		if _, err := h.Accept(accept, verifiers, nil, now); err != nil {
			refusal(t, err)
		}
	})
}

// FuzzFrame feeds both ends frames. No frame but the genuine ones is ever taken.
func FuzzFrame(f *testing.F) {
	l, err := NewLedger(ledgerConfig("fuzz"))
	if err != nil {
		f.Fatal(err)
	}
	h, err := NewHandshake(platform("enclave"), asked(), nil)
	if err != nil {
		f.Fatal(err)
	}
	accept, err := l.Accept(h.Hello(), now)
	if err != nil {
		f.Fatal(err)
	}
	s, err := h.Accept(accept, verifiers, nil, now)
	if err != nil {
		f.Fatal(err)
	}
	c, err := s.Seal([]byte("body"))
	if err != nil {
		f.Fatal(err)
	}
	answer, err := echo(l, c.Frame())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.Frame())
	f.Add(answer)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, frame []byte) {
		if r, err := l.Open(frame); err == nil {
			t.Errorf("a request was taken twice, or forged: %q", r.Body())
		} else {
			refusal(t, err)
		}
		if body, err := c.Open(frame); err != nil {
			refusal(t, err)
		} else if string(body) != "[body]" {
			t.Errorf("a forged answer was taken: %q", body)
		}
	})
}
