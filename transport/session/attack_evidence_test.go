// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package session

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

func TestAttack16OtherLedger(t *testing.T) {
	known := Attested{ledgerConfig("").Values.GetLedgerCodeId(), "leveldb", protocol.Custody{Platform: "sim", TCB: 3}}
	params := func(change func(*guest.Params)) []byte {
		p := guest.Params{NotBefore: now.Add(-time.Hour).Unix(), NotAfter: now.Add(time.Hour).Unix(), TCB: 3}
		change(&p)
		return p.Marshal()
	}
	for _, tc := range []struct {
		name   string
		change func(*LedgerConfig)
		want   protocol.Code // empty: fine
	}{
		{"the same", func(*LedgerConfig) {}, ""},
		{"another release", func(c *LedgerConfig) {
			c.Attester, c.Values.LedgerCodeId = platform("release"), fmt.Sprintf("sim:%x", platform("release").code())
		}, CodeOtherLedger},
		{"another state database", func(c *LedgerConfig) { c.Values.StateDatabase = "couchdb" }, CodeOtherLedger},
		{"newer firmware", func(c *LedgerConfig) { c.Params = params(func(p *guest.Params) { p.TCB = 4 }) }, ""},
		{"older firmware", func(c *LedgerConfig) { c.Params = params(func(p *guest.Params) { p.TCB = 2 }) }, CodeWeakerLedger},
		{"debug mode", func(c *LedgerConfig) { c.Params = params(func(p *guest.Params) { p.Debug = true }) }, CodeWeakerLedger},
		{"expired evidence", func(c *LedgerConfig) { c.Params = params(func(p *guest.Params) { p.NotAfter = now.Unix() - 1 }) }, CodeEvidence},
		{"evidence of tomorrow", func(c *LedgerConfig) { c.Params = params(func(p *guest.Params) { p.NotBefore = now.Unix() + 1 }) }, CodeEvidence},
	} {
		config := ledgerConfig("first")
		tc.change(&config)
		h := handshake(t)
		accept, err := newLedger(t, config).Accept(h.Hello(), now)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Accept(accept, verifiers, &known, now)
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: got %v", tc.name, err)
			}
			continue
		}
		wantCode(t, tc.name, err, tc.want)
	}
	elsewhere := Attested{known.CodeID, known.StateDatabase, protocol.Custody{Platform: "snp"}}
	wantCode(t, "another platform", known.check(&elsewhere), CodeOtherLedger)
}

// Evidence that is genuine but of something else, or not genuine at all.
func TestAttack16Evidence(t *testing.T) {
	h, l := handshake(t), newLedger(t, ledgerConfig("first"))
	issue := func(statement [64]byte) *fpc.Evidence {
		ev, _, err := platform("enclave").Attest(statement, nil)
		if err != nil {
			t.Fatal(err)
		}
		return ev
	}
	share := h.own.PublicKey().Bytes()
	for name, evidence := range map[string]*fpc.Evidence{
		"none":                 nil,
		"of the other role":    issue(acceptStatement(h.Hello(), share, asked())),
		"over another share":   issue(helloStatement(newStub(t).share(), asked())),
		"over nothing":         issue([64]byte{}),
		"of no known platform": {Platform: "hal", Attestation: issue(helloStatement(share, asked())).GetAttestation()},
		"not genuine":          {Platform: "sim", Attestation: []byte("trust me")},
	} {
		_, err := l.Accept(edit(t, h.Hello(), func(m *fpc.SessionHello) { m.Evidence = evidence }), now)
		wantCode(t, name, err, CodeEvidence)
	}
	if _, err := l.Accept(h.Hello(), now); err != nil {
		t.Errorf("its own: got %v", err)
	}
}

// boastful verifies evidence as simulated, and says that it is of another platform.
type boastful struct{ attest.Verifier }

func (b boastful) Verify(ev *fpc.Evidence, at time.Time) (attest.Claims, error) {
	claims, err := b.Verifier.Verify(ev, at)
	claims.Platform = "hal"
	return claims, err
}

// Evidence is of the platform under whose name it came, or of none.
func TestAttack16EvidenceOfAnotherPlatform(t *testing.T) {
	config := ledgerConfig("first")
	config.Verifiers = Verifiers{"sim": boastful{verifiers["sim"]}}
	_, err := newLedger(t, config).Accept(handshake(t).Hello(), now)
	wantCode(t, "of another platform", err, CodeEvidence)
}

// What evidence covers differs by role, whatever stands in it.
func TestRolesAreApart(t *testing.T) {
	share := make([]byte, shareSize)
	seen := map[[64]byte]string{}
	for name, statement := range map[string][64]byte{
		"enclave": helloStatement(share, asked()), "ledger": acceptStatement(nil, share, asked()),
		"other share": helloStatement(flipped(share), asked()), "other hello": acceptStatement(share, share, asked()),
	} {
		if other, twice := seen[statement]; twice {
			t.Errorf("%s and %s are attested alike", name, other)
		}
		seen[statement] = name
	}
	hash := sha256.Sum256(nil)
	enclaves := sha512.Sum512(keys.Encode(keys.LabelSession, append([][]byte{[]byte("enclave"), hash[:], share}, fields(asked())...)...))
	if acceptStatement(nil, share, asked()) == enclaves {
		t.Error("a ledger enclave attests in a chaincode enclave's role")
	}
}
