// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// trustedColour is the one that the specification's diagrams give to enclaves.
const trustedColour = "#99FF99"

// writePlantUML writes a diagram as PlantUML.
func writePlantUML(w io.Writer, d *diagram) error {
	out := bufio.NewWriter(w)
	names := d.names()
	fmt.Fprintln(out, "@startuml\nhide footbox")
	d.organisations(func(org string, from, to int) {
		if org != "" {
			fmt.Fprintf(out, "box \"%s\"\n", plantUMLText(org))
		}
		for i := from; i < to; i++ {
			l := d.lanes[i]
			kind, colour := "participant", ""
			if l.kind == "user" || l.kind == "admin" {
				kind = "actor"
			}
			if l.trusted() {
				colour = " " + trustedColour
			}
			fmt.Fprintf(out, "%s \"%s\" as %s%s\n", kind, plantUMLText(l.kind), names[i], colour)
		}
		if org != "" {
			fmt.Fprintln(out, "end box")
		}
	})
	for _, a := range d.arrows {
		arrow := "->"
		if a.refused {
			arrow = "->x"
		}
		fmt.Fprintf(out, "%s %s %s : %s %s\n", names[a.from], arrow, names[a.to], plantUMLText(a.step), plantUMLText(a.what))
	}
	fmt.Fprintln(out, "@enduml")
	return out.Flush()
}

// plantUMLText makes any text one that PlantUML shows as it is. It has markup,
// and a preprocessor that reads files and variables, so everything but words and
// plain punctuation is written as a code point.
func plantUMLText(s string) string {
	var b strings.Builder
	before := rune(0)
	for _, r := range s {
		plain := r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" .,:()@", r))
		single := (r == '-' || r == '_') && before != r // twice, they are markup
		switch {
		case r < ' ' || r == 0x7f:
			b.WriteByte(' ')
		case plain || single:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
		before = r
	}
	return b.String()
}
