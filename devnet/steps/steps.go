// SPDX-License-Identifier: Apache-2.0

// Package steps is untrusted: it names the steps of flows.md that arrive at the
// embedded orderer and at the peers' committers, for the trace of a run.
package steps

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// Ordered records VAL-5 at the orderer if the envelope is a validation
// transaction. Other envelopes belong to no step of the flows.
func Ordered(r trace.Recorder, env *common.Envelope) {
	if r == trace.Nop {
		return
	}
	if txID, ok := validation(env); ok {
		r.Record(trace.Event{Step: "VAL-5", From: "client", To: "orderer", What: "transaction", TxID: txID})
	}
}

// Committed records VAL-5 at a peer for each validation transaction of a block
// that the peer has committed, with its verdict; at is when the block came.
func Committed(r trace.Recorder, b *common.Block, at time.Time) {
	if r == trace.Nop {
		return
	}
	codes, err := block.Filter(b)
	if err != nil {
		return // no verdicts, nothing committed
	}
	for i, raw := range b.GetData().GetData() {
		var env common.Envelope
		if proto.Unmarshal(raw, &env) != nil || i >= len(codes) {
			continue
		}
		if txID, ok := validation(&env); ok {
			r.Record(trace.Event{
				Time: at, Step: "VAL-5", From: "orderer", To: "peer", What: "block", TxID: txID,
				Attrs: map[string]string{"code": codes[i].String()},
			})
		}
	}
}

// validation tells whether an envelope invokes validateEnclaveEndorsement.
func validation(env *common.Envelope) (txID string, ok bool) {
	opened, err := envelope.OpenAny(env)
	if err != nil || opened.Channel.GetType() != int32(common.HeaderType_ENDORSER_TRANSACTION) {
		return "", false
	}
	tx, err := opened.Transaction()
	if err != nil {
		return "", false
	}
	spec, err := tx.Invocation()
	if err != nil || len(spec.GetInput().GetArgs()) == 0 {
		return "", false
	}
	return tx.TxID, string(spec.Input.Args[0]) == protocol.FuncValidate
}
