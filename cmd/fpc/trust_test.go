// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/keys"
)

// A suite beside the hybrids is accepted by name only.
func TestSuitesAreAllowedByName(t *testing.T) {
	for _, test := range []struct {
		allowed []string
		want    []keys.Suite
		refused string
	}{
		{nil, trust.DefaultSuites(), ""},
		{[]string{"x25519"}, append(trust.DefaultSuites(), keys.SuiteX25519), ""},
		{[]string{"rot13"}, nil, "--allow-suite rot13"},
	} {
		flags := trustFlags{attestation: []string{"sim"}, allowSuites: test.allowed}
		p, err := flags.policy()
		if test.refused != "" {
			if err == nil || !strings.Contains(err.Error(), test.refused) {
				t.Errorf("%v: got %v, want it refused with %q", test.allowed, err, test.refused)
			}
			continue
		}
		if err != nil || !slices.Equal(p.Suites, test.want) {
			t.Errorf("%v: got %v, error %v, want %v", test.allowed, p.Suites, err, test.want)
		}
	}
}
