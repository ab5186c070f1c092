// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the module's, where the table's paths begin.
const root = "../.."

// withoutMutant are the attack rows that no mutant stands for, and why.
var withoutMutant = map[int]string{}

// Every mutant fits the code as it is, and leaves Go behind. make mutants shows
// the rest; here it is only kept from rotting.
func TestTableFitsTheCode(t *testing.T) {
	seen := make(map[string]bool)
	for _, m := range table() {
		text, err := os.ReadFile(filepath.Join(root, m.file))
		if err != nil {
			t.Fatal(err)
		}
		changed, err := m.apply(string(text))
		if err != nil {
			t.Errorf("%s\n%v", m, err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, changed, parser.SkipObjectResolution); err != nil {
			t.Errorf("%s\nthe mutant is no Go: %v", m, err)
		}
		if seen[m.file+changed+m.test] {
			t.Errorf("%s\nstands in the table twice", m)
		}
		seen[m.file+changed+m.test] = true
		if !testIsThere(t, m.pkg, m.test) {
			t.Errorf("%s\n%s has no test %s", m, m.pkg, m.test)
		}
	}
	if len(seen) == 0 {
		t.Error("the table is empty")
	}
}

func testIsThere(t *testing.T, pkg, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d test files, error %v", pkg, len(files), err)
	}
	name, _, _ := strings.Cut(test, "/")
	declared := regexp.MustCompile(`(?m)^func ` + name + `\(`)
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return declared.Match(text)
	})
}

// Every row of the attack table has a mutant, or a reason to have none.
func TestEveryAttackRowHasAMutant(t *testing.T) {
	guarded := make(map[int]bool)
	for _, m := range table() {
		if m.row == "" {
			continue
		}
		n, err := strconv.Atoi(m.row)
		if err != nil || n < 1 || n > 31 {
			t.Errorf("%s: there is no such row", m)
		}
		guarded[n] = true
	}
	for n := 1; n <= 31; n++ {
		if why := withoutMutant[n]; guarded[n] == (why != "") {
			t.Errorf("row %d: a mutant: %t; reason for none: %q", n, guarded[n], why)
		}
	}
}

// withoutStep are the steps of docs/flows.md that no mutant stands for, and why.
var withoutStep = map[string]string{
	"LC-2":   "Fabric's own step",
	"LC-4":   "Fabric's own step",
	"REG-4":  "makes keys; what names them is checked at REG-12 and VAL-3",
	"REG-5":  "a session, as at INV-9; what it teaches is judged at REG-12",
	"REG-8":  "hands on what REG-12 checks",
	"REG-10": "simulated evidence needs nothing",
	"KEY-4":  "finds enclaves that KEY-5 checks",
	"INV-1":  "a call of the user's",
	"INV-18": "hands on what INV-22 checks",
	"INV-19": "hands on what INV-22 checks",
	"VAL-6":  "Fabric's own step",
	"VAL-7":  "Fabric's own step; the rules, which ledger enclaves share, have theirs at VAL-8",
	"EX-4":   "keeps Fabric's meaning; package e2e/equivalence compares it with plain chaincode",
}

// Every step of docs/flows.md has a mutant, or a reason to have none.
func TestEveryStepHasAMutant(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "flows.md"))
	if err != nil {
		t.Fatal(err)
	}
	guarded := make(map[string]bool)
	for _, m := range table() {
		guarded[strings.TrimRight(m.step, "abcd")] = true
	}
	steps := regexp.MustCompile(`(?m)^\| ([A-Z]+-\d+)(?:[a-z]–[a-z])? `).FindAllStringSubmatch(string(page), -1)
	if len(steps) < 40 {
		t.Fatalf("docs/flows.md has %d steps, want at least 40: is their form still | STEP …?", len(steps))
	}
	for _, s := range steps {
		if why := withoutStep[s[1]]; guarded[s[1]] == (why != "") {
			t.Errorf("step %s: a mutant: %t; reason for none: %q", s[1], guarded[s[1]], why)
		}
	}
}

func TestApply(t *testing.T) {
	for name, test := range map[string]struct{ text, cut, put, want string }{
		"replaced":              {"a b c", "b", "d", "a d c"},
		"removed":               {"a b c", " b", "", "a c"},
		"never":                 {"if x {", "if x {", never, "if false && (x) {"},
		"never, after a step":   {"if a, err := f(); err != nil || a {", "if a, err := f(); err != nil || a {", never, "if a, err := f(); false && (err != nil || a) {"},
		"never, more lines":     {"if x {\n\treturn y", "if x {\n\treturn y", never, "if false && (x) {\n\treturn y"},
		"never, in a switch":    {"case x > 1:", "case x > 1:", never, "case false && (x > 1):"},
		"not there":             {"a", "b", "c", ""},
		"there twice":           {"a a", "a", "c", ""},
		"nothing to cut":        {"a", "", "c", ""},
		"never of no condition": {"x := y", "x := y", never, ""},
		"never of half a line":  {"if x &&", "if x &&", never, ""},
	} {
		got, err := mutant{cut: test.cut, put: test.put}.apply(test.text)
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s: got %q and error %v, want %q", name, got, err, test.want)
		}
	}
}

func TestParse(t *testing.T) {
	events := func(list ...string) []byte {
		var lines []string
		for _, e := range list {
			action, test, _ := strings.Cut(e, " ")
			lines = append(lines, fmt.Sprintf(`{"Action":%q,"Test":%q,"Output":"o\n"}`, action, test))
		}
		return []byte(strings.Join(lines, "\n"))
	}
	o := parse(append(events("run TestA", "pass TestA", "run TestB", "run TestB/x", "fail TestB/x", "fail TestB", "run TestC", "skip TestC", "run TestD", "fail "), "\nnot JSON"...))
	want := outcome{passed: []string{"TestA"}, failed: []string{"TestB/x", "TestB"}, running: []string{"TestD"}, output: o.output}
	if !reflect.DeepEqual(o, want) || !strings.HasSuffix(o.output, "not JSON\n") {
		t.Errorf("got %+v, want %+v", o, want)
	}
}
