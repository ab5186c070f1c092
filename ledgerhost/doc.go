// SPDX-License-Identifier: Apache-2.0

// Package ledgerhost is untrusted: it is the host of a ledger enclave
// (fpc-ledger), one per peer and channel. It launches the enclave, brings it the
// peer's blocks in order, keeps its sealed checkpoints, and relays what chaincode
// enclaves ask it. What it brings the ledger enclave verifies; what it relays is
// authenticated end to end. It can withhold, and nothing else.
//
// # The socket for stubs
//
// Stubs of the same peer reach it at a unix socket that only this user can open.
// It speaks the frames of package transport under default limits; the stub is the
// host of that protocol ([transport.NewHost]). Its methods:
//
//	session  SessionHello         -> SessionAccept   to the ledger enclave
//	ask      SessionFrame         -> SessionFrame    to the ledger enclave
//	status   LedgerStatusRequest  -> LedgerStatus    of the ledger enclave, and why it gets no blocks
//	await    AwaitBlock           -> Head            above that height, or after [AwaitLimit] the newest
//
// The plain method ask is asked more often than all others together, so the ledger
// enclave itself answers it, and session, at a socket beside this one, whose name
// ends in .enclave: it is there while the enclave can be asked. A stub that finds
// none, or whose connection broke, asks here.
//
// Errors cross as [transport.Failure]: the ledger enclave's with its own step and
// code (no_session, bad_mac, replayed, wrong_channel, …), and of this package
// [CodeUnavailable] while there is no ledger enclave to answer. Connections here
// outlive the ledger enclave: when it was started anew its sessions are gone, and
// enclaves make new ones.
package ledgerhost

import "github.com/privatechaincode/fpc/protocol"

// Methods of the socket for stubs; the first two may be followed by the step
// and the transaction that a stub calls them for, parted by blanks.
const (
	MethodSession = "session"
	MethodAsk     = "ask"
	MethodStatus  = "status"
	MethodAwait   = "await"
)

// Methods of the ledger enclave that a host alone calls.
const (
	methodJoin       = "join_channel"
	methodResume     = "resume"
	methodNextBlock  = "next_block"
	methodCheckpoint = "checkpoint"
)

// step is the step of flows.md that this package's failures and events name.
const step = "VAL-8"

// Codes of this package's failures.
const (
	// CodeUnavailable: the ledger enclave is starting, or has ended and is
	// about to be started anew.
	CodeUnavailable protocol.Code = "ledger_unavailable"
	// CodeNoBlocks: the peer does not deliver the channel's blocks.
	CodeNoBlocks protocol.Code = "no_blocks"
	// CodeForeignCheckpoint: the checkpoint is of another channel, or was taken
	// for another state database or registry.
	CodeForeignCheckpoint protocol.Code = "foreign_checkpoint"
	// CodeDamagedCheckpoint: the checkpoint's file is not as it was written.
	CodeDamagedCheckpoint protocol.Code = "damaged_checkpoint"
)
