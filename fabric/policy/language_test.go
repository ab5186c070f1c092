// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// TestFormatParses: what Format prints means the same policy, and printed again
// it is the same text.
func TestFormatParses(t *testing.T) {
	w := theWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		envelope := &common.SignaturePolicyEnvelope{Identities: []*common.MSPPrincipal{
			msp.RolePrincipal("Org1MSP", common.MSPRole_PEER), msp.RolePrincipal("Org2MSP", common.MSPRole_MEMBER), msp.RolePrincipal("my-org.example", common.MSPRole_ADMIN),
		}}
		envelope.Rule = drawRule(t, len(envelope.Identities), 3)
		text, err := policy.Format(envelope)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := policy.Parse(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		again, err := policy.Format(parsed)
		if err != nil || again != text {
			t.Fatalf("printed again it is %q (%v), was %q", again, err, text)
		}
		ids := rapid.Permutation(w.peers).Draw(t, "signers")[:rapid.IntRange(0, len(w.peers)).Draw(t, "count")]
		if before, after := holds(t, envelope, ids), holds(t, parsed, ids); before != after {
			t.Fatalf("%q holds: %v, before it was printed: %v", text, after, before)
		}
	})
}

func holds(t *rapid.T, envelope *common.SignaturePolicyEnvelope, ids []*msp.Presented) bool {
	p, err := policy.Compile(envelope, shared.manager)
	if err != nil {
		t.Fatal(err)
	}
	return p.EvaluateIdentities(ids) == nil
}

// TestSyntaxErrors: the message says what is wrong and where.
func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct {
		text   string
		offset int
		says   string
	}{
		{"", 0, "AND, OR or OutOf expected"},
		{"'Org1MSP.peer'", 0, "write OR('Org1MSP.peer')"},
		{"AND('Org1MSP.boss')", 13, `unknown role "boss"`},
		{"AND('Org1MSP.enclave')", 13, "private chaincodes in Full mode"},
		{"OR('Org1MSP.peer'", 17, `"," or ")" expected`},
		{"OR('Org1MSP.peer', Org2MSP.peer)", 19, "in quotes"},
		{"OR('Org1MSP')", 3, "a dot and a role"},
		{"OR('Org1 MSP.peer')", 8, "letters, digits, dots and dashes"},
		{"OR('.peer')", 4, "letters, digits, dots and dashes"},
		{"OR('Org1MSP.peer')x", 18, "the policy ended before this"},
		{"OutOf('Org1MSP.peer')", 6, "a number expected"},
		{"OutOf(5, 'Org1MSP.peer')", 6, "5 are asked for and only 1 follow"},
		{"OR()", 3, "a principal like"},
		{"OR('Org1MSP.peer", 3, "closing quote"},
		{strings.Repeat("OR(", 200), 300, "nested more than 100 deep"},
	} {
		_, err := policy.Parse(c.text)
		var syntax *policy.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: got %v, want a SyntaxError", c.text, err)
			continue
		}
		if syntax.Offset != c.offset || !strings.Contains(syntax.Error(), c.says) {
			t.Errorf("%q: got offset %d: %v; want offset %d and %q", c.text, syntax.Offset, err, c.offset, c.says)
		}
	}
}

func TestImplicitMeta(t *testing.T) {
	meta, err := policy.ImplicitMeta("MAJORITY Admins")
	if err != nil || meta.GetRule() != common.ImplicitMetaPolicy_MAJORITY || meta.GetSubPolicy() != "Admins" {
		t.Errorf("got %v, %v", meta, err)
	}
	for _, text := range []string{"", "ANY", "ANY ", "SOME Admins", "any Admins", "ANY Admins too", " ANY Admins"} {
		if meta, err := policy.ImplicitMeta(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, meta)
		}
	}
}

// TestUnprintable: what the language cannot say is not printed as something else.
func TestUnprintable(t *testing.T) {
	peer := msp.RolePrincipal("Org1MSP", common.MSPRole_PEER)
	for name, envelope := range map[string]*common.SignaturePolicyEnvelope{
		"nothing":         nil,
		"empty gate":      {Rule: outOf(0)},
		"too many":        {Rule: outOf(5, signedBy(0)), Identities: []*common.MSPPrincipal{peer}},
		"OU principal":    {Rule: signedBy(0), Identities: []*common.MSPPrincipal{msp.OUPrincipal("Org1MSP", "sales", nil)}},
		"unlisted":        {Rule: signedBy(1), Identities: []*common.MSPPrincipal{peer}},
		"unknown role":    {Rule: signedBy(0), Identities: []*common.MSPPrincipal{msp.RolePrincipal("Org1MSP", 77)}},
		"quote in MSP id": {Rule: signedBy(0), Identities: []*common.MSPPrincipal{msp.RolePrincipal("A'.peer', 'B", common.MSPRole_PEER)}},
	} {
		if text, err := policy.Format(envelope); err == nil {
			t.Errorf("%s: got %q, want an error", name, text)
		}
	}
}

// FuzzParse: any text parses to a policy that compiles and prints, or fails with
// a place in the text.
func FuzzParse(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	w := theWorld(f)
	f.Fuzz(func(t *testing.T, text string) {
		envelope, err := policy.Parse(text)
		if err != nil {
			var syntax *policy.SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(text) || syntax.Reason == "" {
				t.Fatalf("%q: %v (%T)", text, err, err)
			}
			return
		}
		if _, err := policy.Compile(envelope, w.manager); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		printed, err := policy.Format(envelope)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if again, err := policy.Parse(printed); err != nil || len(again.GetIdentities()) != len(envelope.GetIdentities()) {
			t.Fatalf("%q printed as %q: %v", text, printed, err)
		}
	})
}

// TestParseEnclaves: the role enclave is what the caller makes of it, for each
// mention, and only with a caller that knows it.
func TestParseEnclaves(t *testing.T) {
	resolve := func(mspID string) (*common.MSPPrincipal, error) {
		if mspID == "Org9MSP" {
			return nil, errors.New("the channel has no Org9MSP")
		}
		return msp.OUPrincipal(mspID, "fpc-unit", []byte(mspID)), nil
	}
	got, err := policy.ParseEnclaves("OutOf(2,'Org1MSP.enclave','Org2MSP.enclave','Org1MSP.enclave')", resolve)
	if err != nil {
		t.Fatal(err)
	}
	if n := got.GetRule().GetNOutOf().GetN(); n != 2 || len(got.GetIdentities()) != 3 {
		t.Errorf("got %d of %d principals, want 2 of 3", n, len(got.GetIdentities()))
	}
	for i, mspID := range []string{"Org1MSP", "Org2MSP", "Org1MSP"} {
		if want := msp.OUPrincipal(mspID, "fpc-unit", []byte(mspID)); !proto.Equal(got.GetIdentities()[i], want) {
			t.Errorf("principal %d: got %v, want %v", i, got.GetIdentities()[i], want)
		}
	}
	_, err = policy.ParseEnclaves("AND('Org9MSP.enclave')", resolve)
	var syntax *policy.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset != 13 || !strings.Contains(syntax.Reason, "no Org9MSP") {
		t.Errorf("got %v, want the resolver's error at offset 13", err)
	}
}
