// SPDX-License-Identifier: Apache-2.0

package ledgerenclave

import (
	"context"
	"errors"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave/index"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport/session"
)

// The kinds of state database that a channel's peers may have. They judge some
// keys and values differently, so all peers of a channel must have the same.
const (
	LevelDB = "leveldb"
	CouchDB = "couchdb"
)

// ledger is one channel's ledger. All fields but those that say so stay as they
// are once made.
type ledger struct {
	limits        Limits
	channelID     string
	channelHash   []byte
	stateDatabase string
	registry      string // ERCC's chaincode name
	index         *index.Index
	sessions      *session.Ledger

	stopped atomic.Pointer[fpc.Failure] // why no further block is taken; nil: goes on
}

// agreed is what whoever makes a ledger says about it.
type agreed struct {
	stateDatabase, registry string
	params                  []byte // for the platform, in sessions' evidence
}

func (a agreed) check(step string) (agreed, error) {
	if a.registry == "" {
		a.registry = protocol.ERCCName
	}
	if a.stateDatabase != LevelDB && a.stateDatabase != CouchDB {
		return a, protocol.Errorf(step, protocol.CodeMalformed, "state database %q is neither %s nor %s", a.stateDatabase, LevelDB, CouchDB)
	}
	if err := lifecycle.CheckName(a.registry); err != nil {
		return a, protocol.Errorf(step, protocol.CodeMalformed, "the registry's name: %w", err)
	}
	return a, nil
}

// kept tells of which namespaces values are kept, those that asks and validation
// need: definitions and registrations.
func kept(registry string) func(namespace string) bool {
	return func(namespace string) bool { return namespace == lifecycle.Namespace || namespace == registry }
}

// Join takes a channel's genesis block (join_channel). Whoever speaks to this
// enclave later compares the Channel_hash, so a wrong genesis block serves
// nobody. Codes: already_joined, wrong_genesis, unknown_capability, malformed.
func (e *Enclave) Join(_ context.Context, req *fpc.JoinRequest) (*fpc.JoinResponse, error) {
	const step = "VAL-8"
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.fresh(step); err != nil {
		return nil, err
	}
	a, err := agreed{req.GetStateDatabase(), req.GetRegistry(), req.GetAttestationParams()}.check(step)
	if err != nil {
		return nil, err
	}
	genesis, err := block.Parse(req.GetGenesis())
	if err != nil {
		return nil, protocol.Errorf(step, CodeWrongGenesis, "%w", err)
	}
	if n := genesis.GetHeader().GetNumber(); n != 0 || len(genesis.GetHeader().GetPreviousHash()) != 0 {
		return nil, protocol.Errorf(step, CodeWrongGenesis, "block %d is no genesis block", n)
	}
	if err := block.Check(genesis, nil); err != nil {
		return nil, protocol.Errorf(step, CodeWrongGenesis, "%w", err)
	}
	result, err := validate.Genesis(genesis)
	if err != nil {
		return nil, protocol.Errorf(step, configCode(err, CodeWrongGenesis), "%w", err)
	}
	ix := index.New(kept(a.registry), KeptHeads)
	if _, err := ix.Add(&index.Judged{
		Header: genesis.GetHeader(), Result: result, Payloads: make([][32]byte, len(result.Txs)), Bundle: result.Bundle,
	}); err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "%w", err)
	}
	if err := e.install(step, ix, a); err != nil {
		return nil, err
	}
	l := e.ledger.Load()
	return &fpc.JoinResponse{ChannelHash: l.channelHash, Head: ix.Newest().Head()}, nil
}

// fresh refuses what only an enclave without a channel does.
func (e *Enclave) fresh(step string) error {
	if l := e.ledger.Load(); l != nil {
		return protocol.Errorf(step, CodeAlreadyJoined, "this ledger enclave follows channel %q at height %d", l.channelID, l.index.Newest().Height())
	}
	return nil
}

// install makes the index this enclave's ledger.
func (e *Enclave) install(step string, ix *index.Index, a agreed) error {
	hash, ok := ix.HashAt(1)
	if !ok {
		return protocol.Errorf(step, protocol.CodeInternal, "an index without genesis block")
	}
	l := &ledger{
		limits: e.config.Limits, channelID: ix.Newest().Bundle().ChannelID(), channelHash: hash,
		stateDatabase: a.stateDatabase, registry: a.registry, index: ix,
	}
	var err error
	l.sessions, err = session.NewLedger(session.LedgerConfig{
		Attester: e.config.Platform, Verifiers: e.config.Verifiers, Values: e.sessionValues(l), Params: a.params,
	})
	if err != nil {
		return protocol.Errorf(step, protocol.CodeInternal, "prepare sessions: %w", err)
	}
	e.resuming = nil
	e.ledger.Store(l)
	return nil
}

func (e *Enclave) sessionValues(l *ledger) *fpc.SessionValues {
	return &fpc.SessionValues{
		ChannelId: l.channelID, ChannelHash: l.channelHash, Registry: l.registry,
		LedgerCodeId:     protocol.ManifestEntry(e.config.Platform.Name(), e.config.Platform.CodeID()),
		LedgerInstanceId: e.instance, StateDatabase: l.stateDatabase,
	}
}

// Status tells what the ledger enclave is and how far it got.
func (e *Enclave) Status() *fpc.LedgerStatus {
	status := &fpc.LedgerStatus{Confinement: e.config.Confinement, InstanceId: e.instance}
	l := e.ledger.Load()
	if l == nil {
		return status
	}
	v := l.index.Newest()
	status.Joined, status.ChannelId, status.ChannelHash = true, l.channelID, l.channelHash
	status.Head, status.StateDatabase, status.Registry = v.Head(), l.stateDatabase, l.registry
	status.Keys, status.Transactions, status.Tainted = uint64(v.Keys()), v.Transactions(), v.TaintedNamespaces()
	if stopped := l.stopped.Load(); stopped != nil {
		status.Stopped = proto.CloneOf(stopped)
	}
	return status
}

// configCode is the code for a configuration that is refused.
func configCode(err error, otherwise protocol.Code) protocol.Code {
	var c *channel.Error
	if errors.As(err, &c) && c.Code == channel.CodeUnknown {
		return CodeUnknownCapability
	}
	return otherwise
}
