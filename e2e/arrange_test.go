// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/trace"
)

// arrange puts events that several organisations received at the same time into
// one order: the same proposal, endorsed at several peers, and the same block,
// committed at several peers and, in Full mode, taken by several ledger enclaves.
// Such events follow each other organisation by organisation, from where the first
// of them stood; within an organisation, and everywhere else, time decides: there
// one step waits for the other. None is left out.
func arrange(events []trace.Event) []trace.Event {
	events = afterTheirTransactions(events)
	var (
		groups = map[string]*group{} // by transaction: the one that goes on
		of     = make([]*group, len(events))
		starts = startsOfStubs(events)
	)
	for i, e := range events {
		run := starts[i]
		if run == "" {
			run = e.TxID
		}
		if commits(e) {
			run = "commit " + e.TxID
		}
		g := groups[run]
		if run == "" || organisation(e) == "" || g == nil {
			g = &group{}
		}
		g.add(e)
		of[i], groups[run] = g, g
		if organisation(e) == "" {
			delete(groups, run) // what one participant alone receives lies between
		}
	}
	arranged := make([]trace.Event, 0, len(events))
	for i, e := range events {
		switch g := of[i]; {
		case len(g.organisations) < 2:
			arranged = append(arranged, e)
		case !g.done:
			arranged, g.done = append(arranged, g.byOrganisation()...), true
		}
	}
	return arranged
}

// commits tells whether an event is of a block at an organisation: it waits for the
// transaction, and nobody of the transaction waits for the last of them.
func commits(e trace.Event) bool {
	return organisation(e) != "" && slices.Contains([]string{"VAL-5", "VAL-7", "VAL-8"}, e.Step)
}

// afterTheirTransactions puts the events of blocks right behind the last event of
// their transaction that came before all of them: peers and ledger enclaves take
// blocks while others go on. Those of transactions that have no such event, as when
// ledger enclaves catch up, lose their transaction: they are one group.
func afterTheirTransactions(events []trace.Event) []trace.Event {
	begun := map[string]bool{}        // transactions of which a block came
	anchor := map[string]int{}        // index of their last event before
	behind := map[int][]trace.Event{} // by that index
	ordered := make([]trace.Event, 0, len(events))
	for i, e := range events {
		switch {
		case !commits(e):
			if !begun[e.TxID] {
				anchor[e.TxID] = i
			}
			continue
		case e.TxID != "":
			begun[e.TxID] = true
		}
		if at, ok := anchor[e.TxID]; ok && e.TxID != "" {
			behind[at] = append(behind[at], e)
		}
	}
	for i, e := range events {
		_, anchored := anchor[e.TxID]
		switch {
		case !commits(e):
			ordered = append(append(ordered, e), behind[i]...)
		case e.TxID == "" || !anchored:
			e.TxID = ""
			ordered = append(ordered, e)
		}
	}
	return ordered
}

// startsOfStubs finds the invocations for which stubs are started (INV-6a to
// INV-6d), which have no transaction themselves; the keys are indices of events.
func startsOfStubs(events []trace.Event) map[int]string {
	starts := map[int]string{}
	atPeer := map[string]string{} // transaction of an organisation's last proposal
	for i, e := range events {
		switch org := organisation(e); {
		case e.Step == "INV-6":
			atPeer[org] = e.TxID
		case e.TxID == "" && strings.HasPrefix(e.Step, "INV-6") && atPeer[org] != "":
			starts[i] = atPeer[org]
		}
	}
	return starts
}

// group is what organisations receive at the same time for one transaction.
type group struct {
	events        []trace.Event
	organisations []string
	done          bool
}

func (g *group) add(e trace.Event) {
	g.events = append(g.events, e)
	if o := organisation(e); !slices.Contains(g.organisations, o) {
		g.organisations = append(g.organisations, o)
	}
}

func (g *group) byOrganisation() []trace.Event {
	return slices.SortedStableFunc(slices.Values(g.events), func(a, b trace.Event) int {
		return cmp.Compare(organisation(a), organisation(b))
	})
}

// organisation is that of the process which received an event; empty for those
// of which there is one only: client, admin, orderer. An answer that the client
// receives belongs to who gave it.
func organisation(e trace.Event) string {
	if org := e.Attrs[trace.AttrOrg]; org != "" {
		return org
	}
	kind, org, _ := strings.Cut(e.Process, "@")
	if kind == "orderer" {
		return ""
	}
	return org
}

