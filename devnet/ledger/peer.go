// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"errors"

	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Peer holds every channel of one peer in one store.
type Peer struct{}

// Open reopens all channels in the store. mspID is the peer's organisation,
// whose implicit collections it keeps in plaintext.
func Open(store kv.Store, mspID string) (*Peer, error) {
	return nil, errors.New("ledger: not built")
}

// Channels returns the names of the joined channels, sorted.
func (p *Peer) Channels() []string { return nil }

// Channel returns a joined channel's ledger.
func (p *Peer) Channel(id string) (*Ledger, bool) { return nil, false }

// Join creates the ledger of the channel that the genesis block begins; a
// channel that is already joined is an error.
func (p *Peer) Join(genesis *common.Block) (*Ledger, error) {
	return nil, errors.New("ledger: not built")
}
