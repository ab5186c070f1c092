// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"errors"

	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
	pb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
)

func (s *SCC) queryInstalled(_ *chaincode.Invocation, args *pb.QueryInstalledChaincodeArgs) (*pb.QueryInstalledChaincodeResult, error) {
	entry, err := s.cfg.Packages.Get(args.GetPackageId())
	if err != nil {
		return nil, err
	}
	references, err := s.references()
	if err != nil {
		return nil, err
	}
	return &pb.QueryInstalledChaincodeResult{PackageId: entry.PackageID, Label: entry.Label, References: references[entry.PackageID]}, nil
}

func (s *SCC) queryAllInstalled(*chaincode.Invocation, *pb.QueryInstalledChaincodesArgs) (*pb.QueryInstalledChaincodesResult, error) {
	references, err := s.references()
	if err != nil {
		return nil, err
	}
	result := &pb.QueryInstalledChaincodesResult{}
	for _, entry := range s.cfg.Packages.List() {
		result.InstalledChaincodes = append(result.InstalledChaincodes, &pb.InstalledChaincode{
			PackageId: entry.PackageID, Label: entry.Label, References: references[entry.PackageID],
		})
	}
	return result, nil
}

// references tells, per package and channel, the committed definitions that
// this organisation runs with the package.
func (s *SCC) references() (map[string]map[string]*pb.References, error) {
	all := map[string]map[string]*pb.References{}
	for _, channelID := range s.cfg.Channels() {
		if err := s.referencesOn(channelID, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *SCC) referencesOn(channelID string, all map[string]map[string]*pb.References) error {
	sim, err := s.cfg.Simulate(channelID, "")
	if err != nil {
		return err
	}
	defer sim.Done()
	definitions, err := lifecycle.QueryAll(publicState{sim})
	if err != nil {
		return err
	}
	for _, d := range definitions {
		packageID, err := approvedPackage(sim, s.cfg.MSPID, d)
		if errors.As(err, new(*NotApprovedError)) || packageID == "" {
			continue
		}
		if err != nil {
			return err
		}
		byChannel := all[packageID]
		if byChannel == nil {
			byChannel = map[string]*pb.References{}
			all[packageID] = byChannel
		}
		if byChannel[channelID] == nil {
			byChannel[channelID] = &pb.References{}
		}
		refs := byChannel[channelID]
		refs.Chaincodes = append(refs.Chaincodes, &pb.Chaincode{Name: d.Name, Version: d.Version})
	}
	return nil
}

// collectionOf is the implicit collection of the peer's organisation.
func (s *SCC) collectionOf() string { return rwset.ImplicitCollection(s.cfg.MSPID) }
