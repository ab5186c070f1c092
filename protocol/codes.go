// SPDX-License-Identifier: Apache-2.0

package protocol

// The codes that more than one package names. A package may have codes of its
// own beside these; a code keeps its meaning for ever.
const (
	CodeInternal  Code = "internal"  // a fault of this program, not of its input
	CodeMalformed Code = "malformed" // does not decode, or not in the one form allowed
	CodeTooLarge  Code = "too_large"

	// Who and where.
	CodeWrongChannel   Code = "wrong_channel"
	CodeWrongChaincode Code = "wrong_chaincode"
	CodeWrongVersion   Code = "wrong_version"
	CodeWrongEnclave   Code = "wrong_enclave"
	CodeWrongMSP       Code = "wrong_msp" // MSP roots or configuration differ
	CodeNotAdmin       Code = "not_admin"
	CodeForeignCaller  Code = "foreign_caller" // caller's organisation is not the one required
	CodeNotDirect      Code = "not_direct"     // the proposal calls another chaincode, which passed it on

	// Proposals.
	CodeForeignCreator  Code = "foreign_creator" // creator's certificate is not of the channel
	CodeRevokedCreator  Code = "revoked_creator"
	CodeBadSignature    Code = "bad_signature"
	CodeBadTxID         Code = "bad_tx_id"
	CodeOtherCreator    Code = "other_creator" // inner and outer creator differ
	CodeTransientData   Code = "transient_data"
	CodeUnknownFunction Code = "unknown_function"
	CodeBadArguments    Code = "bad_arguments"

	// Requests and responses.
	CodeUnknownKey     Code = "unknown_key" // another Chaincode_EK than the current one
	CodeRequestRefused Code = "request_refused"
	CodeRequestHash    Code = "request_hash"
	CodeErrorResponse  Code = "error_response" // signed under the error label
	CodeBadResponse    Code = "bad_response"
	CodeBadExec        Code = "bad_exec"
	CodeReservedKey    Code = "reserved_key"

	// State.
	CodeStaleRead    Code = "stale_read"    // replay saw another value
	CodeAlteredRange Code = "altered_range" // replay saw other rows
	CodeConsumed     Code = "consumed"      // the inner transaction id was used before

	// Enclaves and keys.
	CodeNotInitialised     Code = "not_initialised"
	CodeAlreadyInitialised Code = "already_initialised"
	CodeNotProvisioned     Code = "not_provisioned"
	CodeAlreadyProvisioned Code = "already_provisioned"
	CodeNotRegistered      Code = "not_registered"
	CodeAlreadyRegistered  Code = "already_registered"
	CodeRevoked            Code = "revoked"
	CodeWrongGeneration    Code = "wrong_generation"
	CodeLineage            Code = "lineage"
	CodeNotDesignated      Code = "not_designated" // not the organisation the policy names
	CodeWrongSuite         Code = "wrong_suite"    // a key of another HPKE suite than accepted, or asked for
	CodeSealedState        Code = "sealed_state"

	// Full mode.
	CodeWrongMode         Code = "wrong_mode"         // the enclave is of the other mode
	CodeNotCertified      Code = "not_certified"      // the enclave has no certificate yet (REG-9)
	CodeWrongCertificate  Code = "wrong_certificate"  // not one of this chaincode's enclaves
	CodeLedgerUnreachable Code = "ledger_unreachable" // no answer of the ledger enclave
	CodeStaleView         Code = "stale_view"         // the peer's state is of no head that is left to read at
	CodeBelowMinHead      Code = "below_min_head"     // the ledger enclave has not reached the request's min_height
	CodeForeignWriter     Code = "foreign_writer"     // written by others than this chaincode's registered enclaves
	CodeTainted           Code = "tainted"            // written by a transaction that only other peers can judge
	CodeExportRefused     Code = "export_refused"     // exported keys that do not open, or are not ERCC's
	CodeNotFresh          Code = "not_fresh"          // no head statement, or one that does not show freshness

	// Registration.
	CodeNoPolicy      Code = "no_policy"
	CodeWrongPolicy   Code = "wrong_policy"    // not the bytes the definition approved
	CodeNotInManifest Code = "not_in_manifest" // code id is not in the code manifest
	CodeClock         Code = "clock"           // the transaction's timestamp is far off
	CodeNoDefinition  Code = "no_definition"   // no committed definition
	CodeNotFound      Code = "not_found"
)

// hints says what to do about a code, where that is always the same.
var hints = map[Code]string{
	CodeNoPolicy:           "store ERCC's approved policy first: fpc ercc policy set",
	CodeWrongPolicy:        "the policy must be the bytes whose hash is ERCC's version: fpc ercc policy build, approve, commit, set",
	CodeNotInManifest:      "package the enclave that runs, or approve and commit a definition with its version",
	CodeNotRegistered:      "register the enclave: fpc lifecycle chaincode initenclave",
	CodeNotProvisioned:     "the enclave has no chaincode keys yet: fpc lifecycle chaincode initenclave",
	CodeNotInitialised:     "initialise the enclave: fpc lifecycle chaincode initenclave",
	CodeAlreadyInitialised: "this enclave is registered already; to attest it anew: fpc enclave refresh",
	CodeUnknownKey:         "the chaincode's key has changed: read the registry again",
	CodeNotAdmin:           "use the administrator's identity of the enclave's organisation",
	CodeNotDirect:          "call the chaincode itself: no other one acts in an administrator's name",
	CodeNoDefinition:       "approve and commit the chaincode's definition first",
	CodeTransientData:      "leave the proposal's transient map empty: the client seals transient data into the request",
	CodeStaleRead:          "the state has changed since the enclave ran: invoke again",
	CodeAlteredRange:       "the state has changed since the enclave ran: invoke again",
	CodeWrongGeneration:    "the chaincode's key set has changed: read the registry again",
	CodeWrongMode:          "the definition's endorsement policy decides the mode: initialise the enclave anew for it",
	CodeNotCertified:       "have the organisation's CA certify the enclave: fpc enclave certify",
	CodeLedgerUnreachable:  "see that fpc-ledger-host runs beside this peer, and that the stub is given its socket",
	CodeStaleView:          "the state changes faster than it is read: invoke again",
	CodeBelowMinHead:       "the peer is behind: ask another one, or wait",
	CodeNotFresh:           "gather signed chain information of a majority of the organisations' peers anew",
	CodeClock:              "set the clock of the client or of the peer",
}
