// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"fmt"
	"io"
)

// Transcript writes events as text, an arrow a line:
//
//	INV-8   stub -> enclave: chaincode_invoke [enclave@Org1MSP #3]
//
// Processes are numbered in the order in which they appear, by process id, so
// that a run compares equal to another run, and two participants that share a
// process show the same number.
func Transcript(w io.Writer, events []Event) error {
	numbers := map[int]int{}
	for _, e := range events {
		n, ok := numbers[e.PID]
		if !ok {
			n = len(numbers) + 1
			numbers[e.PID] = n
		}
		arrow := e.From + " -> " + e.To
		if e.From == e.To {
			arrow = e.To
		}
		if _, err := fmt.Fprintf(w, "%-7s %s: %s [%s #%d]\n", e.Step, arrow, e.What, e.Process, n); err != nil {
			return err
		}
	}
	return nil
}
