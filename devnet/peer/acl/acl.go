// SPDX-License-Identifier: Apache-2.0

// Package acl is untrusted: it decides who may call what on a peer, by Fabric's
// default access rules and those that a channel's configuration sets instead.
package acl

import (
	"fmt"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Resources that are no function of a system chaincode; those are named
// "<chaincode>/<function>".
const (
	Propose              = "peer/Propose"
	ChaincodeToChaincode = "peer/ChaincodeToChaincode"
	EventBlock           = "event/Block"
	EventFilteredBlock   = "event/FilteredBlock"
	CommitStatus         = "gateway/CommitStatus"
	ChaincodeEvents      = "gateway/ChaincodeEvents"
)

// local lists what the peer's own organisation decides, whatever the channel:
// the role that a caller must have in it.
var local = map[string]common.MSPRole_MSPRoleType{
	"_lifecycle/InstallChaincode":                   common.MSPRole_ADMIN,
	"_lifecycle/QueryInstalledChaincode":            common.MSPRole_ADMIN,
	"_lifecycle/GetInstalledChaincodePackage":       common.MSPRole_ADMIN,
	"_lifecycle/QueryInstalledChaincodes":           common.MSPRole_ADMIN,
	"_lifecycle/ApproveChaincodeDefinitionForMyOrg": common.MSPRole_ADMIN,
	"_lifecycle/QueryApprovedChaincodeDefinition":   common.MSPRole_ADMIN,
	"_lifecycle/QueryApprovedChaincodeDefinitions":  common.MSPRole_ADMIN,
	"cscc/JoinChain":                                common.MSPRole_ADMIN,
	"cscc/GetChannels":                              common.MSPRole_MEMBER,
}

// DeniedError says that a caller may not use a resource.
type DeniedError struct {
	Resource, Channel, Policy string
	Err                       error
}

func (e *DeniedError) Error() string {
	if e.Channel == "" {
		return fmt.Sprintf("access to %s denied by this organisation's policy [%s]: [%s]", e.Resource, e.Policy, e.Err)
	}
	return fmt.Sprintf("failed evaluating policy on signed data during check policy on channel [%s] with policy [%s]: [%s]", e.Channel, e.Policy, e.Err)
}

func (e *DeniedError) Unwrap() error { return e.Err }

// Checker holds callers against the rules. It is safe for concurrent use.
type Checker struct {
	// Local is the MSP of the peer's organisation.
	Local *msp.MSP
	// Bundle returns a joined channel's present configuration.
	Bundle func(channelID string) (*channel.Bundle, bool)
}

// Check verifies the claim's signature and tells whether its signer may use the
// resource. An unknown resource is refused. Refusals are of type [*DeniedError].
func (c *Checker) Check(resource, channelID string, claim policy.SignedData) error {
	if role, ok := local[resource]; ok {
		return c.checkLocal(resource, role, claim)
	}
	path, rule, err := c.rule(resource, channelID)
	if err != nil {
		return err
	}
	if err := rule.Evaluate([]policy.SignedData{claim}); err != nil {
		return &DeniedError{Resource: resource, Channel: channelID, Policy: path, Err: err}
	}
	return nil
}

// CheckVerified is [Checker.Check] for a claim whose signature was verified: id
// is its signer, as the channel knows it.
func (c *Checker) CheckVerified(resource, channelID string, claim policy.SignedData, id *msp.Presented) error {
	if _, ok := local[resource]; ok {
		return c.Check(resource, channelID, claim)
	}
	return c.permits(resource, channelID, id)
}

// MayPropose tells whether somebody whose signature was verified may propose on
// a channel. Refusals are of type [*DeniedError].
func (c *Checker) MayPropose(channelID string, id *msp.Presented) error {
	return c.permits(Propose, channelID, id)
}

func (c *Checker) permits(resource, channelID string, id *msp.Presented) error {
	path, rule, err := c.rule(resource, channelID)
	if err != nil {
		return err
	}
	if err := rule.EvaluateIdentities([]*msp.Presented{id}); err != nil {
		return &DeniedError{Resource: resource, Channel: channelID, Policy: path, Err: err}
	}
	return nil
}

// rule returns the policy that decides about a resource of a channel.
func (c *Checker) rule(resource, channelID string) (path string, rule policy.Policy, err error) {
	bundle, ok := c.Bundle(channelID)
	if !ok {
		return "", nil, fmt.Errorf("failed to get policy manager for channel [%s]", channelID)
	}
	path, ok = bundle.ACL(resource)
	if !ok {
		return "", nil, fmt.Errorf("no access rule for %s", resource)
	}
	rule, _ = bundle.Policy(path)
	return path, rule, nil
}

func (c *Checker) checkLocal(resource string, role common.MSPRole_MSPRoleType, claim policy.SignedData) error {
	denied := func(err error) error {
		return &DeniedError{Resource: resource, Policy: role.String(), Err: err}
	}
	id, err := c.Local.Identity(claim.Identity)
	if err != nil {
		return denied(err)
	}
	if err := id.Satisfies(msp.RolePrincipal(c.Local.ID(), role)); err != nil {
		return denied(err)
	}
	if err := id.Verify(claim.Data, claim.Signature); err != nil {
		return denied(err)
	}
	return nil
}
