// SPDX-License-Identifier: Apache-2.0

package ledgerenclave_test

import (
	"testing"

	"github.com/privatechaincode/fpc/internal/tcbtest"
)

// A ledger enclave runs no chaincode either.
func TestTCB(t *testing.T) {
	tcbtest.Check(t, "../cmd/fpc-ledger", `# The trusted code base: every package linked into fpc-ledger (linux/amd64,
# without the standard library's internal packages). A new line is a security
# review. To rewrite it: go test ./ledgerenclave -run TestTCB -update
`, "github.com/privatechaincode/fpc/shim", "github.com/privatechaincode/fpc/enclave")
}
