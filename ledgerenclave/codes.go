// SPDX-License-Identifier: Apache-2.0

package ledgerenclave

import "github.com/privatechaincode/fpc/protocol"

// The codes that only a ledger enclave gives, beside those of package protocol
// and, for blocks, of fabric/block.
const (
	CodeNotJoined     protocol.Code = "not_joined"
	CodeAlreadyJoined protocol.Code = "already_joined"

	// Blocks (VAL-8). Each leaves the ledger enclave at its last good block.
	CodeWrongGenesis      protocol.Code = "wrong_genesis"
	CodeNoVerdict         protocol.Code = "no_verdict"         // Fabric's peers stop here too
	CodeUnknownCapability protocol.Code = "unknown_capability" // the channel has rules that this program does not know
	CodeTainted           protocol.Code = "tainted"            // the state of `_lifecycle`, ERCC or a served chaincode is unknown, or would be
	CodeFull              protocol.Code = "ledger_full"        // more transactions than the index can number

	// Asks.
	CodeStaleView protocol.Code = "stale_view" // the head is older than those kept
	CodeNotYet    protocol.Code = "not_yet"    // the head is above the newest

	// Head statements.
	CodeStatementNonce    protocol.Code = "statement_nonce"    // made for another statement
	CodeStatementProposal protocol.Code = "statement_proposal" // not a proposal for GetChainInfo of this channel
	CodeStatementEndorser protocol.Code = "statement_endorser" // not signed by a peer of the channel
	CodeStatementBehind   protocol.Code = "statement_behind"   // a peer is at a block that this ledger enclave has not got
	CodeStatementFork     protocol.Code = "statement_fork"     // a peer follows another chain
	CodeStatementFew      protocol.Code = "statement_few"      // fewer organisations than a majority

	// Checkpoints.
	CodeCheckpointTruncated     protocol.Code = "checkpoint_truncated"
	CodeCheckpointVersion       protocol.Code = "checkpoint_version"
	CodeCheckpointOtherPlatform protocol.Code = "checkpoint_other_platform"
	CodeCheckpointOtherCode     protocol.Code = "checkpoint_other_code"
	CodeCheckpointTampered      protocol.Code = "checkpoint_tampered"
	CodeCheckpointOtherPart     protocol.Code = "checkpoint_other_part" // of another checkpoint, or out of order
	CodeNoCheckpoint            protocol.Code = "no_checkpoint"         // no checkpoint is under way at that part
)
