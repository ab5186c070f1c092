// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// Request is a request sealed to one chaincode in the name of one creator, with
// the key that opens its answer (INV-3, INV-4). Printing it shows no secret.
type Request struct {
	chaincode *Chaincode
	ccreq     []byte
	view      View
	key       keys.ResponseKey
}

// Seal encrypts arguments and transient data for the chaincode, their length
// hidden by the padding. creator is the serialised identity that will sign the
// proposal: under any other the request does not open.
func (c *Chaincode) Seal(padding keys.Padding, creator []byte, args [][]byte, transient map[string][]byte) (*Request, error) {
	return c.SealAt(View{}, padding, creator, args, transient)
}

// SealAt is [Chaincode.Seal] for an execution at certain heads of the ledger; in
// Lite mode nobody can promise any. Code: wrong_mode.
func (c *Chaincode) SealAt(view View, padding keys.Padding, creator []byte, args [][]byte, transient map[string][]byte) (*Request, error) {
	const step = "INV-4"
	if view != (View{}) && c.mode != protocol.ModeFull {
		return nil, protocol.Errorf(step, protocol.CodeWrongMode, "chaincode %s is of mode %s: no enclave knows at which head it reads", c.ID(), c.mode).
			WithHint("leave --min-height out")
	}
	key := keys.NewResponseKey()
	secret, err := key.MarshalSecret()
	if err != nil {
		return nil, protocol.Wrap(step, protocol.CodeInternal, err)
	}
	binding := keys.RequestBinding{ChannelHash: c.pins.channelHash, ChaincodeID: c.ID(), Creator: creator}
	sealed, err := protocol.SealRequest(c.ek, binding, padding, &pb.ClearRequest{Args: args, Transient: transient, ResponseKey: secret})
	if err != nil {
		return nil, err
	}
	sealed.AtHeight, sealed.MinHeight = view.At, view.Min
	ccreq, err := proto.Marshal(sealed)
	if err != nil {
		return nil, protocol.Wrap(step, protocol.CodeInternal, err)
	}
	return &Request{c, ccreq, view, key}, nil
}

// Args returns the arguments of the proposal that carries the request (INV-6).
func (r *Request) Args() [][]byte { return protocol.InvokeArgs(r.ccreq) }

// Chaincode returns the chaincode that the request is sealed to.
func (r *Request) Chaincode() *Chaincode { return r.chaincode }
