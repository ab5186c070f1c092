// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Network measures an embedded network, node by node.
type Network struct {
	blocks       *prometheus.CounterVec
	transactions *prometheus.CounterVec
	height       *prometheus.GaugeVec
	proposals    *prometheus.CounterVec
}

// NewNetwork registers a network's figures.
func NewNetwork(metrics prometheus.Registerer) *Network {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: "network", Name: name, Help: help}, labels)
	}
	n := &Network{
		blocks:       counter("blocks_total", "Blocks that a peer committed.", "node", "channel"),
		transactions: counter("transactions_total", "Transactions in these blocks, by Fabric's validation code.", "node", "channel", "verdict"),
		height: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: "network", Name: "ledger_height", Help: "Blocks on a peer's ledger.",
		}, []string{"node", "channel"}),
		proposals: counter("proposals_total", "Proposals that a peer answered, by outcome: endorsed, failed (the chaincode, or its simulation), refused (the proposal itself).", "node", "outcome"),
	}
	metrics.MustRegister(n.blocks, n.transactions, n.height, n.proposals)
	return n
}

// Height tells how many blocks a peer's ledger has.
func (n *Network) Height(node, channel string, height uint64) {
	n.height.WithLabelValues(node, channel).Set(float64(height))
}

// Committed tells that a peer committed a block, and its verdicts.
func (n *Network) Committed(node, channel string, verdicts []peer.TxValidationCode) {
	n.blocks.WithLabelValues(node, channel).Inc()
	for _, v := range verdicts {
		n.transactions.WithLabelValues(node, channel, v.String()).Inc()
	}
}

// Answered tells with which status a peer answered a proposal: it endorses what
// is below 400.
func (n *Network) Answered(node string, status int32) {
	outcome := "endorsed"
	if status >= 400 {
		outcome = outcomeFailed
	}
	n.proposals.WithLabelValues(node, outcome).Inc()
}

// Refused tells that a peer refused a proposal itself.
func (n *Network) Refused(node string) {
	n.proposals.WithLabelValues(node, outcomeRefused).Inc()
}
