// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package deploy

import (
	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/trace"
)

// Simulated accepts simulated enclaves. What this package deploys runs on the
// machine that it runs on; it proves flows and protects nothing.
func Simulated() attest.Policy {
	return attest.Policy{Platforms: map[string]attest.PlatformPolicy{sim.Platform: {}}}
}

// Client says in whose name, and how, private chaincodes are invoked.
type Client struct {
	Signer msp.Signer
	Pins   *trust.Pins
	// Quorum is how many organisations' peers must agree on what the registry
	// holds; 0: a majority.
	Quorum int
	// Wrap puts something before each peer, for example a tape; nil: nothing.
	Wrap func(client.Peer) client.Peer
}

// Contract is a private chaincode on this network.
func (n *Network) Contract(chaincode string, c Client) (*client.Contract, error) {
	config := client.Config{
		Signer: c.Signer, Orderer: n.orderer, Pins: c.Pins, Trace: trace.Named("client", n.Steps),
		Trust: trust.Policy{
			Attestation: Simulated(), Verifiers: map[string]attest.Verifier{sim.Platform: sim.Verifier{}}, Quorum: c.Quorum,
		},
	}
	for _, p := range n.peers {
		peer := client.OverGRPC(p)
		if c.Wrap != nil {
			peer = c.Wrap(peer)
		}
		config.Peers = append(config.Peers, peer)
	}
	network, err := client.Connect(config)
	if err != nil {
		return nil, err
	}
	return network.Contract(chaincode), nil
}

// Peer is one organisation's peer.
func (n *Network) Peer(org int) *fabric.Peer { return n.peers[org] }