func TestArrange(t *testing.T) {
	event := func(text string) trace.Event {
		f := strings.Fields(text) // transaction step process
		return trace.Event{TxID: f[0], Step: f[1], Process: f[2]}
	}
	for name, test := range map[string]struct{ got, want []string }{
		"endorsed by two at once": {
			[]string{"i INV-21 client", "v VAL-1 peer@B", "v VAL-1 peer@A", "v VAL-1 stub@B", "v VAL-3 stub@B", "v VAL-1 stub@A", "v VAL-3 stub@A"},
			[]string{"i INV-21 client", "v VAL-1 peer@A", "v VAL-1 stub@A", "v VAL-3 stub@A", "v VAL-1 peer@B", "v VAL-1 stub@B", "v VAL-3 stub@B"},
		},
		"committed while the client goes on": {
			[]string{"v VAL-1 peer@A", "v VAL-1 peer@B", "v VAL-5 orderer@O", "v VAL-5 peer@B", "i INV-22 client", "v VAL-5 peer@A"},
			[]string{"v VAL-1 peer@A", "v VAL-1 peer@B", "v VAL-5 orderer@O", "v VAL-5 peer@A", "v VAL-5 peer@B", "i INV-22 client"},
		},
		"two enclaves at once, answering the client": {
			[]string{"i INV-20 client", "i INV-6 peer@B", "i INV-6 peer@A", "i INV-8 enclave@A", "i INV-8 enclave@B", "i INV-19 client@B", "i INV-16 enclave@A", "i INV-19 client@A", "i INV-21 client"},
			[]string{"i INV-20 client", "i INV-6 peer@A", "i INV-8 enclave@A", "i INV-16 enclave@A", "i INV-19 client@A", "i INV-6 peer@B", "i INV-8 enclave@B", "i INV-19 client@B", "i INV-21 client"},
		},
		"a stub starts while another enclave runs": {
			[]string{"i INV-6 peer@A", "i INV-6 peer@B", "i INV-7 stub@B", "- INV-6a stub@A", "i INV-8 enclave@B", "i INV-7 stub@A"},
			[]string{"i INV-6 peer@A", "- INV-6a stub@A", "i INV-7 stub@A", "i INV-6 peer@B", "i INV-7 stub@B", "i INV-8 enclave@B"},
		},
		"ledger enclaves follow while others go on": {
			[]string{"r REG-13 ercc@A", "r REG-13 ercc@B", "r VAL-8 ledger@B", "k KEY-1 stub@A", "i VAL-6 orderer@O", "r VAL-8 ledger@A", "i VAL-7 peer@A", "i VAL-8 ledger@A", "i INV-22 client", "i VAL-7 peer@B", "i VAL-8 ledger@B"},
			[]string{"r REG-13 ercc@A", "r REG-13 ercc@B", "r VAL-8 ledger@A", "r VAL-8 ledger@B", "k KEY-1 stub@A", "i VAL-6 orderer@O", "i VAL-7 peer@A", "i VAL-8 ledger@A", "i VAL-7 peer@B", "i VAL-8 ledger@B", "i INV-22 client"},
		},
		"ledger enclaves catch up": {
			[]string{"- VAL-8 ledger@B", "x VAL-8 ledger@A", "x VAL-8 ledger@B", "- VAL-8 ledger@A"},
			[]string{"- VAL-8 ledger@A", "- VAL-8 ledger@A", "- VAL-8 ledger@B", "- VAL-8 ledger@B"},
		},
		"one organisation alone keeps its time": {
			[]string{"i INV-6 peer@A", "- INV-6a stub@A", "i INV-7 stub@A", "i INV-17 peer@A"},
			[]string{"i INV-6 peer@A", "- INV-6a stub@A", "i INV-7 stub@A", "i INV-17 peer@A"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var events []trace.Event
			for _, text := range test.got {
				e := event(text)
				if e.TxID == "-" {
					e.TxID = ""
				}
				events = append(events, e)
			}
			var got []string
			for _, e := range arrange(events) {
				got = append(got, cmp.Or(e.TxID, "-")+" "+e.Step+" "+e.Process)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}
