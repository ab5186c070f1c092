// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"maps"
	"slices"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// settle looks, after a run that saw peer and ledger enclave differ, for a head
// at which they agree, and has the chaincode run again there. Where the request
// names its head, there is no other one. A run that asked for no state pins its
// head, and has its creator judged, only now.
//
// Codes: stale_view, and those of INV-11.
func (v *fullView) settle() (again bool, err error) {
	switch {
	case v.failed != nil:
		return false, v.failed
	case v.pinned.height == 0:
		_, err := v.begin(question{})
		return false, err
	case !v.differ:
		return false, nil
	case v.proposal.request.GetAtHeight() != 0:
		return false, protocol.Errorf("INV-11", protocol.CodeStaleView, "the peer's state is not that of height %d, which the request names", v.pinned.height)
	case v.reruns == maxReruns:
		return false, protocol.Errorf("INV-11", protocol.CodeStaleView, "the state changed during each of %d runs", maxReruns+1)
	}
	v.reruns++
	height, err := v.agree()
	if err != nil {
		return false, err
	}
	_, err = v.pin(height, question{})
	return true, err
}

// agree finds the newest head at which the keys that the peer answered had these
// values, waiting for blocks that the ledger enclave has not got yet.
func (v *fullView) agree() (uint64, error) {
	before := v.pinned.height
	for {
		height, err := v.agreeNow()
		if err != nil || (height != 0 && height != before) {
			return height, err
		}
		if err := v.behind(height); err != nil {
			return 0, err
		}
		if v.waits >= maxWaits {
			return 0, protocol.Errorf("INV-11", protocol.CodeStaleView, "the peer's state is that of no head from %d to %d", v.oldest, v.newest)
		}
		if err := v.await(v.newest); err != nil {
			return 0, err
		}
	}
}

// behind refuses a peer whose state is of a head that is too old. A peer answers an
// invocation from one state to its end: no block that comes will mend this one, but
// the client's next proposal may find the peer level. So it is where all keys that the
// peer showed agree with the pinned head, and rows are missing: agreed is that head
// then, else 0.
func (v *fullView) behind(agreed uint64) error {
	if agreed != 0 {
		return protocol.Errorf("INV-11", protocol.CodeStaleView, "the keys that the peer showed are those of height %d, its ranges or policies are not", agreed)
	}
	answer, err := v.askAgreed(0)
	if err != nil {
		return err
	}
	if reply := answer.GetReplies()[0].GetAgree(); reply.GetFound() && reply.GetHeight() < v.oldest {
		return protocol.Errorf("INV-11", protocol.CodeStaleView, "the peer's state is that of height %d, and none below %d will do", reply.GetHeight(), v.oldest)
	}
	return nil
}

// askAgreed asks for the newest head, at a height or above it, at which the keys
// that the peer answered had these values; 0: of all that are kept.
func (v *fullView) askAgreed(lowest uint64) (*fpc.LedgerAnswer, error) {
	ask := &fpc.AgreeAsk{Namespace: v.state.params.GetChaincodeId()}
	for _, key := range slices.Sorted(maps.Keys(v.peer)) {
		ask.Keys = append(ask.Keys, &fpc.KeyHash{Key: key, ValueHash: v.peer[key]})
	}
	req := &fpc.LedgerRequest{At: lowest, Asks: []*fpc.LedgerAsk{{Ask: &fpc.LedgerAsk_Agree{Agree: ask}}}}
	_, answer, err := v.enclave.link.ask(v.ctx, v.state, v.host, nil, req)
	return answer, err
}

// agreeNow asks for such a head; 0: there is none, yet.
func (v *fullView) agreeNow() (uint64, error) {
	answer, err := v.askAgreed(v.oldest)
	if protocol.CodeOf(err) == protocol.CodeStaleView && v.oldest < v.pinned.height {
		v.oldest = v.pinned.height // the ledger enclave keeps none so old
		return v.agreeNow()
	}
	if err != nil {
		return 0, err
	}
	reply := answer.GetReplies()[0].GetAgree()
	if !reply.GetFound() {
		return 0, nil
	}
	if reply.GetHeight() < v.oldest {
		return 0, protocol.Errorf("INV-11", CodeLedgerAnswer, "the ledger enclave found height %d, it was asked for %d or above", reply.GetHeight(), v.oldest)
	}
	v.newest = max(v.newest, reply.GetHeight())
	return reply.GetHeight(), nil
}

// await is [hostView.await], counted.
func (v *fullView) await(above uint64) error {
	v.waits++
	return v.hostView.await("INV-11", above)
}
