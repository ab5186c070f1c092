// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"crypto/sha256"
	"testing"

	"github.com/privatechaincode/fpc/keys"
)

func TestEncodeIsInjective(t *testing.T) {
	lists := [][]string{{}, {""}, {"", ""}, {"a"}, {"a", ""}, {"", "a"}, {"a", "b"}, {"ab"}, {"ab", ""}}
	seen := map[string]int{}
	for i, list := range lists {
		var fields [][]byte
		for _, f := range list {
			fields = append(fields, []byte(f))
		}
		for _, label := range []keys.Label{"", "a", "ab"} {
			encoded := keys.Encode(label, fields...)
			if j, twice := seen[string(encoded)]; twice {
				t.Errorf("lists %q and %q encode alike", lists[i], lists[j])
			}
			seen[string(encoded)] = i
			if got, want := keys.Digest(label, fields...), sha256.Sum256(encoded); got != want {
				t.Errorf("Digest(%q, %q) = %x, want %x", label, list, got, want)
			}
		}
	}
}
