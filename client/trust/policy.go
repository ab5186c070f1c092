// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"slices"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// Policy is what one client demands of the chaincodes that it gives its data to.
// It is the client's own: what the channel's organisations approved is checked
// beside it, never instead of it. The zero value trusts nothing.
type Policy struct {
	// Attestation names the platforms that are good enough.
	Attestation attest.Policy
	// Verifiers has one for each of those platforms.
	Verifiers map[string]attest.Verifier
	// CodeIDs pins what may run, as `platform:code id`. Empty: what stands in the
	// code manifest of the definition that the organisations agreed on.
	CodeIDs []string
	// LedgerCodeIDs pins the ledger enclaves that enclaves of Full mode may work
	// with, as `platform:code id`. Empty: those that the organisations' own policy
	// approves. Their platform, TCB level and debug state are held to Attestation
	// either way.
	LedgerCodeIDs []string
	// Suites are the HPKE suites to whose keys the client seals: the enclave's host
	// chooses. Empty: DefaultSuites.
	Suites []keys.Suite
	// Quorum is how many organisations' peers must give one answer about the
	// registry; 0: a majority.
	Quorum int
	// MinHolders is how many organisations must host an enclave that holds the
	// chaincode's key, so that one of them cannot lose it for all; 0: one.
	MinHolders int
}

// DefaultSuites are the suites that a client accepts unless it names others: the
// hybrids. What is sealed stands on a ledger for ever, where it waits for whoever can
// break a suite that is classical only.
func DefaultSuites() []keys.Suite {
	return []keys.Suite{keys.SuiteMLKEM768X25519, keys.SuiteMLKEM768P256}
}

// CodeTooFewHolders says that too few organisations hold the chaincode's key.
const CodeTooFewHolders protocol.Code = "too_few_holders"

// CodeNotPinned says that the code is not among those that the client pinned.
const CodeNotPinned protocol.Code = "code_not_pinned"

func (p *Policy) checkSuite(step, chaincode string, suite keys.Suite) error {
	accepted := p.Suites
	if len(accepted) == 0 {
		accepted = DefaultSuites()
	}
	if slices.Contains(accepted, suite) {
		return nil
	}
	return protocol.Errorf(step, protocol.CodeWrongSuite, "the key of %s is of HPKE suite %s, this client seals to %v only", chaincode, suite, accepted).
		WithHint("ask the organisation whose enclave made the key why; to accept it all the same, name it: --allow-suite " + string(suite))
}

func (p *Policy) checkCode(step string, claims attest.Claims, manifest protocol.CodeManifest) error {
	entry := protocol.ManifestEntry(claims.Platform, claims.CodeID)
	if len(p.CodeIDs) > 0 && !slices.Contains(p.CodeIDs, entry) {
		return protocol.Errorf(step, CodeNotPinned, "enclave runs code %s, which this client did not pin", entry)
	}
	if !manifest.Contains(claims.Platform, claims.CodeID) {
		return protocol.Errorf(step, protocol.CodeNotInManifest, "enclave runs code %s, which the definition's manifest does not list", entry)
	}
	return nil
}
