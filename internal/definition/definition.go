// SPDX-License-Identifier: Apache-2.0

// Package definition is untrusted: it asks the peer's _lifecycle, from inside a
// chaincode, what the channel committed. The answer is as good as that peer;
// who needs more asks several.
package definition

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/lifecycle"
	"github.com/privatechaincode/fpc/shim"
)

// ErrNotCommitted says that the peer gave no definition: the channel has
// committed none of this name, or the caller may not ask for it.
var ErrNotCommitted = errors.New("no committed chaincode definition")

// Peer is what is needed of a chaincode's stub.
type Peer interface {
	GetChannelID() string
	InvokeChaincode(name string, args [][]byte, channel string) *shim.Response
}

// Definition is a chaincode's committed definition.
type Definition struct {
	Name    string
	Channel string
	*lifecycle.QueryChaincodeDefinitionResult
}

// Committed returns the definition of the chaincode on the channel of the
// running transaction. The caller needs to be a Writer of the application.
func Committed(peer Peer, name string) (*Definition, error) {
	args, err := proto.Marshal(&lifecycle.QueryChaincodeDefinitionArgs{Name: name})
	if err != nil {
		return nil, fmt.Errorf("ask for the definition of %q: %w", name, err)
	}
	answer := peer.InvokeChaincode("_lifecycle", [][]byte{[]byte("QueryChaincodeDefinition"), args}, "")
	if answer.GetStatus() != shim.OK {
		return nil, fmt.Errorf("%w of %q: %s", ErrNotCommitted, name, answer.GetMessage())
	}
	result := &lifecycle.QueryChaincodeDefinitionResult{}
	if err := proto.Unmarshal(answer.GetPayload(), result); err != nil {
		return nil, fmt.Errorf("read the definition of %q: %w", name, err)
	}
	return &Definition{Name: name, Channel: peer.GetChannelID(), QueryChaincodeDefinitionResult: result}, nil
}

// CCParams returns the definition as CC_Params (REG-2).
func (d *Definition) CCParams() *fpc.CCParameters {
	return &fpc.CCParameters{
		ChaincodeId: d.Name,
		Version:     d.GetVersion(),
		ChannelId:   d.Channel,
		Sequence:    d.GetSequence(),
	}
}

// Same tells whether CC_Params are those of the definition. The sequence is not
// compared: a new sequence that changes only the policy strands no enclave.
func (d *Definition) Same(p *fpc.CCParameters) bool {
	return p.GetChaincodeId() == d.Name && p.GetVersion() == d.GetVersion() && p.GetChannelId() == d.Channel
}
