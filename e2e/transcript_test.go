// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/trace"
)

var rewrite = flag.Bool("rewrite", false, "write the golden transcripts anew, from this run")

const transcripts = "testdata/transcripts"

// script says which steps of docs/flows.md a transcript must have, in this order;
// others may stand between them. It holds also for what -rewrite writes.
var script = map[string]string{
	"deployment": "LC-1 LC-2 LC-3 LC-4 LC-5 LC-1 LC-2 LC-3 LC-4",
	"registration": "REG-1 REG-2 REG-3 REG-4 REG-6 REG-7 REG-8 REG-10 REG-11 REG-12 REG-13 REG-11 REG-12 REG-13 REG-11 REG-12 REG-13 " +
		"KEY-1 KEY-1 KEY-2 KEY-3 KEY-3 KEY-3",
	"invocation-restarted": "INV-1 INV-2 INV-5 INV-3 INV-4 INV-6 INV-6a INV-6b INV-6c INV-6d INV-7 INV-8 INV-10 INV-12 INV-14 EX-1 EX-2 " +
		"INV-15 INV-16 INV-17 INV-17 INV-18 INV-21 VAL-1 VAL-2 VAL-3 VAL-4 VAL-5 VAL-5 INV-22",
	"invocation": "INV-1 INV-3 INV-4 INV-6 INV-7 INV-8 INV-10 INV-12 INV-14 EX-1 EX-2 INV-15 INV-16 INV-17 INV-17 INV-18 INV-21 " +
		"VAL-1 VAL-2 VAL-3 VAL-4 VAL-5 VAL-5 INV-22",
	"query":      "INV-1 INV-3 INV-4 INV-6 INV-7 INV-8 INV-10 INV-12 INV-14 EX-3 EX-1 INV-15 INV-16 INV-17 INV-17 INV-18 INV-22",
	"validation": "VAL-1 VAL-1 VAL-2 VAL-3 VAL-4 VAL-1 VAL-1 VAL-2 VAL-3 VAL-4 VAL-5 VAL-5 VAL-5 VAL-5",
	"refresh":    "REG-15 REG-15 REG-15 REG-7 REG-11 REG-12 REG-15 REG-13",
	"revocation": "REG-14 REG-14 REG-14",

	"full-ledger":     "VAL-8 VAL-8 VAL-8",
	"full-deployment": "LC-1 LC-2 LC-3 VAL-8 LC-4 VAL-8 VAL-8 VAL-8",
	"full-registration": "REG-1 REG-2 REG-3 REG-4 REG-5 REG-5 REG-5 REG-6 REG-7 REG-8 REG-10 REG-9 REG-9 REG-9 REG-9 REG-9 REG-9 REG-9 REG-7 " +
		"REG-11 REG-12 REG-13 VAL-8 KEY-1 KEY-2 KEY-3 VAL-8",
	"full-keys": "REG-5 REG-9 REG-13 KEY-4 KEY-5 KEY-5 KEY-5 KEY-5 KEY-5 KEY-5 KEY-5 KEY-6 VAL-8 KEY-7 KEY-7 KEY-7 KEY-7 REG-7 KEY-3 VAL-8",
	"full-invocation-restarted": "INV-1 INV-2 INV-5 INV-3 INV-4 INV-20 INV-6 INV-6a INV-6b INV-6c INV-6d INV-7 INV-8 INV-10 INV-9 INV-9 INV-11 " +
		"INV-15 INV-16 INV-17 INV-17 INV-19 INV-6 INV-7 INV-8 INV-10 INV-11 INV-19 INV-21 VAL-6 VAL-7 VAL-8 VAL-7 VAL-8 VAL-7 VAL-8 INV-22",
	"full-invocation": "INV-1 INV-3 INV-4 INV-20 INV-6 INV-7 INV-8 INV-10 INV-12 INV-14 EX-1 INV-11 EX-1 INV-11 EX-2 INV-15 INV-16 INV-17 INV-17 INV-19 " +
		"INV-6 INV-7 INV-8 INV-10 INV-12 INV-14 EX-1 INV-11 EX-1 INV-11 EX-2 INV-15 INV-16 INV-17 INV-17 INV-19 INV-21 VAL-6 VAL-7 VAL-8 VAL-7 VAL-8 VAL-7 VAL-8 INV-22",
	"full-query":   "INV-1 INV-3 INV-4 INV-6 INV-7 INV-8 INV-10 INV-12 INV-13 EX-3 INV-11 EX-3 INV-11 INV-15 INV-16 INV-17 INV-17 INV-19 INV-22",
	"full-refresh": "REG-15 REG-15 INV-9 INV-9 INV-9 REG-15 REG-6 REG-7 REG-11 REG-12 REG-15 REG-13 VAL-8 VAL-8 VAL-8",
}

