// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/privatechaincode/fpc/internal/explain"
	"github.com/privatechaincode/fpc/protocol"
)

const namespace = "fpc"

// durations are the histograms' buckets, in seconds: half a millisecond to 16 s.
var durations = prometheus.ExponentialBuckets(0.0005, 2, 16)

// Outcomes of calls.
const (
	outcomeOK      = "ok"
	outcomeRefused = "refused" // what was asked must not be
	outcomeFailed  = "failed"  // it might have been
)

// Calls measures the calls of a chaincode program, stub or registry. What the
// private chaincode itself is asked is not known outside the enclave.
type Calls struct {
	total    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	// own are the functions that are worth an alarm by themselves, and have a
	// counter of their own beside; its labels are outcome and code.
	own map[string]*prometheus.CounterVec
}

// NewCalls registers the figures of a program, "stub" or "ercc".
func NewCalls(metrics prometheus.Registerer, program string) *Calls {
	c := &Calls{
		total: ended(metrics, program, "calls_total", "Calls", "function"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: program, Name: "call_duration_seconds",
			Help: "How long calls took, by function.", Buckets: durations,
		}, []string{"function"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: program, Name: "calls_in_flight",
			Help: "Calls that are running, by function.",
		}, []string{"function"}),
	}
	metrics.MustRegister(c.seconds, c.inFlight)
	return c
}

// ended registers a counter of what ended, by labels of its own, outcome and code.
func ended(metrics prometheus.Registerer, program, name, what string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: program, Name: name,
		Help: what + " that ended, by outcome (ok, refused, failed) and the code of a refusal.",
	}, append(labels, "outcome", "code"))
	metrics.MustRegister(c)
	return c
}

// Begin begins a call; done ends it, with nil for success.
func (c *Calls) Begin(function string) (done func(error)) {
	running, begun := c.inFlight.WithLabelValues(function), time.Now()
	running.Inc()
	return func(err error) {
		running.Dec()
		c.seconds.WithLabelValues(function).Observe(time.Since(begun).Seconds())
		outcome, code := outcomeOf(err)
		c.total.WithLabelValues(function, outcome, code).Inc()
		if own := c.own[function]; own != nil {
			own.WithLabelValues(outcome, code).Inc()
		}
	}
}

// faults are the codes by which nobody refused: something did not work.
var faults = map[protocol.Code]bool{
	"": true, protocol.CodeInternal: true, "timeout": true, "enclave_ended": true, "no_registry": true, protocol.CodeSealedState: true,
}

// outcomeOf sorts an error. Codes come from enclaves too, which could make up
// any number of them: only known ones get a figure of their own.
func outcomeOf(err error) (outcome, code string) {
	if err == nil {
		return outcomeOK, ""
	}
	of := protocol.CodeOf(err)
	outcome = outcomeRefused
	if faults[of] {
		outcome = outcomeFailed
	}
	if _, known := explain.Code(of); !known {
		return outcome, "other"
	}
	return outcome, string(of)
}

// Stub measures a stub.
type Stub struct {
	*Calls
	sealed prometheus.Counter
}

// NewStub registers a stub's figures. enclaveUp tells whether the enclave runs;
// nil: the stub only validates.
func NewStub(metrics prometheus.Registerer, enclaveUp func() bool) *Stub {
	s := &Stub{
		Calls: NewCalls(metrics, "stub"),
		sealed: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: "stub", Name: "sealed_state_writes_total",
			Help: "Sealed states that were written.",
		}),
	}
	metrics.MustRegister(s.sealed)
	s.own = map[string]*prometheus.CounterVec{
		protocol.FuncValidate: ended(metrics, "stub", "validations_total", "Validations of what enclaves signed (VAL-1 to VAL-4)"),
	}
	if enclaveUp != nil {
		metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: "stub", Name: "enclave_up",
			Help: "1 while the enclave runs.",
		}, func() float64 {
			if enclaveUp() {
				return 1
			}
			return 0
		}))
	}
	return s
}

// NewERCC registers a registry's figures.
func NewERCC(metrics prometheus.Registerer) *Calls {
	c := NewCalls(metrics, "ercc")
	registrations := ended(metrics, "ercc", "registrations_total", "Registrations and revocations (REG-11 to REG-15, KEY-3)", "of")
	c.own = make(map[string]*prometheus.CounterVec)
	for function, of := range map[string]string{
		protocol.FuncRegisterEnclave: "enclave", protocol.FuncRegisterCCKeys: "keys", protocol.FuncRevokeEnclave: "revocation",
	} {
		c.own[function] = registrations.MustCurryWith(prometheus.Labels{"of": of})
	}
	return c
}

// Sealed counts a sealed state that was written.
func (s *Stub) Sealed() { s.sealed.Inc() }
