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
// committed at several peers. Such events follow each other organisation by
// organisation, from where the first of them stood; within an organisation, and
// everywhere else, time decides.
func arrange(events []trace.Event) []trace.Event {
	var (
		groups = map[string]*group{} // by transaction: the one that goes on
		of     = make([]*group, len(events))
	)
	for i, e := range events {
		g := groups[e.TxID]
		if e.TxID == "" || organisation(e) == "" || g == nil {
			g = &group{}
		}
		g.add(e)
		of[i], groups[e.TxID] = g, g
		if organisation(e) == "" {
			delete(groups, e.TxID) // what one participant alone receives lies between
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
// of which there is one only: client, admin, orderer.
func organisation(e trace.Event) string {
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
