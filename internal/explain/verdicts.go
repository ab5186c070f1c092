// SPDX-License-Identifier: Apache-2.0

package explain

import "github.com/privatechaincode/fpc/internal/pb/peer"

const (
	notFormed = "form the transaction with the client SDK or fpc; what this client makes is not what Fabric reads"
	asConfig  = "make configuration updates with fpc channel or Fabric's tools"
)

// verdicts are Fabric's validation codes: how a transaction stands in its block.
var verdicts = map[peer.TxValidationCode]Explanation{
	peer.TxValidationCode_VALID:                        {"it is committed as valid", "nothing"},
	peer.TxValidationCode_NIL_ENVELOPE:                 {"its envelope is empty", notFormed},
	peer.TxValidationCode_BAD_PAYLOAD:                  {"its payload does not decode", notFormed},
	peer.TxValidationCode_BAD_COMMON_HEADER:            {"its header is missing, of an unknown type, or does not decode", notFormed},
	peer.TxValidationCode_BAD_CREATOR_SIGNATURE:        {"its creator is not of the channel, is revoked, or did not sign it", "enrol again if the certificate is revoked; else check that identity and key belong together, and that the channel is right"},
	peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION: {"its parts do not fit one another: proposal, endorsed result and header", notFormed},
	peer.TxValidationCode_INVALID_CONFIG_TRANSACTION:   {"the configuration that it carries cannot be applied", asConfig},
	peer.TxValidationCode_UNSUPPORTED_TX_PAYLOAD:       {"it is of a kind that peers do not commit", asConfig},
	peer.TxValidationCode_BAD_PROPOSAL_TXID:            {"its id is not the hash of its nonce and creator", notFormed},
	peer.TxValidationCode_DUPLICATE_TXID:               {"a transaction with this id is on the ledger already", "nothing, if the first one is valid (fpc doctor TXID); otherwise make a new proposal, which has a new id"},
	peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE:   {"too few organisations endorsed it for the chaincode's policy, or a key's own policy asks for others", "name peers of more organisations with --peerAddresses; compare with the policy in the committed definition"},
	peer.TxValidationCode_MVCC_READ_CONFLICT:           {"a value that it read was changed by a transaction before it", "invoke again; where many write one key, spread them over several"},
	peer.TxValidationCode_PHANTOM_READ_CONFLICT:        {"the rows of a range that it read were changed by a transaction before it", "invoke again; read smaller ranges"},
	peer.TxValidationCode_UNKNOWN_TX_TYPE:              {"it is of an unknown type", notFormed},
	peer.TxValidationCode_TARGET_CHAIN_NOT_FOUND:       {"it is for a channel that the peer is not in", "check -C"},
	peer.TxValidationCode_MARSHAL_TX_ERROR:             {"it cannot be encoded again", notFormed},
	peer.TxValidationCode_NIL_TXACTION:                 {"it holds no action", notFormed},
	peer.TxValidationCode_EXPIRED_CHAINCODE:            {"the chaincode's definition was replaced before it was committed", "invoke again"},
	peer.TxValidationCode_CHAINCODE_VERSION_CONFLICT:   {"another version of the chaincode was committed before it", "invoke again"},
	peer.TxValidationCode_BAD_HEADER_EXTENSION:         {"its header names no chaincode", notFormed},
	peer.TxValidationCode_BAD_CHANNEL_HEADER:           {"its channel header does not decode", notFormed},
	peer.TxValidationCode_BAD_RESPONSE_PAYLOAD:         {"the endorsed answer does not decode", notFormed},
	peer.TxValidationCode_BAD_RWSET:                    {"the endorsed reads and writes do not decode", notFormed},
	peer.TxValidationCode_ILLEGAL_WRITESET:             {"it writes where its chaincode may not", "let the chaincode write its own keys only"},
	peer.TxValidationCode_INVALID_WRITESET:             {"it writes a key that the state database refuses", "let the chaincode use keys that are valid UTF-8 and do not begin with an underscore"},
	peer.TxValidationCode_INVALID_CHAINCODE:            {"it names or writes to a chaincode that is not defined on the channel", "approve and commit the chaincode's definition first"},
	peer.TxValidationCode_NOT_VALIDATED:                {"the peer has not judged it yet", "ask again; if it stays, the peer's channel has halted: look into its log"},
	peer.TxValidationCode_INVALID_OTHER_REASON:         {"it does not decode, or the peer could not judge it", notFormed},
}

// Verdict explains a validation code of Fabric's.
func Verdict(code peer.TxValidationCode) (Explanation, bool) {
	e, ok := verdicts[code]
	return e, ok
}
