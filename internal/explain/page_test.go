// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the answers into docs/operate.md")

// symptom is a row of the page's last table: an error's text, what fpc doctor says
// it means, and what to do.
var symptom = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]*) \\| ([^|]*) \\|$")

// metInFullMode are the codes of Full mode that an operator can do something about.
var metInFullMode = []string{
	"ledger_unreachable", "other_ledger", "wrong_ledger", "hidden_head", "not_certified",
	"stale_view", "below_min_head", "foreign_writer", "statement_behind", "statement_fork",
}

// The table of symptoms in docs/operate.md says what fpc doctor does.
func TestTableOfSymptoms(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "operate.md")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, table, found := strings.Cut(string(raw), "## 9. When something does not work")
	if !found {
		t.Fatal("docs/operate.md has no section 9 about what does not work")
	}
	rows, shown := 0, map[string]bool{}
	table = symptom.ReplaceAllStringFunc(table, func(row string) string {
		rows++
		text := symptom.FindStringSubmatch(row)[1]
		known := Text(text)
		if len(known) == 0 {
			t.Errorf("fpc doctor knows nothing of %q", text)
			return row
		}
		why := known[0].Why
		if why == "the text below is all that is known" {
			why = known[0].Failed
		}
		shown[known[0].Code] = true
		want := fmt.Sprintf("| `%s` | %s | %s |", text, why, known[0].Remedy)
		if row != want && !*update {
			t.Errorf("docs/operate.md:\n got %s\nwant %s\n(go test ./internal/explain -run TableOfSymptoms -update)", row, want)
		}
		return want
	})
	if rows < 30 {
		t.Errorf("docs/operate.md has %d rows of symptoms, want 30 and more: is their form | `text` | means | do |?", rows)
	}
	for _, code := range metInFullMode {
		if !shown[code] {
			t.Errorf("docs/operate.md has no row of %s, which operators of Full mode meet", code)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+"## 9. When something does not work"+table), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
