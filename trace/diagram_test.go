// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// run is an execution at one organisation and its validation at two, with a
// refusal and a verdict.
func run() []Event {
	return []Event{
		{Step: "INV-1", From: "user", To: "client", What: "invoke", Process: "client"},
		{Step: "INV-6", From: "client", To: "peer", What: "proposal", Process: "peer@Org1MSP"},
		{Step: "INV-8", From: "stub", To: "enclave", What: "chaincode_invoke", Process: "enclave@Org1MSP"},
		{Step: "INV-10", From: "enclave", To: "enclave", What: "verify proposal", Process: "enclave@Org1MSP"},
		{Step: "INV-18", From: "peer", To: "client", What: "ccrsp_msg", Process: "client"},
		{Step: "VAL-2", From: "stub", To: "ercc", What: "queryValidationView", Process: "ercc@Org2MSP"},
		{Step: "VAL-4", From: "stub", To: "stub", What: "refused", Process: "stub@Org2MSP", Attrs: map[string]string{AttrRefused: "stale_read"}},
		{Step: "VAL-5", From: "orderer", To: "peer", What: "block", Process: "peer@Org1MSP", Attrs: map[string]string{AttrCode: "MVCC_READ_CONFLICT"}},
	}
}

func written(t *testing.T, format Format, events []Event) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, format, events); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMermaid(t *testing.T) {
	want := `sequenceDiagram
    participant user as user
    participant client as client
    box transparent Org1MSP
        participant peer_Org1MSP as peer
        participant stub_Org1MSP as stub
        participant enclave_Org1MSP as enclave
    end
    box transparent Org2MSP
        participant ercc_Org2MSP as ercc
        participant stub_Org2MSP as stub
    end
    participant orderer as orderer
    user->>client: INV-1 invoke
    client->>peer_Org1MSP: INV-6 proposal
    stub_Org1MSP->>enclave_Org1MSP: INV-8 chaincode_invoke
    enclave_Org1MSP->>enclave_Org1MSP: INV-10 verify proposal
    peer_Org1MSP->>client: INV-18 ccrsp_msg
    stub_Org2MSP->>ercc_Org2MSP: VAL-2 queryValidationView
    stub_Org2MSP-xstub_Org2MSP: VAL-4 refused [stale_read]
    orderer->>peer_Org1MSP: VAL-5 block (MVCC_READ_CONFLICT)
`
	if got := written(t, Mermaid, run()); got != want {
		t.Errorf("mermaid:\ngot\n%swant\n%s", got, want)
	}
}

func TestPlantUML(t *testing.T) {
	want := `@startuml
hide footbox
actor "user" as user
participant "client" as client
box "Org1MSP"
participant "peer" as peer_Org1MSP
participant "stub" as stub_Org1MSP
participant "enclave" as enclave_Org1MSP #99FF99
end box
box "Org2MSP"
participant "ercc" as ercc_Org2MSP
participant "stub" as stub_Org2MSP
end box
participant "orderer" as orderer
user -> client : INV-1 invoke
client -> peer_Org1MSP : INV-6 proposal
stub_Org1MSP -> enclave_Org1MSP : INV-8 chaincode_invoke
enclave_Org1MSP -> enclave_Org1MSP : INV-10 verify proposal
peer_Org1MSP -> client : INV-18 ccrsp_msg
stub_Org2MSP -> ercc_Org2MSP : VAL-2 queryValidationView
stub_Org2MSP ->x stub_Org2MSP : VAL-4 refused <U+005B>stale_read<U+005D>
orderer -> peer_Org1MSP : VAL-5 block (MVCC_READ_CONFLICT)
@enduml
`
	if got := written(t, PlantUML, run()); got != want {
		t.Errorf("plantuml:\ngot\n%swant\n%s", got, want)
	}
}

// A picture is well-formed XML and says all that the text says.
func TestSVG(t *testing.T) {
	texts := checkSVG(t, written(t, SVG, run()))
	for _, want := range []string{
		"Org1MSP", "Org2MSP", "user", "client", "peer", "enclave", "ercc", "orderer",
		"INV-10 verify proposal", "VAL-4 refused [stale_read]", "VAL-5 block (MVCC_READ_CONFLICT)",
	} {
		if !slices.Contains(texts, want) {
			t.Errorf("texts of the picture: got %q, want %q among them", texts, want)
		}
	}
}

// checkSVG fails where a picture is no XML; it returns its texts.
func checkSVG(t testing.TB, picture string) []string {
	t.Helper()
	var (
		texts []string
		deep  int
		in    strings.Builder
	)
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the picture is no XML: %v\n%s", err, picture)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "text" {
				deep++
			}
		case xml.CharData:
			if deep > 0 {
				in.Write(token)
			}
		case xml.EndElement:
			if token.Name.Local == "text" {
				deep--
				texts = append(texts, in.String())
				in.Reset()
			}
		}
	}
	return texts
}

