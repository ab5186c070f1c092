// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// Meter measures a stub. Its methods may be called by several goroutines.
type Meter interface {
	// Begin begins a call of one of the stub's functions, or of "unknown"; done
	// ends it, with nil for success.
	Begin(function string) (done func(error))
	// Sealed tells that sealed state was written.
	Sealed()
}

type noMeter struct{}

func (noMeter) Begin(string) func(error) { return func(error) {} }
func (noMeter) Sealed()                  {}

// unknownFunction is how a meter is told of what is no function: names come from
// anybody, and a meter must not keep one figure for each.
const unknownFunction = "unknown"

// observed runs one call and tells meter, log and trace how it ended. A refusal's
// text never holds secrets or arguments (protocol.StepError).
func (s *Stub) observed(name, txID string, run func() ([]byte, error)) ([]byte, error) {
	if _, known := functions[name]; !known {
		name = unknownFunction
	}
	done, begun := s.config.Meter.Begin(name), time.Now()
	payload, err := run()
	done(err)
	if err != nil {
		s.config.Log.Info("call refused", "function", name, "txid", txID, "code", string(protocol.CodeOf(err)), "reason", err)
		s.refused(err, txID)
		return nil, err
	}
	if s.config.Log.Enabled(context.Background(), slog.LevelDebug) {
		s.config.Log.Debug("call answered", "function", name, "txid", txID, "took", time.Since(begun), "bytes", len(payload))
	}
	return payload, nil
}

// refused records at which step a call ended, and why.
func (s *Stub) refused(err error, txID string) {
	var step *protocol.StepError
	if !errors.As(err, &step) {
		return
	}
	s.config.Trace.Record(trace.Event{
		Step: step.Step, From: "stub", To: "stub", What: "refused", TxID: txID,
		Attrs: map[string]string{trace.AttrRefused: string(step.Code), trace.AttrReason: step.Reason},
	})
}
