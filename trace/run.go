// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"slices"
	"strings"
)

// Run returns the events of the run to which a transaction belongs, in their
// order: of the execution and of the validation, whichever of the two ids is
// given, and the start of the stub for which the execution waited, which belongs
// to no transaction.
func Run(events []Event, txID string) []Event {
	ids := runIDs(events, txID)
	waits := waitsOf(events, ids)
	var run []Event
	for _, e := range events {
		if slices.Contains(ids, e.TxID) || slices.ContainsFunc(waits, func(w wait) bool { return w.covers(e) }) {
			run = append(run, e)
		}
	}
	return run
}

// runIDs are the transaction ids of a run: that of the execution first, where
// both are known.
func runIDs(events []Event, txID string) []string {
	if txID == "" {
		return nil
	}
	ids := []string{txID}
	for _, e := range events {
		switch outer := e.Attrs[AttrValidation]; {
		case outer == "" || e.TxID == "":
		case e.TxID == txID && !slices.Contains(ids, outer):
			ids = append(ids, outer)
		case outer == txID && !slices.Contains(ids, e.TxID):
			ids = slices.Insert(ids, 0, e.TxID)
		}
	}
	return ids
}

// wait is how long a peer's proposal waited for its stub.
type wait struct {
	org    string
	before Event // the proposal at the peer
	after  Event // the proposal at the stub
}

// waitsOf finds where the stubs of a run received what their peers had received
// before.
func waitsOf(events []Event, ids []string) []wait {
	var waits []wait
	atPeer := map[string]Event{} // by organisation
	for _, e := range events {
		if !slices.Contains(ids, e.TxID) {
			continue
		}
		switch org := Organisation(e); e.Step {
		case "INV-6":
			atPeer[org] = e
		case "INV-7":
			if proposal, ok := atPeer[org]; ok {
				waits = append(waits, wait{org: org, before: proposal, after: e})
			}
		}
	}
	return waits
}

// covers tells whether an event is of the stub's start (INV-6a to INV-6d).
func (w wait) covers(e Event) bool {
	return e.TxID == "" && strings.HasPrefix(e.Step, "INV-6") && Organisation(e) == w.org &&
		e.Time.After(w.before.Time) && e.Time.Before(w.after.Time)
}

// Organisation is that of the process which received an event: what follows the
// "@" of its name; empty where there is none.
func Organisation(e Event) string {
	_, org, _ := strings.Cut(e.Process, "@")
	return org
}
