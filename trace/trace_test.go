// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDirKeepsEventsOfAllProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on", "demand")
	at := time.Unix(1000, 0)
	for i, process := range []string{"stub@Org1MSP", "enclave/odd name"} {
		f, err := OpenDir(dir, process)
		if err != nil {
			t.Fatal(err)
		}
		f.Record(Event{Step: "INV-8", From: "stub", To: "enclave", What: "invoke", TxID: "t1", Time: at.Add(-time.Duration(i) * time.Second)})
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Process != "enclave/odd name" || got[1].Process != "stub@Org1MSP" {
		t.Fatalf("events: got %+v, want the enclave's first and the stub's second", got)
	}
	if got[0].PID != os.Getpid() {
		t.Errorf("pid: got %d, want %d", got[0].PID, os.Getpid())
	}
	if n := len(Run(got, "t1")); n != 2 {
		t.Errorf("events of t1: got %d, want 2", n)
	}
	if n := len(Run(got, "t2")); n != 0 {
		t.Errorf("events of t2: got %d, want 0", n)
	}
}

func TestTornLastLineIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	f, err := OpenDir(dir, "stub")
	if err != nil {
		t.Fatal(err)
	}
	f.Record(Event{Step: "INV-7"})
	if _, err := f.f.WriteString(`{"step":"INV-`); err != nil {
		t.Fatal(err)
	}
	got, err := ReadDir(dir)
	if err != nil || len(got) != 1 {
		t.Fatalf("got %d events and error %v, want 1 and none", len(got), err)
	}
}

func TestNoDirectoryRecordsNothing(t *testing.T) {
	f, err := OpenDir("", "stub")
	if err != nil {
		t.Fatal(err)
	}
	f.Record(Event{Step: "INV-7"}) // must not panic
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTranscriptNumbersProcesses(t *testing.T) {
	events := []Event{
		{Step: "INV-7", From: "peer", To: "stub", What: "invoke", Process: "stub@Org1MSP", PID: 400},
		{Step: "INV-8", From: "stub", To: "enclave", What: "chaincode_invoke", Process: "enclave@Org1MSP", PID: 300},
		{Step: "INV-10", From: "enclave", To: "enclave", What: "verify proposal", Process: "enclave@Org1MSP", PID: 300},
	}
	var b strings.Builder
	if err := Transcript(&b, events); err != nil {
		t.Fatal(err)
	}
	want := `INV-7   peer -> stub: invoke [stub@Org1MSP #1]
INV-8   stub -> enclave: chaincode_invoke [enclave@Org1MSP #2]
INV-10  enclave: verify proposal [enclave@Org1MSP #2]
`
	if b.String() != want {
		t.Errorf("transcript:\ngot\n%swant\n%s", b.String(), want)
	}
}

// list records into itself.
type list []Event

func (l *list) Record(e Event) { *l = append(*l, e) }

func TestJoin(t *testing.T) {
	none, err := OpenDir("", "stub")
	if err != nil {
		t.Fatal(err)
	}
	if got := Join(nil, none, Nop); got != Nop {
		t.Errorf("nothing joined: got %v, want Nop", got)
	}
	if got := Named("stub", none); got != Nop {
		t.Errorf("nothing named: got %v, want Nop", got)
	}
	var a, b list
	if got := Join(nil, &a); got != Recorder(&a) {
		t.Errorf("one joined: got %v, want it", got)
	}
	Named("stub", Join(&a, none, &b)).Record(Event{Step: "INV-7"})
	if len(a) != 1 || len(b) != 1 || a[0].Process != "stub" || !a[0].Time.Equal(b[0].Time) {
		t.Errorf("got %+v and %+v, want one event of the stub in both", a, b)
	}
}
