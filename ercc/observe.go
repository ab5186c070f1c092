// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// Meter measures a registry. Begin may be called by several goroutines.
type Meter interface {
	// Begin begins a call of one of the registry's functions, or of "unknown";
	// done ends it, with nil for success.
	Begin(function string) (done func(error))
}

type noMeter struct{}

func (noMeter) Begin(string) func(error) { return func(error) {} }

// unknownFunction is how a meter is told of what is no function: names come from
// anybody, and a meter must not keep one figure for each.
const unknownFunction = "unknown"

// observed runs one call and tells meter, log and trace how it ended. A refusal's
// text never holds secrets (protocol.StepError).
func (r *Registry) observed(name, txID string, run func() ([]byte, error)) ([]byte, error) {
	if _, known := functions[name]; !known {
		name = unknownFunction
	}
	done, begun := r.config.Meter.Begin(name), time.Now()
	payload, err := run()
	done(err)
	if err != nil {
		r.config.Log.Info("call refused", "function", name, "txid", txID, "code", string(protocol.CodeOf(err)), "reason", err)
		r.refused(err, txID)
		return nil, err
	}
	if r.config.Log.Enabled(context.Background(), slog.LevelDebug) {
		r.config.Log.Debug("call answered", "function", name, "txid", txID, "took", time.Since(begun), "bytes", len(payload))
	}
	return payload, nil
}

// refused records at which step a call ended, and why. That something is not
// registered yet is an answer: stubs ask so before they make keys (KEY-1).
func (r *Registry) refused(err error, txID string) {
	var step *protocol.StepError
	if !errors.As(err, &step) || step.Code == protocol.CodeNotFound {
		return
	}
	r.config.Trace.Record(trace.Event{
		Step: step.Step, From: "ercc", To: "ercc", What: "refused", TxID: txID,
		Attrs: map[string]string{trace.AttrRefused: string(step.Code), trace.AttrReason: step.Reason},
	})
}
