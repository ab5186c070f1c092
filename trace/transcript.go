// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
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
		line := fmt.Sprintf("%-7s %s: %s [%s #%d]", e.Step, arrow, what(e), e.Process, n)
		if _, err := fmt.Fprintln(w, printable(line)); err != nil {
			return err
		}
	}
	return nil
}

// printable keeps a line a line: an enclave's host records what the enclave
// says, and that may be anything.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

var transcriptLine = regexp.MustCompile(`^(\S+) +(\S+)(?: -> (\S+))?: (.*) \[(.*) #([0-9]+)\]$`)

// ReadTranscript reads back what Transcript wrote: events without time and
// transaction, whose process ids are the numbers in it.
func ReadTranscript(r io.Reader) ([]Event, error) {
	var events []Event
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		m := transcriptLine.FindStringSubmatch(lines.Text())
		if m == nil {
			return nil, fmt.Errorf("line %d of the transcript is no step: %.80q", n, lines.Text())
		}
		pid, err := strconv.Atoi(m[6])
		if err != nil {
			return nil, fmt.Errorf("line %d of the transcript: %w", n, err)
		}
		e := Event{Step: m[1], From: m[2], To: m[3], What: m[4], Process: m[5], PID: pid}
		if e.To == "" {
			e.To = e.From
		}
		events = append(events, e)
	}
	return events, lines.Err()
}
