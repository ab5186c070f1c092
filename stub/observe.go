// SPDX-License-Identifier: Apache-2.0

package stub

import "github.com/privatechaincode/fpc/internal/calls"

// Meter measures a stub. Its methods may be called by several goroutines.
type Meter interface {
	calls.Meter
	// Sealed tells that sealed state was written.
	Sealed()
}

type noMeter struct{ calls.Unmeasured }

func (noMeter) Sealed() {}

// observed runs one call and tells meter, log and trace how it ended.
func (s *Stub) observed(name, txID string, run func() ([]byte, error)) ([]byte, error) {
	return calls.Observer{
		Process: "stub", Known: func(name string) bool { _, known := functions[name]; return known },
		Meter: s.config.Meter, Log: s.config.Log, Trace: s.config.Trace,
	}.Call(name, txID, run)
}
