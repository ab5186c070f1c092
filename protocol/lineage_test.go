// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

func TestLineage(t *testing.T) {
	hard := protocol.Custody{Platform: "sevsnp", TCB: 7}
	debug := protocol.Custody{Platform: "sevsnp", TCB: 7, Debug: true}
	l := protocol.NewLineage(sim, hard, sim)
	if got := l.Custodies(); len(got) != 2 || !l.Contains(hard) || !l.Contains(sim) || l.Contains(debug) {
		t.Errorf("lineage = %v, want those of sevsnp and sim once each", got)
	}
	u := protocol.NewLineage(hard).Union(protocol.NewLineage(debug))
	if !u.Contains(hard) || !u.Contains(debug) || u.Contains(sim) {
		t.Errorf("union = %v, want both custodies of sevsnp", u.Custodies())
	}
	back, err := protocol.LineageFromPB("KEY-3", u.PB())
	if err != nil || len(back.Custodies()) != 2 {
		t.Errorf("LineageFromPB = %v, %v, want %v", back.Custodies(), err, u.Custodies())
	}
	swapped := u.PB()
	swapped.Custodies[0], swapped.Custodies[1] = swapped.Custodies[1], swapped.Custodies[0]
	_, err = protocol.LineageFromPB("KEY-3", swapped)
	wantCode(t, err, protocol.CodeMalformed)
	twice := protocol.NewLineage(sim).PB()
	twice.Custodies = append(twice.Custodies, twice.Custodies[0])
	_, err = protocol.LineageFromPB("KEY-3", twice)
	wantCode(t, err, protocol.CodeMalformed)
}

func TestLineageCovers(t *testing.T) {
	l := protocol.NewLineage(protocol.Custody{Platform: "sim", TCB: 3, Debug: true}, protocol.Custody{Platform: "sevsnp", TCB: 7})
	for holder, want := range map[protocol.Custody]bool{
		{Platform: "sevsnp", TCB: 7}:              true,
		{Platform: "sevsnp", TCB: 9}:              true,
		{Platform: "sevsnp", TCB: 7, Debug: true}: false,
		{Platform: "sim", TCB: 1, Debug: true}:    true,
		{Platform: "sim", TCB: 3}:                 true,
		{Platform: "tdx", TCB: 7}:                 false,
	} {
		if got := l.Covers(holder); got != want {
			t.Errorf("Covers(%+v) = %v, want %v", holder, got, want)
		}
	}
}

// Attack row 29: a key set born in simulation never becomes anything else.
func TestLineageIsHeldAgainstPolicy(t *testing.T) {
	hard := protocol.Custody{Platform: "sevsnp", TCB: 7}
	policy := protocol.AttestationPolicy{Platforms: map[string]protocol.PlatformPolicy{"sevsnp": {MinTCB: 7}}}
	debugging := protocol.AttestationPolicy{Platforms: map[string]protocol.PlatformPolicy{"sevsnp": {MinTCB: 7, AllowDebug: true}}}
	tests := []struct {
		name    string
		lineage protocol.Lineage
		policy  protocol.AttestationPolicy
		want    protocol.Code
	}{
		{"good", protocol.NewLineage(hard), policy, ""},
		{"once in sim", protocol.NewLineage(hard, sim), policy, protocol.CodeLineage},
		{"once in debug", protocol.NewLineage(hard, protocol.Custody{Platform: "sevsnp", TCB: 7, Debug: true}), policy, protocol.CodeLineage},
		{"debug allowed", protocol.NewLineage(protocol.Custody{Platform: "sevsnp", TCB: 7, Debug: true}), debugging, ""},
		{"old TCB", protocol.NewLineage(hard, protocol.Custody{Platform: "sevsnp", TCB: 6}), policy, protocol.CodeLineage},
		{"empty", protocol.Lineage{}, policy, protocol.CodeLineage},
		{"empty policy", protocol.NewLineage(hard), protocol.AttestationPolicy{}, protocol.CodeLineage},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.lineage.Check("KEY-3", test.policy)
			if test.want == "" && err != nil {
				t.Fatalf("got %v, want no error", err)
			}
			if test.want != "" {
				wantCode(t, err, test.want)
			}
		})
	}
}
