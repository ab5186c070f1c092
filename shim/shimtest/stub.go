// SPDX-License-Identifier: Apache-2.0

package shimtest

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/privatechaincode/fpc/shim"
)

// Stub is one transaction in memory. Chaincode.NewStub makes one for tests that
// call its methods themselves; Submit, Evaluate and Simulate make their own.
type Stub struct {
	shim.Args
	shim.Batchless
	chaincode *Chaincode
	tx        Tx
	nonce     []byte
	txID      string
	event     *shim.ChaincodeEvent
	sim       *simulation
	callers   []*Chaincode // that called this one, outermost first
	outer     *Stub        // the outermost caller's; nil: nobody called
}

var (
	_ shim.ChaincodeStubInterface = (*Stub)(nil)
	_ shim.RawRangeStub           = (*Stub)(nil)
)

// NewStub makes a stub for a transaction.
func (cc *Chaincode) NewStub(tx Tx) *Stub {
	cc.channel.mu.Lock()
	defer cc.channel.mu.Unlock()
	cc.channel.nonce++
	nonce := make([]byte, 24)
	binary.BigEndian.PutUint64(nonce[16:], cc.channel.nonce)
	if tx.Timestamp.IsZero() {
		tx.Timestamp = time.Date(2026, 1, 1, 0, 0, int(cc.channel.nonce), 0, time.UTC)
	}
	sum := sha256.Sum256(slices.Concat(nonce, tx.Creator))
	txID := hex.EncodeToString(sum[:])
	return &Stub{
		Args: tx.Args, chaincode: cc, tx: tx, nonce: nonce, txID: txID,
		sim: &simulation{txID: txID, timestamp: tx.Timestamp, reads: make(map[location]uint64)},
	}
}

// run calls the chaincode; a panic becomes an error response, and so does none.
func (s *Stub) run(code shim.Chaincode, init bool) (response *shim.Response) {
	defer func() {
		if r := recover(); r != nil {
			response = shim.Error(fmt.Sprintf("panic: %v", r))
		} else if response == nil {
			response = shim.Error("the chaincode returned no response")
		}
	}()
	if init {
		return code.Init(s)
	}
	return code.Invoke(s)
}

// GetTxID returns hex SHA-256 of the nonce and the creator.
func (s *Stub) GetTxID() string { return s.txID }

// GetChannelID returns the channel's name.
func (s *Stub) GetChannelID() string { return s.chaincode.channel.name }

// GetCreator returns Tx.Creator.
func (s *Stub) GetCreator() ([]byte, error) { return s.tx.Creator, nil }

// GetTransient returns Tx.Transient.
func (s *Stub) GetTransient() (map[string][]byte, error) { return s.tx.Transient, nil }

// GetBinding returns the binding of the transaction.
func (s *Stub) GetBinding() ([]byte, error) { return shim.Binding(s.nonce, s.tx.Creator, 0), nil }

// GetDecorations returns Tx.Decorations.
func (s *Stub) GetDecorations() map[string][]byte { return s.tx.Decorations }

// GetSignedProposal returns the proposal, with a signature that nobody made.
// A chaincode that is called by another one is shown the proposal to the first.
func (s *Stub) GetSignedProposal() (*shim.SignedProposal, error) {
	return cmp.Or(s.outer, s).signedProposal()
}

// GetTxTimestamp returns Tx.Timestamp.
func (s *Stub) GetTxTimestamp() (*timestamppb.Timestamp, error) {
	return timestamppb.New(s.tx.Timestamp), nil
}

// SetEvent sets the transaction's event.
func (s *Stub) SetEvent(name string, payload []byte) error {
	if name == "" {
		return shim.ErrEmptyEventName
	}
	s.event = &shim.ChaincodeEvent{ChaincodeId: s.chaincode.Name, TxId: s.txID, EventName: name, Payload: payload}
	return nil
}

// InvokeChaincode runs another chaincode of this channel in this transaction.
// One that takes part already is refused, as peers do; so are other channels.
func (s *Stub) InvokeChaincode(name string, args [][]byte, channel string) *shim.Response {
	c := s.chaincode.channel
	if channel != "" && channel != c.name {
		return shim.Error(fmt.Sprintf("channel %s is not here", channel))
	}
	c.mu.Lock()
	target := c.chaincodes[name]
	c.mu.Unlock()
	if target == nil {
		return shim.Error(fmt.Sprintf("chaincode %s is not deployed", name))
	}
	callers := append(slices.Clone(s.callers), s.chaincode)
	if slices.Contains(callers, target) {
		return shim.Error(fmt.Sprintf("chaincode %s takes part in this transaction already", name))
	}
	inner := &Stub{Args: args, chaincode: target, tx: s.tx, nonce: s.nonce, txID: s.txID, sim: s.sim, callers: callers, outer: cmp.Or(s.outer, s)}
	return inner.run(target.code, false)
}
