// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"regexp"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

func TestEnclaveOUTellsCodeChaincodeAndChannelApart(t *testing.T) {
	hash, other := make([]byte, 32), append(make([]byte, 31), 1)
	seen := map[string]string{}
	for name, ou := range map[string]string{
		"one":             protocol.EnclaveOU(hash, "auction", "fpc-1"),
		"other channel":   protocol.EnclaveOU(other, "auction", "fpc-1"),
		"other chaincode": protocol.EnclaveOU(hash, "auctions", "fpc-1"),
		"other version":   protocol.EnclaveOU(hash, "auction", "fpc-2"),
		"cut elsewhere":   protocol.EnclaveOU(hash, "auctio", "nfpc-1"),
	} {
		if !regexp.MustCompile(`^fpc-[0-9a-f]{32}$`).MatchString(ou) {
			t.Errorf("%s: got %q, want fpc- and 32 digits", name, ou)
		}
		if first, taken := seen[ou]; taken {
			t.Errorf("%s and %s have the same OU %s", name, first, ou)
		}
		seen[ou] = name
	}
}
