// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package guest_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

var (
	noon      = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	params    = guest.Params{NotBefore: noon.Add(-time.Hour).Unix(), NotAfter: noon.Add(time.Hour).Unix(), TCB: 2}
	statement = protocol.StatementHash([]byte("attested data"))
	verifiers = map[string]attest.Verifier{sim.Platform: sim.Verifier{}}
)

func allowing(p attest.PlatformPolicy) attest.Policy {
	return attest.Policy{Platforms: map[string]attest.PlatformPolicy{sim.Platform: p}}
}

func newPlatform(t testing.TB, host, code byte) *guest.Platform {
	t.Helper()
	p, err := guest.New(append(bytes.Repeat([]byte{host}, 32), bytes.Repeat([]byte{code}, 32)...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func evidence(t testing.TB, params guest.Params) *pb.Evidence {
	t.Helper()
	ev, _, err := newPlatform(t, 1, 2).Attest(statement, params.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func TestEvidenceVerifies(t *testing.T) {
	p := newPlatform(t, 1, 2)
	ev, custody, err := p.Attest(statement, params.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	claims, err := attest.Verify(ev, statement, allowing(attest.PlatformPolicy{MinTCB: 2}), verifiers, noon)
	if err != nil {
		t.Fatal(err)
	}
	if want := hex.EncodeToString(bytes.Repeat([]byte{2}, 32)); claims.CodeID != want || p.CodeID() != want {
		t.Errorf("code id %q, platform says %q, want %q", claims.CodeID, p.CodeID(), want)
	}
	if claims.Custody() != custody || custody != (protocol.Custody{Platform: "sim", TCB: 2}) {
		t.Errorf("custody %v of claims, %v of the guest, want sim at TCB level 2", claims.Custody(), custody)
	}
}

func TestEvidenceIsRefused(t *testing.T) {
	debug := params
	debug.Debug = true
	resigned := evidence(t, params)
	resigned.Attestation = resign(t, resigned.Attestation)
	collateral := evidence(t, params)
	collateral.Collateral = []byte{1}
	renamed := evidence(t, params)
	renamed.Platform = "sevsnp"
	short := evidence(t, params)
	short.Attestation = reissue(t, &pb.SimReport{CodeId: make([]byte, 31), ReportData: statement[:]})
	good := allowing(attest.PlatformPolicy{})
	other := protocol.StatementHash([]byte("other"))
	tests := []struct {
		name      string
		ev        *pb.Evidence
		statement [64]byte
		policy    attest.Policy
		at        time.Time
		want      protocol.Code
	}{
		{"good", evidence(t, params), statement, good, noon, ""},
		{"no policy", evidence(t, params), statement, attest.Policy{}, noon, attest.CodeNoPolicy},
		{"no evidence", nil, statement, good, noon, attest.CodePlatform},
		{"hardware policy", evidence(t, params), statement, attest.Policy{Platforms: map[string]attest.PlatformPolicy{"sevsnp": {}}}, noon, attest.CodePlatform},
		{"names another platform", renamed, statement, attest.Policy{Platforms: map[string]attest.PlatformPolicy{"sevsnp": {}}}, noon, attest.CodeNoVerifier},
		{"other statement", evidence(t, params), other, good, noon, attest.CodeStatement},
		{"debug", evidence(t, debug), statement, good, noon, attest.CodeDebug},
		{"debug allowed", evidence(t, debug), statement, allowing(attest.PlatformPolicy{AllowDebug: true}), noon, ""},
		{"old TCB", evidence(t, params), statement, allowing(attest.PlatformPolicy{MinTCB: 3}), noon, attest.CodeTCB},
		{"too early", evidence(t, params), statement, good, noon.Add(-2 * time.Hour), attest.CodeNotYetValid},
		{"expired", evidence(t, params), statement, good, noon.Add(2 * time.Hour), attest.CodeExpired},
		{"altered", resigned, statement, good, noon, attest.CodeEvidence},
		{"collateral", collateral, statement, good, noon, attest.CodeEvidence},
		{"short code id", short, statement, good, noon, attest.CodeEvidence},
		{"garbage", &pb.Evidence{Platform: "sim", Attestation: []byte("\xff")}, statement, good, noon, attest.CodeEvidence},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := attest.Verify(test.ev, test.statement, test.policy, verifiers, test.at)
			if got := protocol.CodeOf(err); got != test.want {
				t.Fatalf("got %v with code %q, want code %q", err, got, test.want)
			}
			var typed *attest.Error
			if err != nil && !errors.As(err, &typed) {
				t.Errorf("got %T, want %T", err, typed)
			}
		})
	}
}

// resign changes the report and keeps its signature.
func resign(t *testing.T, attestation []byte) []byte {
	t.Helper()
	ev := &pb.SimEvidence{}
	if err := proto.Unmarshal(attestation, ev); err != nil {
		t.Fatal(err)
	}
	ev.Report[len(ev.Report)-1] ^= 1
	b, err := proto.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reissue signs any report, as anybody can.
func reissue(t *testing.T, report *pb.SimReport) []byte {
	t.Helper()
	b, err := proto.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	ev, err := proto.Marshal(&pb.SimEvidence{Report: b, Signature: sim.Sign(b)})
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func TestSealingKeyIsOfHostAndCode(t *testing.T) {
	sealed, err := newPlatform(t, 1, 2).SealingKey().Seal(keys.LabelSealedState, nil, []byte("state"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name       string
		host, code byte
		want       error
	}{{"same", 1, 2, nil}, {"other host", 3, 2, keys.ErrOpen}, {"other code", 1, 3, keys.ErrOpen}} {
		if _, err := newPlatform(t, test.host, test.code).SealingKey().Open(keys.LabelSealedState, nil, sealed); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

func TestInputsAreStrict(t *testing.T) {
	if _, err := guest.New(make([]byte, 63)); err == nil {
		t.Error("a launcher record of 63 bytes was accepted")
	}
	for _, bad := range []string{"", "{}", `{"not_before":2,"not_after":1}`, `{"not_before":1,"not_after":2,"x":1}`, `{"not_before":1,"not_after":2,"tcb":-1}`} {
		if p, err := guest.ParseParams([]byte(bad)); err == nil {
			t.Errorf("parameters %q read as %+v, want an error", bad, p)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(evidence(f, params).Attestation)
	f.Add([]byte{})
	policy := allowing(attest.PlatformPolicy{})
	f.Fuzz(func(t *testing.T, b []byte) {
		claims, err := attest.Verify(&pb.Evidence{Platform: "sim", Attestation: b}, statement, policy, verifiers, noon)
		var typed *attest.Error
		switch {
		case err != nil && !errors.As(err, &typed):
			t.Fatalf("got %T, want %T", err, typed)
		case err == nil && claims.ReportData != statement:
			t.Fatalf("accepted claims %+v for another statement", claims)
		}
	})
}
