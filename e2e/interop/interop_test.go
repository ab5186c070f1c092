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
// application would, and again through a relay, then chaincodes on Hyperledger's
// shim and contract API, as services and launched by the peers; Hyperledger's
// protobufs decode and re-encode what the relays recorded.
func TestOfficialPackages(t *testing.T) {
	recording := filepath.Join(t.TempDir(), "tape.jsonl")
	record := newTape(t, recording)
	s, relayed := embedded(t, record)
	t.Run("SDK", func(t *testing.T) { node(t, "sdk.test.mjs", told(t, s.facts), "INTEROP_RUN=direct") })
	relayed.Users = s.facts.Users
	t.Run("SDK relayed", func(t *testing.T) { node(t, "sdk.test.mjs", told(t, relayed), "INTEROP_RUN=relayed") })
	chaincodes(t, relayed)
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
	chaincodes(t, s.facts)
}

// chaincodes calls what Hyperledger's shim and contract API serve.
func chaincodes(t *testing.T, f facts) {
	t.Helper()
	for _, way := range []struct {
		name  string
		facts facts
	}{{"served", f}, {"launched", launched(f)}} {
		run := "INTEROP_RUN=" + way.name
		t.Run("shim "+way.name, func(t *testing.T) { node(t, "chaincode.test.mjs", told(t, way.facts), run) })
		t.Run("contract API "+way.name, func(t *testing.T) { node(t, "contract.test.mjs", told(t, way.facts), run) })
	}
}
