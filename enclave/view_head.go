// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// How far a view goes to find a head at which the peer's state is: both are
// bounded so that a host cannot make an enclave run for ever.
const (
	maxReruns = 5
	maxWaits  = 3
	// maxHeadWaits is how often it waits for the head that a request demands: a
	// client that asks for one far ahead is told so before it gives up.
	maxHeadWaits = 1
	// maxBehind is how many blocks older than the newest head an execution may
	// be: a peer shows a block to its followers before its own state has it.
	maxBehind = 4
)

// codeNotYet is the ledger enclave's: the height asked for is above its newest.
const codeNotYet protocol.Code = "not_yet"

// begin pins the first head, and asks there: the one that the request names, or the
// newest. The peer is asked once, however long the head is waited for.
func (v *fullView) begin(q question) (answer, error) {
	at, lowest := v.proposal.request.GetAtHeight(), v.proposal.request.GetMinHeight()
	if at != 0 && at < lowest {
		return answer{}, protocol.Errorf("INV-11", protocol.CodeBelowMinHead, "the request asks for height %d, and for none below %d", at, lowest)
	}
	var first *fpc.StateResponse
	for {
		a, err := v.pin(at, q)
		if q.peer != nil {
			first, q.peer = a.peer, nil
		}
		a.peer = first
		switch {
		case protocol.CodeOf(err) == codeNotYet && at == 0: // the newest is there: so says the host, or another release
			err = protocol.Errorf("INV-11", CodeLedgerAnswer, "asked for the newest height, the ledger enclave is said not to have reached it")
		case protocol.CodeOf(err) == codeNotYet && v.waits < maxWaits:
			err = v.await(at - 1)
		case protocol.CodeOf(err) == codeNotYet:
			err = protocol.Errorf("INV-11", protocol.CodeStaleView, "the ledger enclave does not reach height %d in time", at)
		case err == nil && v.pinned.height >= lowest:
			v.begun(lowest)
			return a, nil
		case err == nil && v.waits < maxHeadWaits:
			err = v.await(lowest - 1)
		case err == nil:
			err = protocol.Errorf("INV-11", protocol.CodeBelowMinHead, "the ledger enclave is at height %d, the request asks for %d at least", v.pinned.height, lowest)
		}
		if err != nil {
			return answer{}, err
		}
	}
}

// begun bounds, by the first head, how far back another one may be.
func (v *fullView) begun(lowest uint64) {
	v.oldest = max(lowest, 1)
	if v.pinned.height > maxBehind {
		v.oldest = max(v.oldest, v.pinned.height-maxBehind)
	}
	v.log.add("INV-11", ledgerEnclave, enclave, "creator valid, head pinned")
}

// pin is [pinned.pin]. What was heard at the head before counts no more.
func (v *fullView) pin(at uint64, q question) (answer, error) {
	a, err := v.pinned.pin(at, q)
	if err == nil {
		v.newest = max(v.newest, v.pinned.height)
		v.peer = make(map[string][]byte)
		v.differ = false
	}
	return a, err
}
