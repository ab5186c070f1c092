// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Any client reaches unpack.
func FuzzUnpack(f *testing.F) {
	encode := func(m proto.Message) []byte {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		return raw
	}
	spec := &peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{ChaincodeId: &peer.ChaincodeID{Name: "kv"}}}
	f.Add(encode(&peer.Proposal{
		Header:  encode(&common.Header{ChannelHeader: encode(&common.ChannelHeader{ChannelId: "mychannel"})}),
		Payload: encode(&peer.ChaincodeProposalPayload{Input: encode(spec), TransientMap: map[string][]byte{"a": nil}}),
	}))
	f.Add([]byte("\xff"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := unpack(&peer.SignedProposal{ProposalBytes: raw})
		if err == nil && (p.channelID == "" || p.chaincode == "") {
			t.Errorf("got %+v without channel or chaincode", p)
		}
	})
}
