// SPDX-License-Identifier: Apache-2.0

package attest_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/attest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// says is a verifier that answers as it is told.
type says struct {
	claims attest.Claims
	err    error
}

func (s says) Verify(*pb.Evidence, time.Time) (attest.Claims, error) { return s.claims, s.err }

// What a verifier claims is judged by the policy; it judges nothing itself.
func TestClaimsAreJudged(t *testing.T) {
	good := attest.Claims{Platform: "tee", ReportData: [64]byte{1}, TCBLevel: 5, NotBefore: noon, NotAfter: noon}
	edit := func(f func(*attest.Claims)) says { c := good; f(&c); return says{claims: c} }
	policy := attest.Policy{Platforms: map[string]attest.PlatformPolicy{"tee": {MinTCB: 5}}}
	tests := []struct {
		name     string
		verifier attest.Verifier
		at       time.Time
		want     protocol.Code
	}{
		{"good at the only instant", says{claims: good}, noon, ""},
		{"not genuine", says{err: io.ErrUnexpectedEOF}, noon, attest.CodeEvidence},
		{"other platform", edit(func(c *attest.Claims) { c.Platform = "eet" }), noon, attest.CodeEvidence},
		{"other statement", edit(func(c *attest.Claims) { c.ReportData[63] = 1 }), noon, attest.CodeStatement},
		{"debug", edit(func(c *attest.Claims) { c.Debug = true }), noon, attest.CodeDebug},
		{"old TCB", edit(func(c *attest.Claims) { c.TCBLevel = 4 }), noon, attest.CodeTCB},
		{"early", says{claims: good}, noon.Add(-1), attest.CodeNotYetValid},
		{"late", says{claims: good}, noon.Add(1), attest.CodeExpired},
		{"no validity at all", edit(func(c *attest.Claims) { c.NotAfter = time.Time{} }), noon, attest.CodeExpired},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			claims, err := attest.Verify(&pb.Evidence{Platform: "tee"}, [64]byte{1}, policy, map[string]attest.Verifier{"tee": test.verifier}, test.at)
			if got := protocol.CodeOf(err); got != test.want {
				t.Fatalf("got %v with code %q, want code %q", err, got, test.want)
			}
			if err != nil && claims != (attest.Claims{}) {
				t.Errorf("claims %+v beside error %v, want none", claims, err)
			}
		})
	}
	_, err := attest.Verify(&pb.Evidence{Platform: "tee"}, [64]byte{1}, policy, map[string]attest.Verifier{"tee": says{err: io.ErrUnexpectedEOF}}, noon)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("errors.Is(%v, io.ErrUnexpectedEOF) = false, want the verifier's error inside", err)
	}
}
