// SPDX-License-Identifier: Apache-2.0

// Package admin is untrusted: it tells chaincodes of FPC whether an
// administrator calls them, and means to. The peer that runs the chaincode has verified the
// caller against the channel's MSPs before.
package admin

import (
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/cid"
)

// OU is the organizational unit that marks an administrator's certificate where
// an organisation uses NodeOUs.
const OU = "admin"

// Attribute is the Fabric CA attribute that marks an administrator's certificate
// ("true") where an organisation does not use NodeOUs.
const Attribute = "fpc.admin"

// Caller returns the MSP id of the transaction's creator, who must be an
// administrator by OU or by Attribute: both are for the organisation's CA to
// give. Codes: not_admin, malformed.
func Caller(step string, stub cid.CreatorStub) (mspID string, err error) {
	c, err := cid.New(stub)
	if err != nil {
		return "", protocol.Errorf(step, protocol.CodeMalformed, "%w", err)
	}
	if value, _ := c.Attribute(Attribute); value != "true" && !c.HasOU(OU) {
		return "", protocol.Errorf(step, protocol.CodeNotAdmin, "the caller is a member of %s but none of its administrators", c.MSPID())
	}
	return c.MSPID(), nil
}

// ProposalStub is what Direct needs of a stub.
type ProposalStub interface {
	GetChannelID() string
	GetSignedProposal() (*shim.SignedProposal, error)
}

// Direct demands that the creator called this very chaincode, on this channel. A
// chaincode that another one calls is shown the same creator, who may never have
// heard of it: any chaincode of the channel could act in the name of the
// administrators that use it. A proposal that cannot be read is none to this
// chaincode. Codes: not_direct.
func Direct(step string, stub ProposalStub, name string) error {
	signed, err := stub.GetSignedProposal()
	if err != nil {
		return protocol.Errorf(step, protocol.CodeNotDirect, "whether the caller called %s itself is not known: %w", name, err)
	}
	p, err := envelope.UnpackProposal(signed)
	if err != nil {
		return protocol.Errorf(step, protocol.CodeNotDirect, "whether the caller called %s itself is not known: %w", name, err)
	}
	if channel := p.Channel.GetChannelId(); p.Chaincode != name || channel != stub.GetChannelID() {
		return protocol.Errorf(step, protocol.CodeNotDirect, "the caller called chaincode %.64q on channel %.64q, which passed this on: administrators call %s itself", p.Chaincode, channel, name)
	}
	return nil
}

// CallerOf demands an administrator of one organisation. Codes: as Caller, and
// foreign_caller.
func CallerOf(step string, stub cid.CreatorStub, mspID string) error {
	caller, err := Caller(step, stub)
	if err != nil {
		return err
	}
	if caller != mspID {
		return protocol.Errorf(step, protocol.CodeForeignCaller, "the caller is of %s, this is for administrators of %s", caller, mspID)
	}
	return nil
}
