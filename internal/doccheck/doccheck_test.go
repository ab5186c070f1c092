// SPDX-License-Identifier: Apache-2.0

// Package doccheck holds the documentation to the code, as tests.
package doccheck

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// rows is how many attacks docs/security.md judges.
const rows = 31

var (
	// named is a test as the page names it: folder, a dot, function.
	named = regexp.MustCompile("`([a-zA-Z0-9/_-]+)\\.((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	// row is a line of the table of attacks.
	row = regexp.MustCompile(`(?m)^\| (\d+) \| .*$`)
	// attack is the number, or are the two, in a test's name.
	attack = regexp.MustCompile(`^TestAttack((?:\d\d)+)`)
)

func page(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// declared tells whether a test file of the folder has the function.
func declared(t *testing.T, folder, function string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "\nfunc "+function+"(") {
			return true
		}
	}
	return false
}

// Every test that docs/security.md names exists.
func TestNamedTestsExist(t *testing.T) {
	all := named.FindAllStringSubmatch(page(t), -1)
	if len(all) < 2*rows {
		t.Fatalf("docs/security.md names %d tests, want at least %d: is their form `folder.Test`?", len(all), 2*rows)
	}
	for _, m := range all {
		if !declared(t, m[1], m[2]) {
			t.Errorf("docs/security.md names %s of %s, which no test file there declares", m[2], m[1])
		}
	}
}

// Every test of an attack stands in the table: what is shown is said.
func TestAttacksAreNamed(t *testing.T) {
	declaration := regexp.MustCompile(`(?m)^func (TestAttack\d\d\w*)\(`)
	table := page(t)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, m := range declaration.FindAllSubmatch(b, -1) {
			if name := "`" + filepath.ToSlash(folder) + "." + string(m[1]) + "`"; !strings.Contains(table, name) {
				t.Errorf("docs/security.md does not name %s", name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every attack has its row, and a test with a row's number stands in that row.
func TestRowsAndTheirTests(t *testing.T) {
	seen := map[int]bool{}
	for _, m := range row.FindAllStringSubmatch(page(t), -1) {
		line := m[0]
		number, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		seen[number] = true
		for _, test := range named.FindAllStringSubmatch(line, -1) {
			a := attack.FindStringSubmatch(test[2])
			if a == nil {
				continue
			}
			if want := fmt.Sprintf("%02d", number); !inPairs(a[1], want) {
				t.Errorf("%s stands in row %d of docs/security.md", test[2], number)
			}
		}
	}
	for n := 1; n <= rows; n++ {
		if !seen[n] {
			t.Errorf("docs/security.md has no row for attack %d", n)
		}
	}
}

func inPairs(digits, want string) bool {
	for ; len(digits) >= 2; digits = digits[2:] {
		if digits[:2] == want {
			return true
		}
	}
	return false
}

// Comments refer to pages that a reader of the repository has.
func TestReferencesToPages(t *testing.T) {
	reference := regexp.MustCompile(`(?:docs/)?([a-z-]+\.md)\b`)
	for _, folder := range []string{"attest", "builder", "client", "cmd", "devnet", "enclave", "ercc", "fabric", "fpctest", "internal", "keys", "proto", "protocol", "samples", "shim", "stub", "trace", "transport"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".proto" {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, line := range strings.Split(string(b), "\n") {
				at := strings.Index(line, "// ")
				if at < 0 {
					continue
				}
				for _, m := range reference.FindAllStringSubmatch(line[at:], -1) {
					if _, err := os.Stat(filepath.Join(root, "docs", m[1])); err != nil {
						t.Errorf("%s refers to %s, which docs/ does not have", path, m[0])
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
