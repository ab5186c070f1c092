// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package realfabric

import (
	"testing"

	"github.com/privatechaincode/fpc/internal/guide"
)

// TestOperateGuide follows docs/operate.md to the letter, from an empty folder on
// a network of Fabric's own programs that the page itself sets up.
func TestOperateGuide(t *testing.T) {
	programs, version := released(t)
	guide.Run(t, guide.Page{
		Root: "../..", Name: "operate.md", Marks: []string{"fabric"},
		Env: []string{"FABRIC_BIN=" + programs.Bin, "FABRIC_CFG=" + programs.Config},
		Wants: []string{
			version,
			"Status: 201",
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
		},
	})
}
