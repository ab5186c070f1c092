// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"errors"
	"fmt"
	"runtime/debug"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

var errPanic = errors.New("the chaincode panicked; its log tells where")

// start runs the chaincode for a TRANSACTION or INIT message in a goroutine of
// its own and sends the result.
func (s *session) start(m *message) {
	t, err := s.begin(keyOf(m))
	if err != nil {
		go func() { _ = s.send(refusal(m, err)) }()
		return
	}
	go func() {
		defer s.left()
		result := t.run(m)
		if !t.finish() {
			return
		}
		var tooLarge *TooLargeError
		if err := s.send(result); errors.As(err, &tooLarge) {
			_ = s.send(refusal(m, err))
		}
	}()
}

// run returns the message that ends the transaction: COMPLETED with the
// chaincode's response, whatever its status, or ERROR where there is none. A
// failed Init is ERROR too, as Fabric has it.
func (t *transaction) run(m *message) *message {
	stub, err := newStub(t, m)
	if err != nil {
		return refusal(m, err)
	}
	response, err := t.call(stub, m.GetType())
	if err != nil {
		return refusal(m, err)
	}
	if m.GetType() == peer.ChaincodeMessage_INIT && response.GetStatus() >= shim.ERROR {
		return refusal(m, errors.New(response.GetMessage()))
	}
	payload, err := proto.Marshal(response)
	if err != nil {
		return refusal(m, fmt.Errorf("response of the chaincode: %w", err))
	}
	result := &message{Type: peer.ChaincodeMessage_COMPLETED, Payload: payload, Txid: m.GetTxid(), ChannelId: m.GetChannelId()}
	if response.GetStatus() < shim.ERRORTHRESHOLD {
		result.ChaincodeEvent = stub.event
	}
	return result
}

// call runs the chaincode. A panic of its is an error response.
func (t *transaction) call(stub *stub, kind peer.ChaincodeMessage_Type) (response *shim.Response, err error) {
	defer func() {
		if r := recover(); r != nil {
			t.session.options.Log.Error("the chaincode panicked", "tx", t.key.txID, "panic", r, "stack", string(debug.Stack()))
			response, err = shim.Error(errPanic.Error()), nil
		}
	}()
	if kind == peer.ChaincodeMessage_INIT {
		response = t.session.cc.Init(stub)
	} else {
		response = t.session.cc.Invoke(stub)
	}
	if response == nil {
		return nil, errors.New("the chaincode returned no response")
	}
	if response.GetStatus() >= shim.ERRORTHRESHOLD {
		return response, nil
	}
	if err := stub.FinishWriteBatch(); err != nil {
		return shim.Error(fmt.Sprintf("write batch: %v", err)), nil
	}
	return response, nil
}

func refusal(m *message, err error) *message {
	return &message{Type: peer.ChaincodeMessage_ERROR, Payload: []byte(err.Error()), Txid: m.GetTxid(), ChannelId: m.GetChannelId()}
}
