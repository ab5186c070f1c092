// SPDX-License-Identifier: Apache-2.0

//go:build interop

// Package interop is untrusted: it lets Hyperledger's own npm packages judge the
// embedded network. It needs Node and what run.sh installs.
package interop

import (
	"path/filepath"
	"testing"
)

// TestOfficialPackages runs Hyperledger's SDK against a peer, over TLS as an
// application would, and again through a relay, then a chaincode on
// Hyperledger's shim; Hyperledger's protobufs decode and re-encode what the
// relays recorded.
func TestOfficialPackages(t *testing.T) {
	recording := filepath.Join(t.TempDir(), "tape.jsonl")
	record := newTape(t, recording)
	s, relayed := embedded(t, record)
	t.Run("SDK", func(t *testing.T) { node(t, "sdk.test.mjs", told(t, s.facts), "INTEROP_RUN=direct") })
	relayed.Users = s.facts.Users
	t.Run("SDK relayed", func(t *testing.T) { node(t, "sdk.test.mjs", told(t, relayed), "INTEROP_RUN=relayed") })
	t.Run("shim", func(t *testing.T) { node(t, "chaincode.test.mjs", told(t, relayed)) })
	t.Run("protobufs", func(t *testing.T) {
		if record.err != nil {
			t.Fatal(record.err)
		}
		node(t, "roundtrip.test.mjs", "INTEROP_TAPE="+recording)
	})
}

// TestScriptsOnFabric runs the same scripts on Fabric itself: what they expect
// of the embedded network is what Fabric does.
func TestScriptsOnFabric(t *testing.T) {
	s := genuine(t)
	t.Run("SDK", func(t *testing.T) { node(t, "sdk.test.mjs", told(t, s.facts)) })
	t.Run("shim", func(t *testing.T) { node(t, "chaincode.test.mjs", told(t, s.facts)) })
}