// Every arrow between two lanes is as long as its text, and lanes do not overlap.
func TestSVGHasRoom(t *testing.T) {
	d := newDiagram(run())
	p := place(d)
	for i := 1; i < len(p.x); i++ {
		if gap := (p.x[i] - p.half[i]) - (p.x[i-1] + p.half[i-1]); gap < svgGap-1 {
			t.Errorf("gap between %v and %v: got %.1f, want %d or more", d.lanes[i-1], d.lanes[i], gap, svgGap)
		}
	}
	for _, a := range d.arrows {
		if got, want := p.x[max(a.from, a.to)]-p.x[min(a.from, a.to)], textWidth(a.step+" "+a.what); a.from != a.to && got < want {
			t.Errorf("%s %s: the arrow is %.0f long, its text %.0f", a.step, a.what, got, want)
		}
	}
	if last := len(p.x) - 1; p.width < p.x[last]+p.half[last] {
		t.Errorf("width: got %.0f, want the last lane's box inside", p.width)
	}
}

func TestUnknownFormat(t *testing.T) {
	err := Write(io.Discard, "dot", run())
	if err == nil || !strings.Contains(err.Error(), "mermaid") {
		t.Errorf("format dot: got error %v, want one that names the formats", err)
	}
}

// What an enclave or a file says cannot break out of a line or into markup.
func TestTextIsNeverMarkup(t *testing.T) {
	evil := []Event{{
		Step: "X\n", From: "stub", To: "enclave", Process: "enclave@Org\"1\n%getenv(\"HOME\")",
		What: "a;b\nend\r<script>alert(1)</script>&#x; %include **bold** \x1b[31m \\n --",
	}}
	for format, lines := range map[Format]int{Text: 1, Mermaid: 6, PlantUML: 8} {
		got := written(t, format, evil)
		if n := strings.Count(got, "\n"); n != lines {
			t.Errorf("%s: got %d lines, want %d:\n%s", format, n, lines, got)
		}
		if format != Text && strings.ContainsAny(got, "%\x1b") || strings.Contains(got, "\x1b") {
			t.Errorf("%s: markup or control characters are left:\n%q", format, got)
		}
	}
	checkSVG(t, written(t, SVG, evil))
}

func TestRunJoinsExecutionAndValidation(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(1, 0).Add(time.Duration(ms) * time.Millisecond) }
	events := []Event{
		{Time: at(0), Step: "INV-6a", Process: "stub@Org1MSP"}, // another start, before
		{Time: at(1), Step: "INV-6", TxID: "in", Process: "peer@Org1MSP"},
		{Time: at(2), Step: "INV-6a", Process: "stub@Org1MSP"},
		{Time: at(3), Step: "INV-6d", Process: "enclave@Org1MSP"},
		{Time: at(3), Step: "INV-6a", Process: "stub@Org2MSP"}, // another organisation's
		{Time: at(4), Step: "INV-7", TxID: "in", Process: "stub@Org1MSP"},
		{Time: at(5), Step: "INV-7", TxID: "other", Process: "stub@Org1MSP"},
		{Time: at(6), Step: "INV-21", TxID: "in", Process: "client", Attrs: map[string]string{AttrValidation: "out"}},
		{Time: at(7), Step: "VAL-1", TxID: "out", Process: "peer@Org1MSP"},
		{Time: at(8), Step: "INV-22", TxID: "in", Process: "client"},
	}
	want := []string{"INV-6", "INV-6a", "INV-6d", "INV-7", "INV-21", "VAL-1", "INV-22"}
	for _, id := range []string{"in", "out"} {
		var got []string
		for _, e := range Run(events, id) {
			got = append(got, e.Step)
		}
		if !slices.Equal(got, want) {
			t.Errorf("run of %q: got %q, want %q", id, got, want)
		}
	}
	for _, id := range []string{"", "unknown"} {
		if got := Run(events, id); len(got) != 0 {
			t.Errorf("run of %q: got %v, want nothing", id, got)
		}
	}
}

func TestReadTranscript(t *testing.T) {
	first := written(t, Text, run())
	events, err := ReadTranscript(strings.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if second := written(t, Text, events); second != first {
		t.Errorf("read and written again:\ngot\n%swant\n%s", second, first)
	}
	if _, err := ReadTranscript(strings.NewReader("INV-1 nothing")); err == nil {
		t.Error("a line that is no step: got no error")
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("INV-8", "stub", "enclave", "chaincode_invoke", "enclave@Org1MSP", "")
	f.Add("VAL-5", "orderer", "peer", "a;b<&>\"'\n", "peer@", "MVCC_READ_CONFLICT")
	f.Add("", "", "", "\xff\xfe", "@@", "\x00")
	f.Fuzz(func(t *testing.T, step, from, to, what, process, code string) {
		events := []Event{{Step: step, From: from, To: to, What: what, Process: process, Attrs: map[string]string{AttrCode: code, AttrRefused: code}}}
		events = append(events, Event{Step: step, From: to, To: from, What: what, Process: process})
		for _, format := range Formats {
			var b bytes.Buffer
			if err := Write(&b, format, events); err != nil {
				t.Fatal(err)
			}
			if format == SVG {
				checkSVG(t, b.String())
			}
			if format == Text && bytes.Count(b.Bytes(), []byte("\n")) != len(events) {
				t.Errorf("text: got %q, want %d lines", b.String(), len(events))
			}
		}
	})
}
