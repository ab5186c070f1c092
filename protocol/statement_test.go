// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"crypto/sha512"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

// The report data of every attestation there is: label and data, each with its
// length before it, so that no other hash of the same bytes can stand for it.
func TestStatementHash(t *testing.T) {
	const encoded = "\x00\x00\x00\x00\x00\x00\x00\x19fpc/v1/attested-statement" + "\x00\x00\x00\x00\x00\x00\x00\x04data"
	if got, want := protocol.StatementHash([]byte("data")), sha512.Sum512([]byte(encoded)); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
}