// noArrow are the names in docs/flows.md that are rules, not messages.
var noArrow = []string{"EX-4", "EX-5"}

// TestTranscripts holds a run against the golden transcripts: every step, at the
// participant that received it, in its process, in order.
func TestTranscripts(t *testing.T) {
	w := newServedWorld(t, "asset")
	r := &run{world: w}

	w.serve(nil, w.name)
	r.take("deployment")

	w.initialise()
	r.take("registration")

	contract := r.contract(1)
	r.invokeRestarted(contract)
	r.take("invocation-restarted")

	r.must(contract.Submit(w.ctx, "UpdateAsset", "a1", "green", "8"))
	r.take("invocation")

	r.must(contract.Evaluate(w.ctx, "AssetsByOwner", "ann"))
	r.take("query")

	r.validate(contract)
	r.take("validation")

	credentials := r.refresh(nil)
	r.take("refresh")

	r.revoke(credentials)
	r.take("revocation")

	r.tookAll("")
}

// tookAll holds the transcripts taken against those of script whose names begin
// so; of Lite, without.
func (r *run) tookAll(mode string) {
	r.t.Helper()
	for name := range script {
		if full := strings.HasPrefix(name, fullMode); full == (mode == fullMode) && !slices.Contains(r.taken, name) {
			r.t.Errorf("transcripts: got %q, want %s too", r.taken, name)
		}
	}
}

// fullMode begins the names of transcripts of Full mode.
const fullMode = "full-"

// run is one run of all flows, and how much of its trace was looked at.
type run struct {
	*world
	begun time.Time
	taken []string
}

// invokeRestarted kills the stub, and starts it when its peer has the proposal:
// a stub that runs as a service is started by its operator, as here.
func (r *run) invokeRestarted(contract *client.Contract) {
	r.t.Helper()
	r.kill(r.service)
	done := make(chan error, 1)
	go func() {
		_, err := contract.Submit(r.ctx, "CreateAsset", "a1", "ann", "blue", "7")
		done <- err
	}()
	r.awaitStep("INV-6")
	r.start(r.service)
	if err := <-done; err != nil {
		r.t.Fatal(err)
	}
}

