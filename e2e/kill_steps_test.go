// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Steps at which the processes of Lite are killed, as kill -9 does, right after they
// have taken the step.
var (
	initKills   = []string{"REG-1", "REG-2", "REG-3", "REG-4", "REG-6", "REG-7", "KEY-1", "KEY-2"}
	erccKills   = []string{"REG-11", "REG-12", "REG-13", "KEY-3"}
	startKills  = []string{"INV-6a", "INV-6b", "INV-6c", "INV-6d"} // while the stub starts for an invocation
	invokeKills = []string{
		"INV-7", "INV-8", "INV-10", "INV-12", "INV-14", "EX-1", "EX-2", "INV-15", "INV-16", "INV-17", "VAL-1:stub", "VAL-3", "VAL-4",
	}
	queryKills  = []string{"EX-3"}
	lookupKills = []string{"INV-2", "INV-5", "VAL-2"} // by the registry, for client and stub
)

// Steps at which the network process is killed, which holds all peers and the
// orderer: those that it takes itself, and those that a stub or a registry takes.
var (
	peerKills          = []string{"INV-6", "VAL-1:peer", "VAL-5:orderer", "VAL-5:peer"}
	networkInitKills   = []string{"REG-1", "REG-2", "REG-7", "KEY-1"}
	networkERCCKills   = erccKills
	networkStartKills  = []string{"INV-6a", "INV-6b", "INV-6c"}
	networkInvokeKills = []string{"INV-7", "EX-1", "INV-17", "VAL-1:stub", "VAL-3", "VAL-4"}
	networkQueryKills  = queryKills
	networkLookupKills = lookupKills
)

// told are steps of enclaves that the stub, and so the trace, is told with the one
// message that it gets next, and the first step that follows it: in between nobody
// outside the enclave does anything, so for the network they are one moment.
var told = map[string]string{
	"REG-3": "REG-7", "REG-4": "REG-7", "REG-6": "REG-7", "KEY-2": "REG-7", "INV-6d": "INV-6c",
	"INV-8": "EX-1", "INV-10": "EX-1", "INV-12": "EX-1", "INV-14": "EX-1", "EX-2": "INV-17", "INV-15": "INV-17", "INV-16": "INV-17",
}

// notKilled are the steps at which nothing is killed, by the reason.
var notKilled = map[string][]string{
	"the administrator takes it, who keeps nothing: he begins anew": {"REG-8", "REG-10"},
	"the client takes it, who keeps nothing: he begins anew":        {"INV-1", "INV-3", "INV-4", "INV-18", "INV-21", "INV-22"},
}

// killTranscripts are the flows at whose every step Lite is killed.
var killTranscripts = []string{"registration", "invocation-restarted", "query", "validation"}

// Each step of these flows, by their golden transcripts, is a kill point of the
// process that takes it and one of the network, or is left out for a reason; and no
// kill point is of another flow.
func TestKillPointsAreAllSteps(t *testing.T) {
	left := map[string]string{}
	for reason, steps := range notKilled {
		for _, step := range steps {
			left[step] = reason
		}
	}
	network := slices.Concat(peerKills, networkInitKills, networkERCCKills, networkStartKills, networkInvokeKills, networkQueryKills, networkLookupKills)
	checkKillPoints(t, "processes", slices.Concat(initKills, erccKills, startKills, invokeKills, queryKills, lookupKills, peerKills), left)
	for step, with := range told {
		left[step] = "it is one moment with " + with
		if !slices.Contains(network, with) {
			t.Errorf("%s is left out as one with %s, which is no kill point of the network", step, with)
		}
	}
	checkKillPoints(t, "the network", network, left)
}

// checkKillPoints holds kill points, and steps left out by the reason, against the
// golden transcripts.
func checkKillPoints(t *testing.T, of string, points []string, left map[string]string) {
	t.Helper()
	killed := map[string]bool{}
	for _, point := range points {
		step, _, _ := strings.Cut(point, ":")
		killed[step] = true
	}
	taken := map[string]bool{}
	for _, name := range killTranscripts {
		text, err := os.ReadFile(filepath.Join(transcripts, name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range stepsOf(string(text)) {
			taken[step] = true
			if killed[step] == (left[step] != "") {
				t.Errorf("%s of %s.txt: kill point of %s: %v, left out because %q; want one of them", step, name, of, killed[step], left[step])
			}
		}
	}
	for _, step := range slices.Concat(slices.Collect(maps.Keys(killed)), slices.Collect(maps.Keys(left))) {
		if !taken[step] {
			t.Errorf("%s is listed for %s; want a step of %q", step, of, killTranscripts)
		}
	}
}
