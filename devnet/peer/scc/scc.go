// SPDX-License-Identifier: Apache-2.0

// Package scc is untrusted: it holds the peer's system chaincodes `qscc`, which
// answers questions about a channel's blocks, and `cscc`, which joins channels
// and tells their configuration.
//
// Neither may be called by another chaincode: in Fabric such a call deadlocks
// against a commit, so what would rest on it must not work here either.
package scc

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Access tells whether the proposer may use a resource.
type Access func(resource, channelID string, claim policy.SignedData) error

// Ledgers are the channels of a peer; ledger.Peer is one.
type Ledgers interface {
	Channels() []string
	Channel(id string) (*ledger.Ledger, bool)
	Join(genesis *common.Block) (*ledger.Ledger, error)
}

func refuse(format string, args ...any) *peer.Response {
	return &peer.Response{Status: 500, Message: fmt.Sprintf(format, args...)}
}

// encoding makes equal answers equal bytes: peers that endorse one must agree.
var encoding = proto.MarshalOptions{Deterministic: true}

func success(m proto.Message) *peer.Response {
	payload, err := encoding.Marshal(m)
	if err != nil {
		return refuse("%s", err)
	}
	return &peer.Response{Status: 200, Payload: payload}
}

// calledBy returns the chaincode that the proposal is for, if it is not self.
func calledBy(inv *chaincode.Invocation, self string) (string, bool) {
	return inv.Proposal.Chaincode, inv.Proposal.Chaincode != self
}
