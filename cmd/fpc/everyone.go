// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/privatechaincode/fpc/client/fabric"
)

// everyone is where calls go that several organisations must endorse.
func (c *session) everyone(ctx context.Context) (*fabric.Network, error) {
	if err := c.meet(ctx); err != nil {
		return nil, err
	}
	return c.known(), nil
}

// known is every peer that somebody named.
func (c *session) known() *fabric.Network {
	n := c.network()
	n.Endorsers = c.all
	return n
}

// meet connects an anchor peer of each other organisation, by the channel's
// configuration at the own peer, where nobody has named peers. What they answer is
// held against policies and pins as anybody's answer is.
func (c *session) meet(ctx context.Context) error {
	if !c.alone {
		return nil
	}
	found, err := fabric.AnchorPeers(ctx, c.host(), c.env.mspID)
	if err != nil {
		return err
	}
	all := []*fabric.Peer{c.own}
	for _, at := range found {
		if at, err = at.Like(c.env.own); err != nil {
			return err
		}
		p, err := c.dialPeer(at)
		if err != nil {
			return err
		}
		all = append(all, p)
	}
	c.all, c.alone = all, false
	return nil
}
