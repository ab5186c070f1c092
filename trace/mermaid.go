// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// writeMermaid writes a diagram as Mermaid, which GitHub draws.
func writeMermaid(w io.Writer, d *diagram) error {
	out := bufio.NewWriter(w)
	names := d.names()
	fmt.Fprintln(out, "sequenceDiagram")
	d.organisations(func(org string, from, to int) {
		indent := "    "
		if org != "" {
			fmt.Fprintf(out, "    box transparent %s\n", mermaidText(org))
			indent = "        "
		}
		for i := from; i < to; i++ {
			fmt.Fprintf(out, "%sparticipant %s as %s\n", indent, names[i], mermaidText(d.lanes[i].kind))
		}
		if org != "" {
			fmt.Fprintln(out, "    end")
		}
	})
	for _, a := range d.arrows {
		arrow := "->>"
		if a.refused {
			arrow = "-x"
		}
		fmt.Fprintf(out, "    %s%s%s: %s %s\n", names[a.from], arrow, names[a.to], mermaidText(a.step), mermaidText(a.what))
	}
	return out.Flush()
}

// mermaidText makes any text one that Mermaid shows as it is: what has a meaning
// to it becomes an entity code.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < ' ' || r == 0x7f:
			b.WriteByte(' ')
		case strings.ContainsRune("#;<>&\"`%{}\\", r):
			fmt.Fprintf(&b, "#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
