// SPDX-License-Identifier: Apache-2.0

package script

import (
	"bytes"
	"fmt"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/shim"
)

// invocation tells what does not change from one run to another, creator,
// timestamp and channel, and whether the rest belongs together: transaction id,
// binding and proposal.
func invocation(s shim.ChaincodeStubInterface, _ Op) string {
	creator, err := s.GetCreator()
	if err != nil {
		return done(err)
	}
	timestamp, err := s.GetTxTimestamp()
	if err != nil {
		return done(err)
	}
	binding, err := s.GetBinding()
	if err != nil {
		return done(err)
	}
	signed, err := s.GetSignedProposal()
	if err != nil {
		return done(err)
	}
	p, err := envelope.UnpackProposal(signed)
	if err != nil {
		return done(err)
	}
	nonce := p.Signature.GetNonce()
	for what, ok := range map[string]bool{
		"transaction id is not of nonce and creator": s.GetTxID() == envelope.TxID(nonce, creator),
		"transaction id is not the proposal's":       s.GetTxID() == p.TxID(),
		"binding is not of nonce and creator":        bytes.Equal(binding, shim.Binding(nonce, creator, 0)),
		"creator is not the proposal's":              bytes.Equal(creator, p.Creator()),
		"timestamp is not the proposal's":            timestamp.AsTime().Equal(p.Timestamp()),
		"channel is not the proposal's":              s.GetChannelID() == p.ChannelID(),
	} {
		if !ok {
			return "error: " + what
		}
	}
	return fmt.Sprintf("%q %s %s %q", creator, timestamp.AsTime(), s.GetChannelID(), s.GetDecorations())
}
