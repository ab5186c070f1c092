// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// ErrJoined is returned for a channel that the peer joined already.
var ErrJoined = errors.New("ledger: channel is joined already")

// Peer holds every channel of one peer in one store.
type Peer struct {
	store kv.Store
	mspID string

	mu      sync.Mutex
	ledgers map[string]*Ledger
}

// Open reopens all channels in the store. mspID is the peer's organisation,
// whose implicit collections it keeps in plaintext. The caller closes the
// store, after the peer's last use.
func Open(store kv.Store, mspID string) (*Peer, error) {
	p := &Peer{store: store, mspID: mspID, ledgers: map[string]*Ledger{}}
	it, err := store.Iterate([]byte(registryPrefix), after([]byte(registryPrefix)))
	if err != nil {
		return nil, err
	}
	defer it.Close()
	for it.Next() {
		id := string(it.Key()[len(registryPrefix):])
		if p.ledgers[id], err = openLedger(store, id, mspID); err != nil {
			return nil, err
		}
	}
	return p, it.Err()
}

// Channels returns the names of the joined channels, sorted.
func (p *Peer) Channels() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := make([]string, 0, len(p.ledgers))
	for id := range p.ledgers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Channel returns a joined channel's ledger.
func (p *Peer) Channel(id string) (*Ledger, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.ledgers[id]
	return l, ok
}

// Join creates the ledger of the channel that the genesis block begins. The
// administrator who passes the block vouches for it: it is what all later
// blocks are judged by. A channel that is already joined is ErrJoined.
func (p *Peer) Join(genesis *common.Block) (*Ledger, error) {
	bundle, err := channel.FromBlock(genesis)
	if err != nil {
		return nil, fmt.Errorf("ledger: genesis block: %w", err)
	}
	id := bundle.ChannelID()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ledgers[id] != nil {
		return nil, fmt.Errorf("%s: %w", id, ErrJoined)
	}
	chain, err := OpenChain(p.store, id)
	if err != nil {
		return nil, err
	}
	stored := proto.CloneOf(genesis)
	if err := block.SetFilter(stored, []peer.TxValidationCode{peer.TxValidationCode_VALID}); err != nil {
		return nil, fmt.Errorf("ledger: genesis block: %w", err)
	}
	var batch kv.Batch
	if err := chain.stage(&batch, stored); err != nil {
		return nil, err
	}
	if txID := configTxID(genesis); txID != "" {
		batch.Set(chain.keys.text(kindTx, txID), encodeStatus(TxStatus{}))
	}
	batch.Set(append([]byte(registryPrefix), id...), nil)
	if err := p.store.Commit(&batch); err != nil {
		return nil, err
	}
	chain.advance(stored.Header)
	l := &Ledger{Chain: chain, mspID: p.mspID}
	l.bundle.Store(bundle)
	p.ledgers[id] = l
	return l, nil
}

// configTxID returns the transaction id in the genesis block's channel header.
func configTxID(genesis *common.Block) string {
	var env common.Envelope
	if proto.Unmarshal(genesis.Data.Data[0], &env) != nil {
		return ""
	}
	opened, err := envelope.OpenAny(&env)
	if err != nil {
		return ""
	}
	return opened.Channel.GetTxId()
}
