// SPDX-License-Identifier: Apache-2.0

package enclave_test

import (
	"testing"

	"github.com/privatechaincode/fpc/internal/tcbtest"
)

func TestTCB(t *testing.T) {
	tcbtest.Check(t, "./private/testdata/smallest", `# The trusted code base: every package linked into the smallest private chaincode
# (linux/amd64, without the standard library's internal packages). A new line is
# a security review. To rewrite it: go test ./enclave -run TestTCB -update
`)
}
