// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/trace"
)

// untraced takes apart a method as a stub calls it that records its steps: after
// the method stand the step for which the ledger enclave is called and the
// transaction, parted by blanks. Without them the call is not recorded.
func untraced(called string) (method, step, txID string) {
	method, rest, _ := strings.Cut(called, " ")
	step, txID, _ = strings.Cut(rest, " ")
	return method, step, txID
}

// received records what the ledger enclave is about to receive over the socket,
// before it does.
func (h *Host) received(e Enclave, method, step, txID string, request []byte) {
	if step == "" || h.config.Trace == trace.Nop {
		return
	}
	record := func(step, from, what string) {
		h.config.Trace.Record(trace.Event{
			Step: step, From: from, To: "ledger", What: what, Process: h.config.Process, PID: e.PID(), TxID: txID,
		})
	}
	if method == MethodSession {
		record(step, "stub", "session hello")
		return
	}
	for _, a := range asked(step, request) {
		record(a.step, "enclave", strings.Join(a.what, ", "))
	}
}

// asks are the questions of one frame that belong to one step.
type asks struct {
	step string
	what []string
}

// asked names the questions of a frame, by step. Frames are authentic, not secret;
// one that does not decode is the ledger enclave's to refuse.
func asked(step string, request []byte) []asks {
	var frame fpc.SessionFrame
	var ledger fpc.LedgerRequest
	if proto.Unmarshal(request, &frame) != nil || proto.Unmarshal(frame.GetBody(), &ledger) != nil {
		return nil
	}
	var all []asks
	for _, ask := range ledger.GetAsks() {
		at, what := stepOf(ask, step)
		i := slices.IndexFunc(all, func(a asks) bool { return a.step == at })
		if i < 0 {
			i, all = len(all), append(all, asks{step: at})
		}
		if !slices.Contains(all[i].what, what) {
			all[i].what = append(all[i].what, what)
		}
	}
	return all
}

// stepOf names a question, and its step where that does not depend on what it is
// asked for.
func stepOf(ask *fpc.LedgerAsk, purpose string) (step, what string) {
	switch ask.GetAsk().(type) {
	case *fpc.LedgerAsk_Identity:
		return "INV-11", "verify creator, pin the head"
	case *fpc.LedgerAsk_Keys:
		return "EX-1", "getMetadata"
	case *fpc.LedgerAsk_Range:
		return "EX-3", "getRangeMetadata"
	case *fpc.LedgerAsk_Agree:
		return "EX-1", "head at which the values agree"
	case *fpc.LedgerAsk_Hash:
		return "INV-9", "extends the known head"
	case *fpc.LedgerAsk_Statement:
		return purpose, "head statement"
	case *fpc.LedgerAsk_Endorser:
		return purpose, "can_endorse"
	case *fpc.LedgerAsk_Policy:
		return purpose, "registry's policy"
	case *fpc.LedgerAsk_Registry:
		return purpose, "registry's entry"
	case *fpc.LedgerAsk_Transaction:
		return purpose, "tx_status"
	}
	return purpose, "unknown question"
}

// record records a step of VAL-8, once for each transaction of a block that has an
// id, so that it is found with its transaction; once for a block that has none.
func (f *follower) record(from, what string, b *common.Block) {
	if f.config.Trace == trace.Nop {
		return
	}
	for _, txID := range transactions(b) {
		f.config.Trace.Record(trace.Event{
			Step: step, From: from, To: "ledger", What: what, Process: f.config.Process, PID: f.enclave.PID(), TxID: txID,
			Attrs: map[string]string{"block": fmt.Sprint(b.GetHeader().GetNumber())},
		})
	}
}

// transactions are the ids of a block's endorser transactions, or an empty one.
func transactions(b *common.Block) []string {
	var ids []string
	for _, raw := range b.GetData().GetData() {
		var env common.Envelope
		if proto.Unmarshal(raw, &env) != nil {
			continue
		}
		opened, err := envelope.OpenAny(&env)
		if err == nil && opened.Channel.GetType() == int32(common.HeaderType_ENDORSER_TRANSACTION) {
			ids = append(ids, opened.Channel.GetTxId())
		}
	}
	if len(ids) == 0 {
		return []string{""}
	}
	return ids
}
