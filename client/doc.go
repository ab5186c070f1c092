// SPDX-License-Identifier: Apache-2.0

// Package client is untrusted by everybody else, and trusted by one client for
// its own data: it invokes private chaincodes.
//
// It has one type per step, as Fabric's gateway SDK has: [Network] → [Contract]
// → [Proposal] → [Validation] → [Transaction] → [Commit], and the one-line
// [Contract.Submit] and [Contract.Evaluate] above them. A Proposal is sealed to
// the chaincode's enclaves before it leaves; a Validation carries what the
// enclave signed, to be replayed by enough peers. Each of the three things that a
// client signs can be signed elsewhere.
//
// Peers, orderers and everything they answer are untrusted: package trust judges
// them by what the caller pins.
package client
