// SPDX-License-Identifier: Apache-2.0

// Package trace records the steps of a run and draws them. A step carries the
// name that the flow documents give it (INV-8, REG-12, …), is recorded where it
// is received, and names the process that received it, so that a run can be
// held against the flows by a test. It belongs to the hosts: enclaves have no
// clock and no files, they return their steps and the host records them.
package trace

import (
	"os"
	"time"
)

// Event is one step of one run.
type Event struct {
	// Time is the recorder's clock; it orders events of one process only.
	Time time.Time `json:"time"`
	// Step is the flow's name of the step, for example "INV-8".
	Step string `json:"step"`
	// From and To are participants: user, client, admin, peer, orderer, ca,
	// lifecycle, ercc, stub, enclave, chaincode, ledger.
	From string `json:"from"`
	To   string `json:"to"`
	// What is the message's name; never its content.
	What string `json:"what"`
	// Process is the name of the process that received the step, for example
	// "stub@Org1MSP"; PID is its process id.
	Process string `json:"process"`
	PID     int    `json:"pid"`
	// TxID is the transaction the step belongs to, where there is one.
	TxID string `json:"txid,omitempty"`
	// Attrs are further facts that are safe to show, by the names below.
	Attrs map[string]string `json:"attrs,omitempty"`
}

// Names of attributes.
const (
	// AttrCode is a transaction's verdict in its block (VAL-5, VAL-7): a validation
	// code of Fabric's.
	AttrCode = "code"
	// AttrEndorsers is how many enclaves endorsed the transaction that a client
	// completes (INV-21, Full).
	AttrEndorsers = "endorsers"
	// AttrOrg is the sender's organisation, where the receiver has none.
	AttrOrg = "org"
	// AttrRefused is the code with which a participant refused a step; its
	// event is one from and to that participant.
	AttrRefused = "refused"
	// AttrReason is why it did, in words that hold no secret.
	AttrReason = "reason"
	// AttrValidation is the attribute by which a client's step of an execution
	// names the transaction that validates it (INV-21). In Lite a run has two
	// transaction ids: that of the proposal which the enclave executed, on the
	// ledger a mark only, and that of the transaction which replays it.
	AttrValidation = "validation"
)

// Recorder takes events. Record never blocks on the network, never fails, and
// may be called by several goroutines.
type Recorder interface {
	Record(Event)
}

// Nop records nothing.
var Nop Recorder = nop{}

type nop struct{}

func (nop) Record(Event) {}

// Join passes every event on to all of the recorders; nil ones do not count.
func Join(recorders ...Recorder) Recorder {
	var all joined
	for _, r := range recorders {
		if f, ok := r.(*File); r == nil || r == Nop || ok && f == nil {
			continue
		}
		all = append(all, r)
	}
	switch len(all) {
	case 0:
		return Nop
	case 1:
		return all[0]
	}
	return all
}

type joined []Recorder

func (j joined) Record(e Event) {
	for _, r := range j {
		r.Record(e)
	}
}

// Named fills in the process name, the process id and the time of every event
// that lacks them, and passes it on. Where nothing records, it is Nop.
func Named(process string, to Recorder) Recorder {
	if to = Join(to); to == Nop {
		return Nop
	}
	return named{process: process, pid: os.Getpid(), to: to}
}

type named struct {
	process string
	pid     int
	to      Recorder
}

func (n named) Record(e Event) {
	if e.Process == "" {
		e.Process = n.process
	}
	if e.PID == 0 {
		e.PID = n.pid
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	n.to.Record(e)
}
