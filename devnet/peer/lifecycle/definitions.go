// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"

	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	pb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// parameters are what the arguments of approve, check and commit have in common.
type parameters interface {
	GetSequence() int64
	GetName() string
	GetVersion() string
	GetEndorsementPlugin() string
	GetValidationPlugin() string
	GetValidationParameter() []byte
	GetCollections() *peer.CollectionConfigPackage
	GetInitRequired() bool
}

func definitionOf(p parameters) lifecycle.Definition {
	return lifecycle.Definition{
		Name:                p.GetName(),
		Sequence:            p.GetSequence(),
		Version:             p.GetVersion(),
		EndorsementPlugin:   p.GetEndorsementPlugin(),
		ValidationPlugin:    p.GetValidationPlugin(),
		ValidationParameter: p.GetValidationParameter(),
		InitRequired:        p.GetInitRequired(),
		Collections:         p.GetCollections(),
	}
}

func (s *SCC) approve(inv *chaincode.Invocation, args *pb.ApproveChaincodeDefinitionForMyOrgArgs) (*pb.ApproveChaincodeDefinitionForMyOrgResult, error) {
	d := definitionOf(args)
	if err := s.validate(inv, d); err != nil {
		return nil, err
	}
	packageID := args.GetSource().GetLocalPackage().GetPackageId()
	err := lifecycle.Approve(d, packageID, publicState{inv.Sim}, stateOf(inv.Sim, s.cfg.MSPID))
	if err != nil {
		return nil, err
	}
	return &pb.ApproveChaincodeDefinitionForMyOrgResult{}, nil
}

func (s *SCC) checkCommitReadiness(inv *chaincode.Invocation, args *pb.CheckCommitReadinessArgs) (*pb.CheckCommitReadinessResult, error) {
	orgs, err := s.orgs(inv)
	if err != nil {
		return nil, err
	}
	approvals, err := lifecycle.CheckCommitReadiness(definitionOf(args), publicState{inv.Sim}, orgs)
	if err != nil {
		return nil, err
	}
	return &pb.CheckCommitReadinessResult{Approvals: approvals}, nil
}

func (s *SCC) commit(inv *chaincode.Invocation, args *pb.CommitChaincodeDefinitionArgs) (*pb.CommitChaincodeDefinitionResult, error) {
	d := definitionOf(args)
	if err := s.validate(inv, d); err != nil {
		return nil, err
	}
	orgs, err := s.orgs(inv)
	if err != nil {
		return nil, err
	}
	if _, ok := orgs[s.cfg.MSPID]; !ok {
		return nil, fmt.Errorf("this peer's organisation %s is not a member of channel %s", s.cfg.MSPID, inv.ChannelID)
	}
	approvals, err := lifecycle.Commit(d, publicState{inv.Sim}, orgs)
	if err != nil {
		return nil, err
	}
	if !approvals[s.cfg.MSPID] {
		return nil, fmt.Errorf("chaincode definition not agreed to by this org (%s)", s.cfg.MSPID)
	}
	return &pb.CommitChaincodeDefinitionResult{}, nil
}

func (s *SCC) queryDefinition(inv *chaincode.Invocation, args *pb.QueryChaincodeDefinitionArgs) (*pb.QueryChaincodeDefinitionResult, error) {
	d, err := lifecycle.Query(args.GetName(), publicState{inv.Sim})
	if err != nil {
		return nil, err
	}
	orgs, err := s.orgs(inv)
	if err != nil {
		return nil, err
	}
	approvals, err := lifecycle.Approvals(*d, orgs)
	if err != nil {
		return nil, err
	}
	return &pb.QueryChaincodeDefinitionResult{
		Sequence: d.Sequence, Version: d.Version,
		EndorsementPlugin: d.EndorsementPlugin, ValidationPlugin: d.ValidationPlugin, ValidationParameter: d.ValidationParameter,
		Collections: d.Collections, InitRequired: d.InitRequired,
		Approvals: approvals,
	}, nil
}

