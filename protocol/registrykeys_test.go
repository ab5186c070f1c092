// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

// TestRegistryKeys: ledger enclaves of released code look under these very keys,
// so they never change.
func TestRegistryKeys(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{protocol.CredentialsKey("auction", "ab"), "namespaces/credentials/auction/ab"},
		{protocol.RevokedKey("auction", "ab"), "namespaces/revoked/auction/ab"},
		{protocol.ProvisionedKey("auction", "ab"), "namespaces/provisioned/auction/ab"},
		{protocol.ChaincodeKeyKey("auction"), "namespaces/chaincode_ek/auction"},
		{protocol.ExportedKey("auction", "ab"), "namespaces/exported/auction/ab"},
		{protocol.CredentialsPrefix("auction"), "namespaces/credentials/auction/"},
		{protocol.RevokedPrefix("auction"), "namespaces/revoked/auction/"},
		{protocol.ProvisionedPrefix("auction"), "namespaces/provisioned/auction/"},
	} {
		if c.got != c.want {
			t.Errorf("state key: got %q, want %q", c.got, c.want)
		}
	}
}
