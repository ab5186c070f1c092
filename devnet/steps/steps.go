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

// Ordered records at the orderer that a private chaincode's transaction came: a
// validation transaction of Lite mode (VAL-5), or an invocation that enclaves
// endorsed (VAL-6). Other envelopes belong to no step of the flows.
func Ordered(r trace.Recorder, env *common.Envelope) {
	if r == trace.Nop {
		return
	}
	if txID, function := invocation(env); ordered[function] != "" {
		r.Record(trace.Event{Step: ordered[function], From: "client", To: "orderer", What: "transaction", TxID: txID})
	}
}

// ordered and committed name the steps of a transaction, by the function that it
// invokes.
var (
	ordered   = map[string]string{protocol.FuncValidate: "VAL-5", protocol.FuncInvoke: "VAL-6"}
	committed = map[string]string{protocol.FuncValidate: "VAL-5", protocol.FuncInvoke: "VAL-7"}
)

// Committed records the same at a peer (VAL-5, VAL-7) for each such transaction of
// a block that the peer has committed, with its verdict; at is when the block came.
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
		if txID, function := invocation(&env); committed[function] != "" {
			r.Record(trace.Event{
				Time: at, Step: committed[function], From: "orderer", To: "peer", What: "block", TxID: txID,
				Attrs: map[string]string{trace.AttrCode: codes[i].String()},
			})
		}
	}
}

// invocation returns the function that a transaction invokes, empty for other
// envelopes.
func invocation(env *common.Envelope) (txID, function string) {
	opened, err := envelope.OpenAny(env)
	if err != nil || opened.Channel.GetType() != int32(common.HeaderType_ENDORSER_TRANSACTION) {
		return "", ""
	}
	tx, err := opened.Transaction()
	if err != nil {
		return "", ""
	}
	spec, err := tx.Invocation()
	if err != nil || len(spec.GetInput().GetArgs()) == 0 {
		return "", ""
	}
	return tx.TxID, string(spec.Input.Args[0])
}
