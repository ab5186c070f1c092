// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The figures depend on the machine; that each is there, and is a number that
// can be one, does not.
func TestQuickRunHasAllFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(bin, "fpc-stub")); err != nil {
		t.Fatalf("run make build first: %v", err)
	}
	got := make(map[string]Figure)
	if err := Run(t.Context(), Config{Bin: bin, Quick: true}, func(f Figure) { got[f.Name] = f }); err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		switch name {
		case InvokeScale:
			name = InvokeScaleQuick
		case LedgerCatchUp:
			name = LedgerCatchUpQuick
		}
		f, ok := got[name]
		if !ok || f.Value <= 0 || f.Value > 1000 || len(f.Runs) < 2 || f.Meaning == "" {
			t.Errorf("%s: got %+v, want a median above 0 and below 1000 of two runs and more", name, f)
		}
		t.Log(f)
	}
	if len(got) != len(Names()) {
		t.Errorf("got %d figures, want %d", len(got), len(Names()))
	}
}

func TestOnlyOneFigure(t *testing.T) {
	err := Run(t.Context(), Config{Only: "no_such_figure"}, func(f Figure) { t.Errorf("got figure %s", f.Name) })
	if err == nil {
		t.Error("an unknown figure was measured")
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []time.Duration
		want   time.Duration
	}{
		{nil, 0},
		{[]time.Duration{7}, 7},
		{[]time.Duration{9, 1, 5}, 5},
		{[]time.Duration{8, 2, 4, 100}, 6},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestParseStat(t *testing.T) {
	const line = "4217 (a) (b c) S 4200 4217 4217 0 -1 4194560 1 2 3 4 150 25 0 0 20 0 9 0 1 2 300 4\n"
	got, err := parseStat([]byte(line))
	want := process{pid: 4217, parent: 4200, name: "a) (b c", cpu: 1750 * time.Millisecond, resident: 300 * os.Getpagesize()}
	if err != nil || got != want {
		t.Errorf("parseStat = %+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"", "4217 x S", "4217 (x)", "4217 (x) S 1 2 3", "x (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22", ")("} {
		if p, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("parseStat(%q) = %+v, want an error", bad, p)
		}
	}
}

// Enclaves are told apart by their hosts.
func TestProgram(t *testing.T) {
	for _, c := range []struct{ name, host, want string }{
		{"asset-plain", "bench", "asset-plain"},
		{"64", "fpc-stub", "enclave"},
		{"64", "fpc-ledger-host", "ledger enclave"},
	} {
		if got := (process{name: c.name}).program(c.host); got != c.want {
			t.Errorf("process %q below %q: got %q, want %q", c.name, c.host, got, c.want)
		}
	}
}

// Processes below this one count, with their names.
func TestCPUTime(t *testing.T) {
	before, err := cpuTime()
	if err != nil {
		t.Fatal(err)
	}
	// The kernel counts in ticks, and a busy machine may give this process none for long.
	var used time.Duration
	for begun := time.Now(); used <= 0 && time.Since(begun) < time.Minute; {
		after, err := cpuTime()
		if err != nil {
			t.Fatal(err)
		}
		used = after.since(before)[ownName]
	}
	if used <= 0 {
		t.Errorf("got %v CPU time of a busy process, want more than none", used)
	}
}
