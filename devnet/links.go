// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/devnet/peer/gateway"
)

// links are the connections of one peer to the other nodes.
type links struct {
	channel string
	peers   []gateway.Endorser
	orderer gateway.Orderer
}

// Endorsers returns the other peers of the network's one channel.
func (l *links) Endorsers(channelID string) []gateway.Endorser {
	if channelID != l.channel {
		return nil
	}
	return l.peers
}

// Orderers returns the network's one orderer.
func (l *links) Orderers(channelID string) []gateway.Orderer {
	if channelID != l.channel {
		return nil
	}
	return []gateway.Orderer{l.orderer}
}

// links connects an organisation's peer with the others. A connection is made
// at its first use, so nodes may start in any order.
func (n *Network) links(own *ca.Org) (*links, error) {
	conn, err := n.dial(n.orderer, n.desc.Orderer.Address)
	if err != nil {
		return nil, err
	}
	l := &links{
		channel: n.desc.Channel,
		orderer: gateway.Orderer{Address: n.desc.Orderer.Address, MSPID: n.orderer.MSPID, Conn: conn},
	}
	for i, o := range n.orgs {
		if o == own {
			continue
		}
		identity, err := o.Node(peerNode)
		if err != nil {
			return nil, err
		}
		address := n.desc.Organizations[i].PeerAddress
		conn, err := n.dial(o, address)
		if err != nil {
			return nil, err
		}
		l.peers = append(l.peers, gateway.Endorser{
			Address: address, MSPID: o.MSPID, Identity: identity.Creator(), Conn: conn,
		})
	}
	return l, nil
}
