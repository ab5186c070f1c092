// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"errors"
	"fmt"
	"sync"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Meter measures a network's nodes. Its methods may be called by several
// goroutines.
type Meter interface {
	// Height tells how many blocks a peer's ledger has.
	Height(node, channel string, height uint64)
	// Committed tells that a peer committed a block, and its verdicts.
	Committed(node, channel string, verdicts []peer.TxValidationCode)
	// Answered tells with which status a peer answered a proposal.
	Answered(node string, status int32)
	// Refused tells that a peer refused a proposal itself.
	Refused(node string)
}

type noMeter struct{}

func (noMeter) Height(string, string, uint64)                     {}
func (noMeter) Committed(string, string, []peer.TxValidationCode) {}
func (noMeter) Answered(string, int32)                            {}
func (noMeter) Refused(string)                                    {}

// proposals passes a peer's answers on to a meter.
func proposals(m Meter, node string) func(*peer.ProposalResponse, error) {
	return func(answer *peer.ProposalResponse, err error) {
		if err != nil {
			m.Refused(node)
			return
		}
		m.Answered(node, answer.GetResponse().GetStatus())
	}
}

// measure tells the meter of a block that was committed.
func measure(m Meter, node, channelID string, b *common.Block) {
	m.Height(node, channelID, b.GetHeader().GetNumber()+1)
	if verdicts, err := block.Filter(b); err == nil {
		m.Committed(node, channelID, verdicts)
	}
}

// Health says what keeps the network from going on: a channel that was halted
// because a block could not be judged or stored, or a peer that no blocks reach.
// nil: nothing.
func (n *Network) Health() error {
	var errs []error
	for _, check := range n.checks {
		errs = append(errs, check())
	}
	return errors.Join(errs...)
}

// troubles are what is wrong with a peer's channels.
type troubles struct {
	node string
	mu   sync.Mutex
	of   map[string]error // by channel
}

// set remembers what is wrong with a channel; nil: nothing any more.
func (t *troubles) set(channelID string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		delete(t.of, channelID)
		return
	}
	if t.of == nil {
		t.of = map[string]error{}
	}
	t.of[channelID] = err
}

func (t *troubles) check() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	for channelID, err := range t.of {
		errs = append(errs, fmt.Errorf("%s: channel %s: %w", t.node, channelID, err))
	}
	return errors.Join(errs...)
}
