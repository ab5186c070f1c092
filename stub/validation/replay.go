// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"bytes"
	"fmt"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// State is the chaincode's namespace as the peer shows it within the validation
// transaction. A peer that lies here produces writes that other organisations'
// peers do not endorse.
type State interface {
	GetMultipleStates(keys ...string) ([][]byte, error)
	GetRawStateByRange(start, end string) (shim.StateQueryIteratorInterface, error)
	GetStateValidationParameter(key string) ([]byte, error)
	PutState(key string, value []byte) error
	DelState(key string) error
	SetStateValidationParameter(key string, policy []byte) error
	SetEvent(name string, payload []byte) error
}

// Replay consumes the inner transaction id and writes what the enclave signed,
// if everything that it read is still as it read it (VAL-4). All checks precede
// the first write. Codes: consumed, stale_read, altered_range, internal (the
// peer failed).
func (e *Endorsement) Replay(state State) error {
	rw := e.message.GetRwset()
	if err := e.checkReads(state, rw); err != nil {
		return err
	}
	for i, r := range rw.GetRanges() {
		if err := e.checkRange(state, i, r); err != nil {
			return err
		}
	}
	for _, r := range rw.GetMetadataReads() {
		policy, err := state.GetStateValidationParameter(r.GetKey())
		if err != nil {
			return e.failed("read the policy of a key", err)
		}
		if !bytes.Equal(protocol.MetadataHash(policy), r.GetHash()) {
			return e.refuse(protocol.CodeStaleRead, "the policy of key %q has changed", r.GetKey())
		}
	}
	if err := e.write(state, rw); err != nil {
		return e.failed("write", err)
	}
	return nil
}

// checkReads reads the marker and all single keys in one request.
func (e *Endorsement) checkReads(state State, rw *fpc.ReadWriteSet) error {
	wanted := make([]string, 1, 1+len(rw.GetReads()))
	wanted[0] = protocol.MarkerKey(e.message.GetTxId())
	for _, r := range rw.GetReads() {
		wanted = append(wanted, r.GetKey())
	}
	values, err := state.GetMultipleStates(wanted...)
	if err != nil {
		return e.failed("read", err)
	}
	if len(values) != len(wanted) {
		return e.failed("read", fmt.Errorf("%d values for %d keys", len(values), len(wanted)))
	}
	if len(values[0]) != 0 {
		return e.refuse(protocol.CodeConsumed, "transaction %s was committed before", e.message.GetTxId())
	}
	for i, r := range rw.GetReads() {
		if !bytes.Equal(protocol.ValueHash(values[i+1]), r.GetValueHash()) {
			return e.refuse(protocol.CodeStaleRead, "key %q has another value than the enclave read", r.GetKey())
		}
	}
	return nil
}

// checkRange runs a range again. Keys that FPC keeps for itself are invisible
// to the chaincode and so are not in its rows.
func (e *Endorsement) checkRange(state State, i int, want *fpc.RangeRead) error {
	altered := func(key string) error {
		return e.refuse(protocol.CodeAlteredRange, "range %d [%q, %q) has other rows than the enclave read, first at %q", i, want.GetStart(), want.GetEnd(), key)
	}
	rows, err := state.GetRawStateByRange(want.GetStart(), want.GetEnd())
	if err != nil {
		return e.failed("read a range", err)
	}
	defer rows.Close()
	left := want.GetRows()
	for rows.HasNext() {
		row, err := rows.Next()
		if err != nil {
			return e.failed("read a range", err)
		}
		if protocol.IsReservedKey(row.GetKey()) {
			continue
		}
		if len(left) == 0 || row.GetKey() != left[0].GetKey() || !bytes.Equal(protocol.ValueHash(row.GetValue()), left[0].GetValueHash()) {
			return altered(row.GetKey())
		}
		left = left[1:]
	}
	if len(left) != 0 {
		return altered(left[0].GetKey())
	}
	return nil
}

func (e *Endorsement) write(state State, rw *fpc.ReadWriteSet) error {
	if err := state.PutState(protocol.MarkerKey(e.message.GetTxId()), e.digest[:]); err != nil {
		return err
	}
	for _, w := range rw.GetWrites() {
		if err := writeKey(state, w); err != nil {
			return err
		}
	}
	for _, w := range rw.GetMetadataWrites() {
		if err := state.SetStateValidationParameter(w.GetKey(), w.GetPolicy()); err != nil {
			return err
		}
	}
	if event := e.message.GetEvent(); event != nil {
		return state.SetEvent(event.GetName(), event.GetPayload())
	}
	return nil
}

func writeKey(state State, w *fpc.Write) error {
	if w.GetIsDelete() {
		return state.DelState(w.GetKey())
	}
	return state.PutState(w.GetKey(), w.GetValue())
}

func (e *Endorsement) refuse(code protocol.Code, format string, args ...any) error {
	return protocol.Errorf(stepReplay, code, format, args...).WithTxID(e.message.GetTxId())
}

func (e *Endorsement) failed(what string, err error) error {
	return e.refuse(protocol.CodeInternal, "the peer failed to %s: %w", what, err)
}
