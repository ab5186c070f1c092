// SPDX-License-Identifier: Apache-2.0

// Package validate is trusted: it decides, as every Fabric peer does, which
// transactions of a block are valid and what they change. The embedded peer's
// committer and the ledger enclave both call it, so they cannot disagree
// (docs/flows.md VAL-5).
//
// It is pure: state and configuration come in as arguments, there is no clock
// and no goroutine. [Block] does all; a caller that has several processors
// calls [Check] for each transaction on as many as it likes and then [Finish].
// A channel's first block goes to [Genesis].
//
// Verdicts are those of a peer with a LevelDB state database; [Rules] says what
// may be otherwise.
//
// Where a malformed transaction, which only colluding endorsers can get into a
// block, would crash or hang a Fabric peer, it is invalid here. Where a peer
// stops the channel because it cannot know the verdict, so does this package:
// [HaltError]. A ledger enclave, which cannot know what other peers' own plugins
// decide, goes on by [Rules].Tainted.
package validate

import (
	"fmt"
	"iter"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// State is the ledger as it stands before the block. A malicious
// implementation can make any verdict come out; the ledger enclave therefore
// implements it itself. An absent key is (nil, nil).
type State interface {
	// HasTx says whether a transaction id (Tx.TxID) stands in an earlier block,
	// valid or not.
	HasTx(txID string) (bool, error)
	// Version returns a key's version.
	Version(namespace, key string) (*rwset.Version, error)
	// Value returns a key's value. It is asked for keys of `_lifecycle`, and of
	// `lscc`, which is empty on channels made since Fabric 2.0.
	Value(namespace, key string) ([]byte, error)
	// Metadata returns a key's metadata.
	Metadata(namespace, key string) ([]rwset.Entry, error)
	// Range yields the keys k with start <= k < end in byte order, an empty end
	// being the namespace's end, with their versions.
	Range(namespace, start, end string) iter.Seq2[rwset.Read, error]
	// HashedVersion and HashedMetadata are Version and Metadata for the hash
	// of a private key.
	HashedVersion(namespace, collection string, keyHash []byte) (*rwset.Version, error)
	HashedMetadata(namespace, collection string, keyHash []byte) ([]rwset.Entry, error)
}

// Update is the new state of one key. If Delete is set, key and metadata go.
// A key of which only the metadata was written has KeepValue set: its value
// stays, but gets the new version.
type Update struct {
	Namespace string
	Key       string
	Value     []byte
	KeepValue bool
	Delete    bool
	Metadata  []rwset.Entry
	Version   rwset.Version
}

// HashedUpdate is Update for the hash of a private key. Purge asks for the
// key's history to be forgotten too.
type HashedUpdate struct {
	Namespace, Collection string
	KeyHash               []byte
	ValueHash             []byte
	KeepValue             bool
	Delete, Purge         bool
	Metadata              []rwset.Entry
	Version               rwset.Version
}

// Result is the outcome of a block.
type Result struct {
	// Codes has one verdict per transaction, NOT_VALIDATED only for those in
	// Undecided; Reasons says why, nil where VALID. Txs are the transactions as Check left them.
	Codes   []peer.TxValidationCode
	Reasons []error
	Txs     []*Tx
	// Updates and Hashed are the block's changes to the state: the last one of
	// each key, sorted by namespace, collection and key.
	Updates []Update
	Hashed  []HashedUpdate
	// Undecided are the transactions without a verdict, in the block's order.
	// There are none unless Rules.Tainted is set.
	Undecided []Undecided
	// Bundle is the new configuration if the block holds a valid config
	// transaction, otherwise nil.
	Bundle *channel.Bundle
}

// HaltError says that a transaction's verdict cannot be known: a Fabric peer
// stops processing the channel there. Nothing of the block may be committed.
type HaltError struct {
	Block uint64
	Tx    int // position in the block
	TxID  string
	Err   error
}

// Error implements error.
func (e *HaltError) Error() string {
	return fmt.Sprintf("validate: no verdict on transaction %d (%s) of block %d: %v", e.Tx, e.TxID, e.Block, e.Err)
}

// Unwrap returns the cause.
func (e *HaltError) Unwrap() error { return e.Err }

// Block judges a block under the configuration in force before it. It does not
// verify the orderers' signatures or the hash chain (fabric/block). Errors are
// failures of the state or *HaltError; invalid transactions are no error.
func Block(block *common.Block, bundle *channel.Bundle, state State) (*Result, error) {
	return Rules{}.Block(block, bundle, state)
}

// Rules are what verdicts depend on beside configuration and state.
type Rules struct {
	// CouchDB says that the peers keep their state in CouchDB, which refuses some
	// keys and values ([CouchRefuses]): INVALID_WRITESET. All peers of a channel
	// should have the same kind.
	CouchDB bool
	// Tainted, if not nil, says of which namespaces the state before the block is
	// unknown, because an [Undecided] transaction of an earlier block wrote to
	// them. Then a verdict that cannot be known for a foreign validation plugin, or
	// for such a namespace, is among the result's Undecided; if it is nil, it is a
	// *HaltError.
	Tainted func(namespace string) bool
}

// Block is the function of that name under these rules.
func (r Rules) Block(block *common.Block, bundle *channel.Bundle, state State) (*Result, error) {
	envelopes := block.GetData().GetData()
	txs := make([]*Tx, len(envelopes))
	for i, raw := range envelopes {
		txs[i] = Check(raw, bundle)
	}
	return r.Finish(block.GetHeader().GetNumber(), txs, bundle, state)
}

// Genesis takes a channel's block 0, which nobody judges: whoever joins with it
// chose it. The result holds the configuration. Errors are *channel.Error.
func Genesis(block *common.Block) (*Result, error) {
	bundle, err := channel.FromBlock(block)
	if err != nil {
		return nil, err
	}
	tx := open(block.Data.Data[0])
	return &Result{
		Codes: []peer.TxValidationCode{peer.TxValidationCode_VALID}, Reasons: []error{nil}, Txs: []*Tx{tx},
		Updates: []Update{configUpdate(tx.opened.Payload.Data, rwset.Version{})},
		Bundle:  bundle,
	}, nil
}

// Peers keep the newest configuration in the state too, under a namespace that
// no chaincode can have.
const (
	configNamespace = ""
	configKey       = "CHANNEL_CONFIG_ENV_BYTES"
)

func configUpdate(envelope []byte, v rwset.Version) Update {
	return Update{Namespace: configNamespace, Key: configKey, Value: envelope, Version: v}
}

// applyConfig judges a config transaction's payload.
func applyConfig(data []byte, bundle *channel.Bundle) (*channel.Bundle, error) {
	config := &common.ConfigEnvelope{}
	if err := proto.Unmarshal(data, config); err != nil {
		return nil, fmt.Errorf("config envelope does not decode: %w", err)
	}
	return bundle.Apply(config)
}
