// SPDX-License-Identifier: Apache-2.0

package msp_test

import (
	"encoding/hex"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// TestVerdicts holds our membership rules against those of Fabric's own code, as
// recorded in testdata/verdicts.jsonl.
func TestVerdicts(t *testing.T) {
	for _, c := range fpctest.Verdicts(t, "testdata/verdicts.jsonl", func() []fpctest.Question { return questions(t) }) {
		t.Run(c.Question.Name, func(t *testing.T) { compare(t, c) })
	}
}

func compare(t *testing.T, c fpctest.Case) {
	config := &msppb.FabricMSPConfig{}
	if err := proto.Unmarshal(c.Question.Configs[0], config); err != nil {
		t.Fatal(err)
	}
	m, err := msp.New(config)
	if got, want := err == nil, c.Verdict.Setup[0]; got != want {
		t.Fatalf("configuration accepted: %v (%v), Fabric says %v", got, err, want)
	}
	if err != nil {
		return
	}
	for i, claim := range c.Question.Identities {
		want := c.Verdict.Identities[i]
		got := fpctest.IdentityVerdict{}
		var reasons []error
		if p, err := m.Present(claim.Serialized); err == nil {
			got, reasons = judge(t, p, claim, c.Question.Principals)
		} else {
			reasons = append(reasons, err)
		}
		if got.Presents != want.Presents || got.ID != want.ID || got.Valid != want.Valid || got.Verifies != want.Verifies ||
			!slices.Equal(got.OUs, want.OUs) || !slices.Equal(got.Satisfies, want.Satisfies) {
			t.Errorf("%s:\n got %+v\nwant %+v\nreasons: %v", claim.Name, got, want, reasons)
		}
	}
}

func judge(t *testing.T, p *msp.Presented, claim fpctest.Claim, principals [][]byte) (fpctest.IdentityVerdict, []error) {
	t.Helper()
	_, invalid := p.Validate()
	unverified := p.Verify(claim.Message, claim.Signature)
	v := fpctest.IdentityVerdict{Presents: true, ID: p.ID(), Valid: invalid == nil, Verifies: unverified == nil}
	reasons := []error{invalid, unverified}
	for _, ou := range p.OUs() {
		v.OUs = append(v.OUs, ou.Name+" "+hex.EncodeToString(ou.CertifiersIdentifier))
	}
	for _, raw := range principals {
		principal := &common.MSPPrincipal{}
		if err := proto.Unmarshal(raw, principal); err != nil {
			t.Fatal(err)
		}
		err := p.Satisfies(principal)
		v.Satisfies = append(v.Satisfies, err == nil)
		reasons = append(reasons, err)
	}
	return v, reasons
}
