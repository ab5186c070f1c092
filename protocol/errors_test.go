// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

// wantCode fails the test unless the error has the code.
func wantCode(t testing.TB, err error, want protocol.Code) {
	t.Helper()
	if got := protocol.CodeOf(err); got != want {
		t.Errorf("error %v has code %q, want %q", err, got, want)
	}
}

func TestStepErrorSurvivesText(t *testing.T) {
	tests := []struct {
		name string
		err  *protocol.StepError
	}{
		{"plain", &protocol.StepError{Step: "INV-10", Code: protocol.CodeForeignCreator, Reason: "creator is of nobody"}},
		{"hint", protocol.Errorf("REG-12", protocol.CodeNoPolicy, "no policy")},
		{"parentheses", &protocol.StepError{Step: "VAL-3", Code: protocol.CodeWrongVersion, Reason: "version (old)", Hint: "use (this) one"}},
		{"sub-step", &protocol.StepError{Step: "INV-6a", Code: protocol.CodeSealedState, Reason: "no state"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := "chaincode response 500, " + test.err.Error()
			got, ok := protocol.ParseError(text)
			if !ok {
				t.Fatalf("ParseError(%q) found nothing", text)
			}
			if got.Step != test.err.Step || got.Code != test.err.Code || got.Reason != test.err.Reason || got.Hint != test.err.Hint {
				t.Errorf("ParseError(%q) = %+v, want %+v", text, got, test.err)
			}
		})
	}
	if got, ok := protocol.ParseError("connection refused [by peer]"); ok {
		t.Errorf("ParseError of foreign text = %+v, want nothing", got)
	}
}

func TestWrapKeepsInnerCode(t *testing.T) {
	inner := protocol.Errorf("INV-12", protocol.CodeUnknownKey, "other key: %w", io.EOF)
	err := protocol.Wrap("INV-22", protocol.CodeInternal, fmt.Errorf("relayed: %w", inner))
	wantCode(t, err, protocol.CodeUnknownKey)
	if !errors.Is(err, io.EOF) {
		t.Errorf("errors.Is(%v, io.EOF) = false, want true", err)
	}
	wantCode(t, protocol.Wrap("INV-22", protocol.CodeMalformed, io.EOF), protocol.CodeMalformed)
	wantCode(t, io.EOF, "")
}

func TestFailureCrossesTheBoundary(t *testing.T) {
	want := protocol.Errorf("INV-10", protocol.CodeBadTxID, "id is wrong").WithHint("make a new one").WithTxID("ab")
	got := protocol.Failure(fmt.Errorf("outer: %w", want))
	if got.Step != want.Step || got.Code != string(want.Code) || got.Reason != want.Reason || got.Hint != want.Hint {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := protocol.Failure(io.EOF); got.Code != string(protocol.CodeInternal) {
		t.Errorf("error without a code crossed as %q, want %q", got.Code, protocol.CodeInternal)
	}
}

func FuzzParseError(f *testing.F) {
	f.Add("x: INV-10 [bad] reason (hint: do)")
	f.Add("INV-1 [a] (hint: ")
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := protocol.ParseError(text)
		if !ok {
			return
		}
		again, ok := protocol.ParseError(e.Error())
		if !ok || again.Step != e.Step {
			t.Fatalf("ParseError(%q) = %+v, whose text %q reads as %+v", text, e, e.Error(), again)
		}
	})
}
