// SPDX-License-Identifier: Apache-2.0

package fpctest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Question asks Fabric's own code about MSPs and
// policies. Which fields count depends on what is given.
type Question struct {
	Name       string   `json:"name"`
	Configs    [][]byte `json:"configs,omitempty"` // FabricMSPConfig
	Identities []Claim  `json:"identities,omitempty"`
	Principals [][]byte `json:"principals,omitempty"` // MSPPrincipal
	Sets       [][]int  `json:"sets,omitempty"`       // of identities, to evaluate policies over
	Policies   [][]byte `json:"policies,omitempty"`   // SignaturePolicyEnvelope
	Group      []byte   `json:"group,omitempty"`      // ConfigGroup of the channel
	Paths      []string `json:"paths,omitempty"`      // policies of the group to evaluate
	Texts      []string `json:"texts,omitempty"`      // policy language
}

// Claim is an identity and what it claims to have signed.
type Claim struct {
	Name       string `json:"name,omitempty"`
	Serialized []byte `json:"serialized"`
	Message    []byte `json:"message"`
	Signature  []byte `json:"signature"`
}

// Verdict is Fabric's answer to a [Question].
type Verdict struct {
	Setup      []bool            `json:"setup,omitempty"` // does each configuration compile
	Identities []IdentityVerdict `json:"identities,omitempty"`
	Policies   []PolicyVerdict   `json:"policies,omitempty"` // for each policy, path or text
}

// PolicyVerdict is Fabric's answer about one policy.
type PolicyVerdict struct {
	Compiles bool   `json:"compiles"`
	Holds    []bool `json:"holds,omitempty"`  // for each set of identities
	Policy   []byte `json:"policy,omitempty"` // what a text means
}

// IdentityVerdict is Fabric's answer about one identity.
type IdentityVerdict struct {
	Presents  bool     `json:"presents"`
	ID        string   `json:"id,omitempty"`
	Valid     bool     `json:"valid,omitempty"`
	Verifies  bool     `json:"verifies,omitempty"`
	OUs       []string `json:"ous,omitempty"` // name, space, hex certifiers identifier
	Satisfies []bool   `json:"satisfies,omitempty"`
}

// Case is a question with Fabric's recorded verdict.
type Case struct {
	Question Question `json:"question"`
	Verdict  Verdict  `json:"verdict"`
}

// Verdicts reads recorded verdicts from file, one case a line after a line with
// their origin. Where FPC_FABRIC_ORACLE names a program that puts questions (JSON, a
// line each, on standard input) to Fabric's own code and writes its verdicts, it
// asks that one instead and records its answers.
func Verdicts(t testing.TB, file string, questions func() []Question) []Case {
	t.Helper()
	if oracle := os.Getenv("FPC_FABRIC_ORACLE"); oracle != "" {
		record(t, file, ask(t, oracle, questions()))
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("fpctest: %v (set FPC_FABRIC_ORACLE to record it)", err)
	}
	var cases []Case
	for i, line := range bytes.Split(bytes.TrimSpace(raw), []byte("\n")) {
		if i == 0 { // the origin
			continue
		}
		var c Case
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatalf("fpctest: %s line %d: %v", file, i+1, err)
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		t.Fatalf("fpctest: %s holds no cases", file)
	}
	return cases
}

func record(t testing.TB, file string, cases []Case) {
	t.Helper()
	var out bytes.Buffer
	lines := json.NewEncoder(&out)
	origin := "questions by this test, verdicts by Hyperledger Fabric " + os.Getenv("FPC_FABRIC_VERSION") + ""
	if err := lines.Encode(map[string]string{"origin": origin}); err != nil {
		t.Fatalf("fpctest: %v", err)
	}
	for _, c := range cases {
		if err := lines.Encode(c); err != nil {
			t.Fatalf("fpctest: %v", err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatalf("fpctest: %v", err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatalf("fpctest: %v", err)
	}
}

func ask(t testing.TB, oracle string, questions []Question) []Case {
	t.Helper()
	var in bytes.Buffer
	for _, q := range questions {
		if err := json.NewEncoder(&in).Encode(q); err != nil {
			t.Fatalf("fpctest: %v", err)
		}
	}
	cmd := exec.Command(oracle)
	cmd.Stdin = &in
	cmd.Env = append(os.Environ(), "FABRIC_LOGGING_SPEC=fatal")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("fpctest: %s: %v", oracle, err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 64<<20)
	var cases []Case
	for lines.Scan() {
		if len(cases) == len(questions) {
			t.Fatalf("fpctest: the oracle gave more than %d verdicts", len(questions))
		}
		c := Case{Question: questions[len(cases)]}
		if err := json.Unmarshal(lines.Bytes(), &c.Verdict); err != nil {
			t.Fatalf("fpctest: verdict on %q: %v", c.Question.Name, err)
		}
		cases = append(cases, c)
	}
	if len(cases) != len(questions) {
		t.Fatalf("fpctest: %d verdicts on %d questions", len(cases), len(questions))
	}
	return cases
}
