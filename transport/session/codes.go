// SPDX-License-Identifier: Apache-2.0

package session

import "github.com/privatechaincode/fpc/protocol"

// Codes of this package's errors, all of which are *[protocol.StepError].
const (
	// CodeEvidence: the other side's evidence is not genuine, or covers
	// something else.
	CodeEvidence protocol.Code = "session_evidence"
	// CodeValues: both sides do not mean the same registry or ledger.
	CodeValues protocol.Code = "session_values"
	// CodeNoSession: the ledger enclave does not know the session. It was
	// restarted, or needed the place.
	CodeNoSession protocol.Code = "no_session"
	// CodeBadMAC: a frame was altered, or is of another session or direction.
	CodeBadMAC protocol.Code = "bad_mac"
	// CodeReplayed: a request was taken before, or too many later ones were.
	CodeReplayed protocol.Code = "replayed"
	// CodeOtherLedger: the ledger enclave is of another code or judges by
	// another state database than the one this enclave attested.
	CodeOtherLedger protocol.Code = "other_ledger"
	// CodeWeakerLedger: the ledger enclave's platform is less trustworthy than
	// when this enclave attested it.
	CodeWeakerLedger protocol.Code = "weaker_ledger"
)
