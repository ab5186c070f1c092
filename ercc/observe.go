// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"github.com/privatechaincode/fpc/internal/calls"
	"github.com/privatechaincode/fpc/protocol"
)

// Meter measures a registry's calls, by its functions' names.
type Meter = calls.Meter

// observed runs one call and tells meter, log and trace how it ended. That
// something is not registered yet is an answer: stubs ask so before they make
// keys (KEY-1).
func (r *Registry) observed(name, txID string, run func() ([]byte, error)) ([]byte, error) {
	return calls.Observer{
		Process: "ercc", Known: func(name string) bool { _, known := functions[name]; return known },
		Answers: []protocol.Code{protocol.CodeNotFound},
		Meter:   r.config.Meter, Log: r.config.Log, Trace: r.config.Trace,
	}.Call(name, txID, run)
}
