// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Format is a form in which events are written.
type Format string

// The formats.
const (
	Text     Format = "text"     // an arrow a line, as in the golden transcripts
	Mermaid  Format = "mermaid"  // https://mermaid.js.org/syntax/sequenceDiagram.html
	PlantUML Format = "plantuml" // https://plantuml.com/sequence-diagram
	SVG      Format = "svg"      // a picture that needs no other program
)

// Formats are all of them.
var Formats = []Format{Text, Mermaid, PlantUML, SVG}

// Write writes events in a format, in the order given.
func Write(w io.Writer, format Format, events []Event) error {
	switch format {
	case Text:
		return Transcript(w, events)
	case Mermaid:
		return writeMermaid(w, newDiagram(events))
	case PlantUML:
		return writePlantUML(w, newDiagram(events))
	case SVG:
		return writeSVG(w, newDiagram(events))
	}
	return fmt.Errorf("no format %.20q; there are %v", string(format), Formats)
}

// lane is one participant of a diagram: in an organisation, or alone.
type lane struct{ kind, org string }

// trusted tells whether a lane is inside an enclave.
func (l lane) trusted() bool {
	return l.kind == "enclave" || l.kind == "chaincode" || l.kind == "ledger"
}

// arrow is one event of a diagram; from and to are indices of lanes.
type arrow struct {
	from, to   int
	step, what string
	refused    bool
}

// diagram is what the three drawings have in common.
type diagram struct {
	lanes  []lane
	arrows []arrow
}

// ofOrganisations are the participants that every organisation has its own of,
// from left to right; alone are those before them, and any others come last.
var (
	alone           = []string{"user", "client", "admin"}
	ofOrganisations = []string{"peer", "lifecycle", "ercc", "stub", "enclave", "chaincode", "ledger"}
)

// newDiagram finds the lanes of events. An event names its receiver's process,
// and so the receiver's organisation. The sender is of the same one, or, where
// the receiver has none, the one of its kind that the event names or that took
// part last.
func newDiagram(events []Event) *diagram {
	var (
		ends  = make([][2]lane, len(events))
		lanes []lane
		last  = map[string]lane{} // by kind
	)
	see := func(l lane) {
		last[l.kind] = l
		if !slices.Contains(lanes, l) {
			lanes = append(lanes, l)
		}
	}
	for i, e := range events {
		to := receiver(e)
		from := sender(e, to, last)
		ends[i] = [2]lane{from, to}
		see(from)
		see(to)
	}
	slices.SortStableFunc(lanes, byPlace)
	d := &diagram{lanes: lanes}
	for i, e := range events {
		d.arrows = append(d.arrows, arrow{
			from: slices.Index(lanes, ends[i][0]), to: slices.Index(lanes, ends[i][1]),
			step: e.Step, what: what(e), refused: e.Attrs[AttrRefused] != "",
		})
	}
	return d
}

func receiver(e Event) lane {
	if slices.Contains(ofOrganisations, e.To) {
		return lane{kind: e.To, org: Organisation(e)}
	}
	return lane{kind: e.To}
}

func sender(e Event, to lane, last map[string]lane) lane {
	switch {
	case e.From == e.To:
		return to
	case !slices.Contains(ofOrganisations, e.From):
		return lane{kind: e.From}
	case to.org != "":
		return lane{kind: e.From, org: to.org}
	case e.Attrs[AttrOrg] != "":
		return lane{kind: e.From, org: e.Attrs[AttrOrg]}
	}
	if l, ok := last[e.From]; ok {
		return l
	}
	return lane{kind: e.From}
}

// byPlace orders lanes from left to right: those that stand alone, organisation
// by organisation, the others.
func byPlace(a, b lane) int {
	place := func(l lane) (group, within int) {
		if i := slices.Index(alone, l.kind); i >= 0 {
			return 0, i
		}
		if i := slices.Index(ofOrganisations, l.kind); i >= 0 {
			return 1, i
		}
		return 2, 0
	}
	groupA, withinA := place(a)
	groupB, withinB := place(b)
	return cmp.Or(cmp.Compare(groupA, groupB), cmp.Compare(a.org, b.org), cmp.Compare(withinA, withinB))
}

// organisations calls f for every run of lanes of one organisation: indices
// from, to (excluded), and its name, which is empty for lanes that have none.
func (d *diagram) organisations(f func(org string, from, to int)) {
	for from := 0; from < len(d.lanes); {
		to := from + 1
		for to < len(d.lanes) && d.lanes[to].org == d.lanes[from].org {
			to++
		}
		f(d.lanes[from].org, from, to)
		from = to
	}
}

// what is an event's message, with the verdict or refusal that it tells.
func what(e Event) string {
	switch code := e.Attrs[AttrCode]; {
	case e.Attrs[AttrRefused] != "":
		return e.What + " [" + e.Attrs[AttrRefused] + "]"
	case code != "" && code != "VALID":
		return e.What + " (" + code + ")"
	}
	return e.What
}

// names gives every lane a name that is an identifier and no other lane's.
func (d *diagram) names() []string {
	names := make([]string, len(d.lanes))
	for i, l := range d.lanes {
		name := identifier(l.kind)
		if l.org != "" {
			name += "_" + identifier(l.org)
		}
		for slices.Contains(names[:i], name) {
			name += "_"
		}
		names[i] = name
	}
	return names
}

// identifier keeps what every drawing language takes in a name.
func identifier(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, s)
	return cmp.Or(s, "_")
}
