// SPDX-License-Identifier: Apache-2.0

package explain

import "github.com/privatechaincode/fpc/protocol"

const anotherChain = "stop, and find out with the other organisations which chain is the channel's: fpc doctor -n CHAINCODE at each of them shows the head of its ledger enclave"

// ledgers are codes of the ledger enclave.
var ledgers = map[protocol.Code]Explanation{
	"not_joined":     {"the ledger enclave follows no channel yet", "wait for fpc-ledger-host to start it; if it does not, look into its log"},
	"already_joined": {"the ledger enclave follows a channel already", "start another fpc-ledger-host for another channel"},
	"wrong_genesis":  {"what the ledger enclave was given is no channel's first block", "let fpc-ledger-host fetch block 0 from its own peer"},

	"malformed_block": {"a block does not decode, or not in the one form allowed", "let fpc-ledger-host follow another peer: this one alters blocks"},
	"wrong_data_hash": {"a block's transactions are not those that its header names", "let fpc-ledger-host follow another peer: this one alters blocks"},
	"not_next_block":  {"a block is skipped, repeated or out of order", "let fpc-ledger-host go on from the ledger enclave's height; if it stays, follow another peer"},
	"broken_link":     {"a block does not follow the one before it: it is of another chain", anotherChain},
	"no_signatures":   {"a block bears no orderer's signature", "let fpc-ledger-host follow another peer: this one makes up blocks"},
	"bad_signatures":  {"a block bears fewer good signatures of orderers than the channel asks for", "let fpc-ledger-host follow another peer: this one makes up blocks"},
	"no_verdict":      {"a block holds a transaction on which Fabric's peers stop too", "look into the peers' logs: the channel stands still until they are mended"},
	"ledger_full":     {"the channel has more transactions than a ledger enclave can number", "go on with a new channel"},

	"unknown_capability": {"the channel requires a capability that this release does not know", "use a release that knows it, or agree on a configuration without it"},

	"statement_nonce":    {"the peers' answers were made for another head statement", "prepare a new head statement and collect the answers for it"},
	"statement_proposal": {"what the peers answered was not asked for this channel's head", "prepare a new head statement with this release of fpc"},
	"statement_endorser": {"an answer in the head statement is not signed by a peer of the channel", "ask the organisations' own peers"},
	"statement_behind":   {"a peer has blocks that the ledger enclave has not got", "wait until it has caught up; if it does not, its host withholds blocks"},
	"statement_fork":     {"a peer and the ledger enclave follow two different chains of one channel", anotherChain},
	"statement_few":      {"peers of too few organisations answered", "ask peers of a majority of the organisations"},

	"checkpoint_truncated":      {"the checkpoint is cut short", "start fpc-ledger-host without its checkpoint: it follows the chain from the start"},
	"checkpoint_version":        {"the checkpoint was written by another release", "start fpc-ledger-host without its checkpoint: it follows the chain from the start"},
	"checkpoint_other_platform": {"the checkpoint was sealed on another kind of TEE", "start fpc-ledger-host without its checkpoint: it follows the chain from the start"},
	"checkpoint_other_code":     {"the checkpoint was sealed by another release's ledger enclave", "start fpc-ledger-host without its checkpoint: it follows the chain from the start"},
	"checkpoint_tampered":       {"the checkpoint was altered, or sealed on another machine", "start fpc-ledger-host without its checkpoint: it follows the chain from the start"},
	"checkpoint_other_part":     {"parts of several checkpoints are mixed", "start fpc-ledger-host without its checkpoint: it follows the chain from the start"},
	"no_checkpoint":             {"no checkpoint is being taken", "begin a checkpoint with its first part"},
}