// validate runs an invocation whose transcript is thrown away up to VAL-1.
func (r *run) validate(contract *client.Contract) {
	r.t.Helper()
	proposal, err := contract.NewProposal(r.ctx, "TransferAsset", client.WithArguments("a1", "bob"))
	if err != nil {
		r.t.Fatal(err)
	}
	validation, err := proposal.Endorse(r.ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	r.begun = time.Now()
	tx, err := validation.Endorse(r.ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	commit, err := tx.Submit(r.ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	defer commit.Close()
	if status, err := commit.Status(); err != nil || status.Err() != nil {
		r.t.Fatalf("commit: got %+v, error %v; want a valid one", status, err)
	}
}

// refresh is REG-15; roots are what ERCC holds the enclave's certificate against,
// nil in Lite. It returns the enclave's id.
func (r *run) refresh(roots []byte) string {
	r.t.Helper()
	credentials, err := r.host().Refresh(r.ctx, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	id, err := admin.Registry{Network: r.As(r.Orgs[0].Admin)}.Register(r.ctx, credentials, r.manifest, roots)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// revoke is REG-14, by administrators of a majority.
func (r *run) revoke(enclaveID string) {
	r.t.Helper()
	for _, want := range []string{"approved: 1 of 2 organisations", "revoked: approved by a lifecycle majority"} {
		org := r.Orgs[0]
		if strings.HasPrefix(want, "approved") {
			org = r.Orgs[1]
		}
		got, err := admin.Registry{Network: r.As(org.Admin)}.Revoke(r.ctx, r.name, enclaveID)
		if err != nil || got != want {
			r.t.Fatalf("revocation by %s: got %q, error %v; want %q", org.MSPID, got, err, want)
		}
	}
}

// take compares what was recorded since the last take with a golden transcript.
func (r *run) take(name string) {
	r.t.Helper()
	events := r.settled()
	apart(r.t, events)
	r.processes(events)
	r.begun = time.Now()
	r.taken = append(r.taken, name)
	var text bytes.Buffer
	if err := trace.Transcript(&text, arrange(events)); err != nil {
		r.t.Fatal(err)
	}
	inOrder(r.t, name, text.String())
	golden := filepath.Join(transcripts, name+".txt")
	if *rewrite {
		if err := os.WriteFile(golden, text.Bytes(), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		r.t.Fatal(err)
	}
	if text.String() != string(want) {
		r.t.Errorf("%s differs from %s (go test ./e2e -run %s -rewrite writes it anew):\ngot\n%swant\n%s", name, golden, r.t.Name(), &text, want)
	}
}

// settled returns the events recorded since the last take, once every peer has
// recorded the commits that the orderer began.
func (r *run) settled() []trace.Event {
	r.t.Helper()
	if r.ledger != nil {
		r.followed()
	}
	return r.awaitTrace(func(events []trace.Event) bool {
		missing := map[string]int{} // commits that are still to come, by transaction
		for _, e := range events {
			switch {
			case e.To == "orderer":
				missing[e.TxID] += len(r.Orgs)
			case e.Step == "VAL-5" || e.Step == "VAL-7":
				missing[e.TxID]--
			}
		}
		for _, n := range missing {
			if n != 0 {
				return false
			}
		}
		return true
	})
}

func (r *run) awaitStep(step string) {
	r.t.Helper()
	r.awaitTrace(taken(step))
}

func (r *run) awaitTrace(enough func([]trace.Event) bool) []trace.Event {
	r.t.Helper()
	return awaitTrace(r.t, r.ctx, r.Trace, r.begun, enough)
}

// awaitTrace reads what a trace has recorded since until it satisfies a condition.
// Files tell nobody that they grew, so it is read again and again.
func awaitTrace(t testing.TB, ctx context.Context, dir string, since time.Time, enough func([]trace.Event) bool) []trace.Event {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		events, err := trace.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		events = slices.DeleteFunc(events, func(e trace.Event) bool { return !e.Time.After(since) })
		if enough(events) {
			return events
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("the trace lacks steps; it has %d", len(events))
		}
	}
}

// hosts are the programs that start enclaves.
var hosts = map[string]string{"enclave": "stub", "ledger": "ledger-host"}

func kindOf(process string) string {
	kind, _, _ := strings.Cut(process, "@")
	return kind
}

// processes holds the process ids in a trace against those of the programs, and
// the enclaves' against their parents: a trace could claim anything.
func (r *run) processes(events []trace.Event) {
	r.t.Helper()
	real := map[string]int{}
	for i, org := range r.Orgs {
		real["ercc@"+org.MSPID] = r.registry.Processes[i].PID()
		if r.service != nil {
			real["stub@"+org.MSPID] = r.service.Processes[i].PID()
		}
		if r.ledger != nil {
			real["ledger-host@"+org.MSPID] = r.ledger.Processes[i].PID()
		}
	}
	for _, e := range events {
		if pid, known := real[e.Process]; known && e.PID != pid {
			r.t.Errorf("%s of %s: process %d, but the program is process %d", e.Step, e.Process, e.PID, pid)
		}
		host, ok := hosts[kindOf(e.Process)]
		if !ok || runtime.GOOS != "linux" {
			continue
		}
		host += "@" + trace.Organisation(e)
		if parent := parentOf(r.t, e.PID); parent != real[host] {
			r.t.Errorf("%s of %s: its process %d is a child of %d, want of %s, %d", e.Step, e.Process, e.PID, parent, host, real[host])
		}
	}
}

func parentOf(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	field := regexp.MustCompile(`(?m)^PPid:\s*(\d+)$`).FindSubmatch(status)
	if field == nil {
		t.Fatalf("no parent in the status of process %d", pid)
	}
	parent, err := strconv.Atoi(string(field[1]))
	if err != nil {
		t.Fatal(err)
	}
	return parent
}

// apart fails where participants that must be apart share a process. Only those
// who invoke and administrate may (this test is both), and, in the embedded
// network, orderer and peers.
func apart(t testing.TB, events []trace.Event) {
	t.Helper()
	in := map[int][]string{}
	for _, e := range events {
		room, _, _ := strings.Cut(e.Process, "@")
		switch room {
		case "client", "admin":
			room = "client or admin"
		case "peer", "orderer":
			room = "network"
		default:
			room = e.Process
		}
		if !slices.Contains(in[e.PID], room) {
			in[e.PID] = append(in[e.PID], room)
		}
	}
	for pid, rooms := range in {
		if len(rooms) > 1 {
			t.Errorf("process %d is shared by %q, who must be apart", pid, rooms)
		}
	}
}

// stepsOf are the steps of a transcript.
func stepsOf(transcript string) []string {
	var steps []string
	for line := range strings.Lines(transcript) {
		steps = append(steps, strings.Fields(line)[0])
	}
	return steps
}

// inOrder holds a transcript against script.
func inOrder(t testing.TB, name, transcript string) {
	t.Helper()
	want := strings.Fields(script[name])
	if len(want) == 0 {
		t.Fatalf("script has nothing for %s", name)
	}
	for _, step := range stepsOf(transcript) {
		if len(want) > 0 && step == want[0] {
			want = want[1:]
		}
	}
	if len(want) > 0 {
		t.Errorf("%s lacks %s, or has it too early; its steps in order: %s\n%s", name, want[0], script[name], transcript)
	}
}

// Every step of docs/flows.md is in some transcript, and no other is.
func TestTranscriptsCoverTheFlows(t *testing.T) {
	flows, err := os.ReadFile("../docs/flows.md")
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z]+-\d+)(a–d)?[ |]`).FindAllSubmatch(flows, -1) {
		if name := string(row[1]); row[2] == nil {
			known = append(known, name)
		} else {
			known = append(known, name+"a", name+"b", name+"c", name+"d")
		}
	}
	if len(known) < 50 {
		t.Fatalf("docs/flows.md: found %d steps (%q), want 50 or more", len(known), known)
	}
	seen := map[string]bool{}
	for name := range script {
		text, err := os.ReadFile(filepath.Join(transcripts, name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range stepsOf(string(text)) {
			seen[step] = true
			if !slices.Contains(known, step) {
				t.Errorf("%s.txt has the step %s, which docs/flows.md does not", name, step)
			}
		}
	}
	for _, step := range known {
		if rule := slices.Contains(noArrow, step); seen[step] == rule {
			t.Errorf("%s of docs/flows.md: in a transcript: %v, want %v", step, seen[step], !rule)
		}
	}
}
