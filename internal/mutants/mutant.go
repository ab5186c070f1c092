// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strings"
)

// mutant is one check taken out, and the test that must notice.
type mutant struct {
	row  string // of the attack table in docs/security.md; empty: a hardening beyond it
	step string // of docs/flows.md
	what string // what is no longer so
	file string
	cut  string // stands in the file exactly once
	put  string // stands there instead; or never
	pkg  string
	test string // or subtest, as -run has it without anchors
}

// never in place of a replacement makes the condition on cut's first line, an if
// or a case, one that never holds.
const never = "never"

func (m mutant) String() string {
	row := "      "
	if m.row != "" {
		row = fmt.Sprintf("row %2s", m.row)
	}
	return fmt.Sprintf("%s  %-6s  %s", row, m.step, m.what)
}

// is tells whether a person who wrote this means the mutant, among others.
func (m mutant) is(only string) bool {
	return only == "" || only == m.row || only == m.step || only == m.pkg || only == m.file
}

// apply returns the file's text without the check.
func (m mutant) apply(text string) (string, error) {
	if n := strings.Count(text, m.cut); m.cut == "" || n != 1 {
		return "", fmt.Errorf("%s: the snippet stands there %d times, want once: bring the table up to date with\n\t%s", m.file, n, m.cut)
	}
	put := m.put
	if put == never {
		var err error
		if put, err = neverHolds(m.cut); err != nil {
			return "", fmt.Errorf("%s: %w:\n\t%s", m.file, err, m.cut)
		}
	}
	return strings.Replace(text, m.cut, put, 1), nil
}

// neverHolds disables the condition on the first line of a snippet. What it is
// made of stays in use, so that it compiles.
func neverHolds(snippet string) (string, error) {
	line, rest, more := strings.Cut(snippet, "\n")
	for _, form := range []struct{ begin, end string }{{"if ", " {"}, {"case ", ":"}} {
		condition, ok := strings.CutPrefix(line, form.begin)
		if !ok {
			continue
		}
		if condition, ok = strings.CutSuffix(condition, form.end); !ok {
			break
		}
		begin := form.begin
		if at := strings.LastIndex(condition, "; "); at >= 0 {
			begin, condition = begin+condition[:at+2], condition[at+2:]
		}
		line = begin + "false && (" + condition + ")" + form.end
		if more {
			line += "\n" + rest
		}
		return line, nil
	}
	return "", errors.New("the snippet begins with no condition, so it needs a replacement")
}
