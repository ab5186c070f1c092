// SPDX-License-Identifier: Apache-2.0

package enclave

import "github.com/privatechaincode/fpc/protocol"

// The codes that only an enclave gives, beside those of package protocol.
const (
	CodeAttestation protocol.Code = "attestation" // the platform refused to attest

	// Sealed state (INV-6d).
	CodeSealedTruncated     protocol.Code = "sealed_truncated"
	CodeSealedVersion       protocol.Code = "sealed_version"
	CodeSealedOtherPlatform protocol.Code = "sealed_other_platform"
	CodeSealedOtherCode     protocol.Code = "sealed_other_code"
	CodeSealedOtherHost     protocol.Code = "sealed_other_host"
	CodeSealedTampered      protocol.Code = "sealed_tampered"

	// State access (EX-1 to EX-5). These go to the client, sealed.
	CodeForeignValue  protocol.Code = "foreign_value"  // not a value of this chaincode's enclaves
	CodeTamperedValue protocol.Code = "tampered_value" // altered, or moved from another key, chaincode or channel
	CodeBadRange      protocol.Code = "bad_range"      // the host's rows break the order or bounds asked for
	CodeBadAnswer     protocol.Code = "bad_answer"     // the host's answer does not fit the access
	CodeHost          protocol.Code = "host"           // the host failed the access
	CodeBadKey        protocol.Code = "bad_key"        // a state database would refuse the key
	CodeReadOnly      protocol.Code = "read_only"      // a write after a page, or a page after a write
	CodeForeignPolicy protocol.Code = "foreign_policy" // Full: a key-level policy of others than this definition's enclaves

	// The ledger enclave.
	CodeHiddenHead   protocol.Code = "hidden_head"   // its chain lacks a head that this enclave saw
	CodeLedgerAnswer protocol.Code = "ledger_answer" // an authentic answer that does not fit its request

	// The run (INV-14).
	CodePanicked  protocol.Code = "panicked"
	CodeCancelled protocol.Code = "cancelled" // the host's time limit
	CodeNoLedger  protocol.Code = "no_ledger" // the request asks for another ledger enclave, or for one in Lite

	// Decorations are a peer's own, so enclaves would never agree (Full).
	CodeDecorated protocol.Code = "decorated"
)
