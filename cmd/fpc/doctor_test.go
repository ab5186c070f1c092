// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/explain"
)

// A peer takes what is within its window of its own clock.
func TestCompareClocks(t *testing.T) {
	const window = 15 * time.Minute
	for _, test := range []struct {
		ahead time.Duration // the peer's clock, of this machine's
		want  string
	}{
		{0, "within 10 minutes"},
		{9 * time.Minute, "within 10 minutes"},
		{-9 * time.Minute, "within 10 minutes"},
		{12 * time.Minute, "10 minutes or more off"},
		{-12 * time.Minute, "10 minutes or more off"},
		{30 * time.Minute, "behind the peer's"},
		{-3 * time.Hour, "ahead of the peer's"},
		{24 * time.Hour, "behind the peer's"},
		{99 * time.Hour, "more than a day"},
	} {
		found, err := compareClocks(func(shift time.Duration) bool { return (shift - test.ahead).Abs() <= window })
		if err != nil {
			found = err.Error()
		}
		if within := test.ahead.Abs() < 10*time.Minute; !strings.Contains(found, test.want) || within != (err == nil) {
			t.Errorf("peer %s ahead: got %q, error %v; want %q", test.ahead, found, err, test.want)
		}
	}
}

func TestExamineCertificate(t *testing.T) {
	creator := fpctest.NewOrg(t, "Org1MSP").Admin().Creator()
	found, err := examineCertificate(creator, time.Now())
	var soon *warning
	if err != nil && !errors.As(err, &soon) {
		t.Fatalf("now: got %q, error %v; want a valid certificate", found, err)
	}
	for _, test := range []struct {
		name string
		at   time.Time
		want string
	}{
		{"before its time", time.Unix(1, 0), "valid only from"},
		{"after its time", time.Now().AddDate(200, 0, 0), "expired on"},
	} {
		if _, err := examineCertificate(creator, test.at); err == nil || !strings.Contains(err.Error(), test.want) || exitCode(err) != exitUsage {
			t.Errorf("%s: got error %v with exit code %d, want %q with %d", test.name, err, exitCode(err), test.want, exitUsage)
		}
	}
	if _, err := examineCertificate(msp.Serialize("Org1MSP", []byte("no PEM")), time.Now()); err == nil {
		t.Error("no certificate: got no error")
	}
}

// The exit code of a transaction says what became of it.
func TestOutcomeOfATransaction(t *testing.T) {
	refusal := []explain.Diagnosis{{Step: "VAL-4", Code: "stale_read"}}
	for _, test := range []struct {
		name string
		t    transaction
		want int
	}{
		{"committed", transaction{Verdict: "VALID"}, 0},
		{"committed after a refusal", transaction{Verdict: "VALID", Found: refusal}, 0},
		{"invalid", transaction{Verdict: "MVCC_READ_CONFLICT"}, exitNotCommitted},
		{"refused", transaction{Steps: 9, Validation: "b", Found: refusal}, exitRejected},
		{"a query", transaction{Steps: 9}, 0},
		{"never committed", transaction{Steps: 9, Validation: "b"}, exitNotCommitted},
		{"endorsed by enclaves, never committed", transaction{Steps: 9, Endorsers: "2"}, exitNotCommitted},
		{"unknown", transaction{Unasked: "no peer was asked"}, exitFailed},
	} {
		if got := exitCode(test.t.outcome(strings.Repeat("ab", 32))); got != test.want {
			t.Errorf("%s: got exit code %d, want %d", test.name, got, test.want)
		}
	}
}
