// SPDX-License-Identifier: Apache-2.0

// Package calls is untrusted: it tells meter, log and trace how the calls of
// FPC's own chaincodes ended, registry and stub alike.
package calls

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// Meter measures calls. Begin may be called by several goroutines.
type Meter interface {
	// Begin begins a call of one of the chaincode's functions, or of "unknown";
	// done ends it, with nil for success.
	Begin(function string) (done func(error))
}

// Unmeasured is a meter that measures nothing.
type Unmeasured struct{}

// Begin implements [Meter].
func (Unmeasured) Begin(string) func(error) { return func(error) {} }

// unknownFunction is how a meter is told of what is no function: names come from
// anybody, and a meter must not keep one figure for each.
const unknownFunction = "unknown"

// Observer is told of the calls of one chaincode.
type Observer struct {
	Process string                     // the chaincode's name in the trace
	Known   func(function string) bool // tells the chaincode's functions from others
	// Answers are codes by which a call is answered rather than refused; the
	// trace does not hold them.
	Answers []protocol.Code
	Meter   Meter
	Log     *slog.Logger
	Trace   trace.Recorder
}

// Call runs one call and tells how it ended. A refusal's text never holds secrets
// or arguments (protocol.StepError).
func (o Observer) Call(function, txID string, run func() ([]byte, error)) ([]byte, error) {
	if !o.Known(function) {
		function = unknownFunction
	}
	done, begun := o.Meter.Begin(function), time.Now()
	payload, err := run()
	done(err)
	if err != nil {
		o.Log.Info("call refused", "function", function, "txid", txID, "code", string(protocol.CodeOf(err)), "reason", err)
		o.refused(err, txID)
		return nil, err
	}
	if o.Log.Enabled(context.Background(), slog.LevelDebug) {
		o.Log.Debug("call answered", "function", function, "txid", txID, "took", time.Since(begun), "bytes", len(payload))
	}
	return payload, nil
}

// refused records at which step a call ended, and why.
func (o Observer) refused(err error, txID string) {
	var step *protocol.StepError
	if !errors.As(err, &step) || slices.Contains(o.Answers, step.Code) {
		return
	}
	o.Trace.Record(trace.Event{
		Step: step.Step, From: o.Process, To: o.Process, What: "refused", TxID: txID,
		Attrs: map[string]string{trace.AttrRefused: string(step.Code), trace.AttrReason: step.Reason},
	})
}
