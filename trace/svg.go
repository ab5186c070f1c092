// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Measures of a picture, in pixels. Texts are monospaced, so their width is
// known without a font.
const (
	svgLetter = 7.3 // width of a letter
	svgMargin = 16
	svgHead   = 30 // height of a participant's box
	svgRow    = 26 // height of an event
	svgGap    = 24 // between two lanes at least
	svgLoop   = 22 // how far an event at one participant reaches to the right
)

// svgHalo keeps a text readable where a lifeline passes behind it.
const svgHalo = `stroke="#fff" stroke-width="3" paint-order="stroke"`

// picture is a diagram with its places.
type picture struct {
	*diagram
	x      []float64 // middle of every lane
	half   []float64 // half the width of its box
	width  float64
	height float64
	boxed  bool // whether organisations are named
}

// writeSVG draws a diagram.
func writeSVG(w io.Writer, d *diagram) error {
	p := place(d)
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12">`+"\n",
		p.width, p.height, p.width, p.height)
	fmt.Fprintln(out, `<defs>`+svgHeadOf("arrow", "#333")+svgHeadOf("refusal", "#b00020")+`</defs>`)
	fmt.Fprintln(out, `<rect width="100%" height="100%" fill="#fff"/>`)
	p.drawOrganisations(out)
	p.drawLanes(out)
	for i := range p.arrows {
		p.drawArrow(out, i)
	}
	fmt.Fprintln(out, "</svg>")
	return out.Flush()
}

func svgHeadOf(id, colour string) string {
	return fmt.Sprintf(`<marker id="%s" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="%s"/></marker>`, id, colour)
}

// place gives every lane as much room as its name and its events need.
func place(d *diagram) *picture {
	p := &picture{diagram: d, x: make([]float64, len(d.lanes)), half: make([]float64, len(d.lanes))}
	for i, l := range d.lanes {
		p.half[i] = textWidth(l.kind)/2 + 10
		p.boxed = p.boxed || l.org != ""
	}
	// room[i] is what must lie between lane i and the next.
	room := make([]float64, len(d.lanes))
	for i := range d.lanes {
		room[i] = p.half[i] + svgGap
		if i+1 < len(d.lanes) {
			room[i] += p.half[i+1]
		}
	}
	for _, a := range d.arrows {
		left, right := min(a.from, a.to), max(a.from, a.to)
		switch need := textWidth(a.step+" "+a.what) + 2*svgGap/2; {
		case left == right:
			room[left] = max(room[left], need+svgLoop)
		case right == left+1:
			room[left] = max(room[left], need)
		}
	}
	at := float64(svgMargin)
	for i := range d.lanes {
		if i == 0 {
			at += p.half[0]
		} else {
			at += room[i-1]
		}
		p.x[i] = at
		p.width = at + room[i] + svgMargin
	}
	p.height = p.top() + float64(len(d.arrows)+1)*svgRow + svgMargin
	p.spread()
	return p
}

// spread moves lanes apart where an arrow over several of them is shorter than
// its text.
func (p *picture) spread() {
	for _, a := range p.arrows {
		left, right := min(a.from, a.to), max(a.from, a.to)
		if lacks := textWidth(a.step+" "+a.what) + svgGap - (p.x[right] - p.x[left]); right > left && lacks > 0 {
			for i := right; i < len(p.x); i++ {
				p.x[i] += lacks
			}
			p.width += lacks
		}
	}
}

// top is where the lifelines begin.
func (p *picture) top() float64 {
	top := float64(svgMargin + svgHead)
	if p.boxed {
		top += svgRow
	}
	return top
}

func (p *picture) drawOrganisations(out io.Writer) {
	p.organisations(func(org string, from, to int) {
		if org == "" {
			return
		}
		left := p.x[from] - p.half[from] - 8
		right := p.x[to-1] + p.half[to-1] + 8
		fmt.Fprintf(out, `<rect x="%.1f" y="%d" width="%.1f" height="%.1f" rx="4" fill="#f3f5f8" stroke="#d5dae1"/><text x="%.1f" y="%d" fill="#555">%s</text>`+"\n",
			left, svgMargin/2, right-left, p.height-svgMargin, left+8, svgMargin/2+17, svgText(org))
	})
}

func (p *picture) drawLanes(out io.Writer) {
	for i, l := range p.lanes {
		fill := "#fff"
		if l.trusted() {
			fill = trustedColour
		}
		fmt.Fprintf(out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#999" stroke-dasharray="4 3"/>`+"\n", p.x[i], p.top(), p.x[i], p.height-svgMargin)
		fmt.Fprintf(out, `<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="3" fill="%s" stroke="#333"/><text x="%.1f" y="%.1f" text-anchor="middle" font-weight="bold">%s</text>`+"\n",
			p.x[i]-p.half[i], p.top()-svgHead, 2*p.half[i], svgHead-4, fill, p.x[i], p.top()-svgHead+17, svgText(l.kind))
	}
}

func (p *picture) drawArrow(out io.Writer, i int) {
	a, y := p.arrows[i], p.top()+float64(i+1)*svgRow
	colour, head := "#333", "arrow"
	if a.refused {
		colour, head = "#b00020", "refusal"
	}
	label := fmt.Sprintf(`<tspan font-weight="bold">%s</tspan> %s`, svgText(a.step), svgText(a.what))
	from, to := p.x[a.from], p.x[a.to]
	if a.from == a.to {
		fmt.Fprintf(out, `<path d="M%.1f %.1fh%dv10h-%d" fill="none" stroke="%s" marker-end="url(#%s)"/>`, from, y-7, svgLoop-6, svgLoop-8, colour, head)
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f" fill="%s" %s>%s</text>`+"\n", from+svgLoop, y+2, colour, svgHalo, label)
		return
	}
	fmt.Fprintf(out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" marker-end="url(#%s)"/>`, from, y, to, y, colour, head)
	fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="%s" %s>%s</text>`+"\n", (from+to)/2, y-5, colour, svgHalo, label)
}

func textWidth(s string) float64 { return float64(utf8.RuneCountInString(s)) * svgLetter }

// svgText escapes text for an SVG's text elements.
func svgText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(strings.Join(strings.Fields(s), " "))) // a Builder takes everything
	return b.String()
}
