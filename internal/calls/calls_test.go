// SPDX-License-Identifier: Apache-2.0

package calls

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// told keeps what it is told, as meter and as recorder.
type told struct{ ended, steps []string }

func (t *told) Begin(function string) func(error) {
	return func(err error) { t.ended = append(t.ended, fmt.Sprintf("%s %v", function, err == nil)) }
}

func (t *told) Record(e trace.Event) {
	t.steps = append(t.steps, fmt.Sprintf("%s %s %s %s", e.Step, e.To, e.TxID, e.Attrs[trace.AttrRefused]))
}

func TestCall(t *testing.T) {
	for _, tc := range []struct {
		name, function string
		err            error
		ended          string
		steps          []string
		log            string
	}{
		{"answered", "put", nil, "put true", nil, "call answered"},
		{"refused", "put", protocol.Errorf("REG-12", protocol.CodeNotAdmin, "a member"), "put false", []string{"REG-12 ercc tx1 not_admin"}, "code=not_admin"},
		{"refused as an answer", "put", protocol.Errorf("INV-5", protocol.CodeNotFound, "none yet"), "put false", nil, "code=not_found"},
		{"failed without a step", "put", errors.New("disk full"), "put false", nil, "disk full"},
		{"no function", "0123456789", protocol.Errorf("REG-11", protocol.CodeUnknownFunction, "none"), "unknown false", []string{"REG-11 ercc tx1 unknown_function"}, "function=unknown"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got told
			var log strings.Builder
			payload, err := Observer{
				Process: "ercc", Known: func(name string) bool { return name == "put" },
				Answers: []protocol.Code{protocol.CodeNotFound}, Meter: &got, Trace: &got,
				Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			}.Call(tc.function, "tx1", func() ([]byte, error) { return []byte("payload"), tc.err })
			if !errors.Is(err, tc.err) || (string(payload) == "payload") != (tc.err == nil) {
				t.Errorf("got %q and error %v, want error %v", payload, err, tc.err)
			}
			if want := []string{tc.ended}; !slices.Equal(got.ended, want) {
				t.Errorf("the meter was told %q, want %q", got.ended, want)
			}
			if !slices.Equal(got.steps, tc.steps) {
				t.Errorf("the trace was told %q, want %q", got.steps, tc.steps)
			}
			if !strings.Contains(log.String(), tc.log) || strings.Contains(log.String(), "0123456789") {
				t.Errorf("logged %q, want %q in it", log.String(), tc.log)
			}
		})
	}
}
