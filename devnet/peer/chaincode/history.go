// SPDX-License-Identifier: Apache-2.0

package chaincode

import (
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/ledger"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// History yields a key's past values, newest first. It is what the chain holds
// below a height; it is not part of the read set, as in Fabric.
type History interface {
	// History calls visit for each valid write of the key in the blocks below
	// height, newest first, until visit returns false.
	History(channelID, ns, key string, height uint64, visit func(*ledger.KeyModification) bool) error
}

// pastValues are the results of one history query.
type pastValues struct {
	values []*ledger.KeyModification
}

func (p *pastValues) next() ([]byte, error) {
	if len(p.values) == 0 {
		return nil, nil
	}
	v := p.values[0]
	p.values = p.values[1:]
	return proto.Marshal(v)
}

func (p *pastValues) close() error { return nil }

func historyQuery(c *call, m *peer.GetHistoryForKey) ([]byte, error) {
	if c.support.cfg.History == nil {
		return nil, errors.New("history database is not enabled")
	}
	past := &pastValues{}
	err := c.support.cfg.History.History(c.inv.ChannelID, c.namespace, m.GetKey(), c.inv.Sim.Height(), func(v *ledger.KeyModification) bool {
		past.values = append(past.values, v)
		return len(past.values) < totalRows && c.ctx.Err() == nil
	})
	if err != nil {
		return nil, err
	}
	return c.startQuery(past)
}
