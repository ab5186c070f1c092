// SPDX-License-Identifier: Apache-2.0

//go:build unix

package e2e

import (
	"testing"

	"github.com/privatechaincode/fpc/internal/guide"
)

func TestStartGuide(t *testing.T) {
	alongside(t)
	guide.Run(t, guide.Page{Root: "..", Name: "start.md", Wants: []string{
		"provisioned",   // fpc enclave list
		`"amount":4200`, // the bidder reads the own bid
		`"winner":`,     // reveal
		"a1 exists already",
		"\nyes\n", // the notary
		"the oath matches: yes",
		"is down",
	}})
}

func TestFullGuide(t *testing.T) {
	alongside(t)
	guide.Run(t, guide.Page{Root: "..", Name: "full.md", Wants: []string{
		"provisioned, certified", // fpc enclave list
		`"amount":4200`,          // the bidder reads the own bid
		`"winner":`,              // reveal
		"below_min_head",
		"Org3MSP: no enclave is registered",
		"a vase",
		"is down",
	}})
}

func TestOperateGuide(t *testing.T) {
	alongside(t)
	guide.Run(t, guide.Page{Root: "..", Name: "operate.md", Marks: []string{"embedded"}, Wants: []string{
		"propagateEnvironment:", // fpc builder install
		`"a painting"`,          // the query after the kill
		"fpc_stub_enclave_up 1",
		`"owner":"ann"`,          // the query after the restore
		"provisioned",            // fpc enclave list
		"REG-9 [not_certified]",  // before fpc enclave certify
		"provisioned, certified", // in Full mode
		`"amount":4300`,          // the query in Full mode, before and after another fpc-ledger
		"revoked: approved by a lifecycle majority",
		"a statue", // under a pinned policy
		"is down",
	}})
}

// alongside lets a page be followed beside other tests: it waits more than it
// computes, and its ports are its own.
func alongside(t *testing.T) {
	t.Helper()
	guide.Build(t, "..")
	t.Parallel()
}
