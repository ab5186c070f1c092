// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Ledger measures the host of a ledger enclave.
type Ledger struct {
	height, peer     prometheus.Gauge
	blocks           prometheus.Counter
	transactions     *prometheus.CounterVec
	refused          *prometheus.CounterVec
	starts           prometheus.Counter
	checkpoints      prometheus.Counter
	checkpointBytes  prometheus.Gauge
	checkpointedTook prometheus.Histogram
}

// NewLedger registers the figures of a ledger enclave's host.
func NewLedger(metrics prometheus.Registerer) *Ledger {
	const subsystem = "ledger"
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help})
	}
	vector := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, []string{label})
	}
	l := &Ledger{
		height:          gauge("height", "Blocks that the ledger enclave has taken."),
		peer:            gauge("peer_height", "Blocks that its peer has; the difference is the lag."),
		blocks:          counter("blocks_total", "Blocks that the ledger enclave took since this program began."),
		transactions:    vector("transactions_total", "Transactions in these blocks, by the ledger enclave's verdict.", "verdict"),
		refused:         vector("refused_blocks_total", "Blocks that the ledger enclave refused, by its code.", "code"),
		starts:          counter("enclave_starts_total", "Starts of the ledger enclave."),
		checkpoints:     counter("checkpoints_total", "Checkpoints that were stored."),
		checkpointBytes: gauge("checkpoint_bytes", "Size of the newest checkpoint."),
		checkpointedTook: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "checkpoint_seconds", Help: "Time that a checkpoint took.", Buckets: prometheus.ExponentialBuckets(0.01, 4, 7),
		}),
	}
	metrics.MustRegister(l.height, l.peer, l.blocks, l.transactions, l.refused, l.starts, l.checkpoints, l.checkpointBytes, l.checkpointedTook)
	return l
}

// Height tells how many blocks the ledger enclave has taken, and how many the
// peer has.
func (l *Ledger) Height(own, peer uint64) {
	l.height.Set(float64(own))
	l.peer.Set(float64(peer))
}

// Took tells of a block that the ledger enclave took.
func (l *Ledger) Took(transactions, valid uint32) {
	l.blocks.Inc()
	l.transactions.WithLabelValues("valid").Add(float64(valid))
	l.transactions.WithLabelValues("invalid").Add(float64(transactions - min(valid, transactions)))
}

// Refused tells of a block that it refused.
func (l *Ledger) Refused(code string) { l.refused.WithLabelValues(code).Inc() }

// Checkpointed tells of a checkpoint that was stored.
func (l *Ledger) Checkpointed(bytes int, took time.Duration) {
	l.checkpoints.Inc()
	l.checkpointBytes.Set(float64(bytes))
	l.checkpointedTook.Observe(took.Seconds())
}

// Started tells that a ledger enclave was started.
func (l *Ledger) Started() { l.starts.Inc() }