func (s *SCC) queryDefinitions(inv *chaincode.Invocation, _ *pb.QueryChaincodeDefinitionsArgs) (*pb.QueryChaincodeDefinitionsResult, error) {
	all, err := lifecycle.QueryAll(publicState{inv.Sim})
	if err != nil {
		return nil, err
	}
	result := &pb.QueryChaincodeDefinitionsResult{}
	for _, d := range all {
		result.ChaincodeDefinitions = append(result.ChaincodeDefinitions, &pb.QueryChaincodeDefinitionsResult_ChaincodeDefinition{
			Name: d.Name, Sequence: d.Sequence, Version: d.Version,
			EndorsementPlugin: d.EndorsementPlugin, ValidationPlugin: d.ValidationPlugin, ValidationParameter: d.ValidationParameter,
			Collections: d.Collections, InitRequired: d.InitRequired,
		})
	}
	return result, nil
}

func (s *SCC) queryApproved(inv *chaincode.Invocation, args *pb.QueryApprovedChaincodeDefinitionArgs) (*pb.QueryApprovedChaincodeDefinitionResult, error) {
	a, err := lifecycle.QueryApproved(args.GetName(), args.GetSequence(), publicState{inv.Sim}, stateOf(inv.Sim, s.cfg.MSPID))
	if err != nil {
		return nil, err
	}
	return &pb.QueryApprovedChaincodeDefinitionResult{
		Sequence: a.Sequence, Version: a.Version,
		EndorsementPlugin: a.EndorsementPlugin, ValidationPlugin: a.ValidationPlugin, ValidationParameter: a.ValidationParameter,
		Collections: a.Collections, InitRequired: a.InitRequired,
		Source: sourceOf(a.PackageID),
	}, nil
}

func (s *SCC) queryAllApproved(inv *chaincode.Invocation, _ *pb.QueryApprovedChaincodeDefinitionsArgs) (*pb.QueryApprovedChaincodeDefinitionsResult, error) {
	all, err := lifecycle.QueryAllApproved(stateOf(inv.Sim, s.cfg.MSPID))
	if err != nil {
		return nil, err
	}
	result := &pb.QueryApprovedChaincodeDefinitionsResult{}
	for _, a := range all {
		result.ApprovedChaincodeDefinitions = append(result.ApprovedChaincodeDefinitions, &pb.QueryApprovedChaincodeDefinitionsResult_ApprovedChaincodeDefinition{
			Name: a.Name, Sequence: a.Sequence, Version: a.Version,
			EndorsementPlugin: a.EndorsementPlugin, ValidationPlugin: a.ValidationPlugin, ValidationParameter: a.ValidationParameter,
			Collections: a.Collections, InitRequired: a.InitRequired,
			Source: sourceOf(a.PackageID),
		})
	}
	return result, nil
}

// validate checks a definition before it is approved or committed.
func (s *SCC) validate(inv *chaincode.Invocation, d lifecycle.Definition) error {
	bundle, ok := s.cfg.Bundle(inv.ChannelID)
	if !ok {
		return fmt.Errorf("could not get channelconfig for channel '%s'", inv.ChannelID)
	}
	if err := d.Validate(bundle.MSPs(), publicState{inv.Sim}); err != nil {
		return fmt.Errorf("error validating chaincode definition: %w", err)
	}
	return nil
}

// sourceOf tells where an approving organisation has the code, if it has.
func sourceOf(packageID string) *pb.ChaincodeSource {
	if packageID == "" {
		return &pb.ChaincodeSource{Type: &pb.ChaincodeSource_Unavailable_{Unavailable: &pb.ChaincodeSource_Unavailable{}}}
	}
	return &pb.ChaincodeSource{Type: &pb.ChaincodeSource_LocalPackage{LocalPackage: &pb.ChaincodeSource_Local{PackageId: packageID}}}
}

// orgs are the implicit collections of the channel's organisations, by hash.
func (s *SCC) orgs(inv *chaincode.Invocation) (map[string]lifecycle.Opaque, error) {
	bundle, ok := s.cfg.Bundle(inv.ChannelID)
	if !ok {
		return nil, fmt.Errorf("no application config for channel '%s'", inv.ChannelID)
	}
	orgs := map[string]lifecycle.Opaque{}
	for _, org := range bundle.ApplicationOrgs() {
		orgs[org.MSPID] = stateOf(inv.Sim, org.MSPID)
	}
	return orgs, nil
}
