// SPDX-License-Identifier: Apache-2.0

// Package admin is what an organisation's administrator does: install, approve
// and commit chaincodes (LC-1 to LC-5), register enclaves and their keys (REG-1
// to REG-15, KEY-1 to KEY-3). Like every client it trusts no server.
package admin

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	lifecyclepb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
)

// Lifecycle calls Fabric's _lifecycle chaincode in the name of one identity.
type Lifecycle struct {
	*fabric.Network
}

// Install stores a chaincode package on the first endorser (LC-2); the caller
// must be an administrator of that peer's organisation.
func (l Lifecycle) Install(ctx context.Context, pkg []byte) (*lifecyclepb.InstallChaincodeResult, error) {
	result := new(lifecyclepb.InstallChaincodeResult)
	return result, l.ask(ctx, "", "InstallChaincode", &lifecyclepb.InstallChaincodeArgs{ChaincodeInstallPackage: pkg}, result)
}

// QueryInstalled lists the packages of the first endorser.
func (l Lifecycle) QueryInstalled(ctx context.Context) (*lifecyclepb.QueryInstalledChaincodesResult, error) {
	result := new(lifecyclepb.QueryInstalledChaincodesResult)
	return result, l.ask(ctx, "", "QueryInstalledChaincodes", &lifecyclepb.QueryInstalledChaincodesArgs{}, result)
}

// Approve approves a definition for the caller's organisation (LC-3). packageID
// is empty where the organisation runs no package for it.
func (l Lifecycle) Approve(ctx context.Context, d lifecycle.Definition, packageID string) (*fabric.Receipt, error) {
	source := &lifecyclepb.ChaincodeSource{Type: &lifecyclepb.ChaincodeSource_Unavailable_{Unavailable: &lifecyclepb.ChaincodeSource_Unavailable{}}}
	if packageID != "" {
		source.Type = &lifecyclepb.ChaincodeSource_LocalPackage{LocalPackage: &lifecyclepb.ChaincodeSource_Local{PackageId: packageID}}
	}
	return l.submit(ctx, "ApproveChaincodeDefinitionForMyOrg", &lifecyclepb.ApproveChaincodeDefinitionForMyOrgArgs{
		Sequence: d.Sequence, Name: d.Name, Version: d.Version,
		EndorsementPlugin: d.EndorsementPlugin, ValidationPlugin: d.ValidationPlugin, ValidationParameter: d.ValidationParameter,
		Collections: d.Collections, InitRequired: d.InitRequired, Source: source,
	})
}

// CheckCommitReadiness tells which organisations approved exactly this definition.
func (l Lifecycle) CheckCommitReadiness(ctx context.Context, d lifecycle.Definition) (map[string]bool, error) {
	result := new(lifecyclepb.CheckCommitReadinessResult)
	err := l.ask(ctx, l.Channel, "CheckCommitReadiness", &lifecyclepb.CheckCommitReadinessArgs{
		Sequence: d.Sequence, Name: d.Name, Version: d.Version,
		EndorsementPlugin: d.EndorsementPlugin, ValidationPlugin: d.ValidationPlugin, ValidationParameter: d.ValidationParameter,
		Collections: d.Collections, InitRequired: d.InitRequired,
	}, result)
	return result.Approvals, err
}

// Commit commits a definition (LC-4); the endorsers must satisfy the channel's
// LifecycleEndorsement policy.
func (l Lifecycle) Commit(ctx context.Context, d lifecycle.Definition) (*fabric.Receipt, error) {
	return l.submit(ctx, "CommitChaincodeDefinition", &lifecyclepb.CommitChaincodeDefinitionArgs{
		Sequence: d.Sequence, Name: d.Name, Version: d.Version,
		EndorsementPlugin: d.EndorsementPlugin, ValidationPlugin: d.ValidationPlugin, ValidationParameter: d.ValidationParameter,
		Collections: d.Collections, InitRequired: d.InitRequired,
	})
}

// QueryCommitted reads a committed definition from the first endorser.
func (l Lifecycle) QueryCommitted(ctx context.Context, name string) (*lifecyclepb.QueryChaincodeDefinitionResult, error) {
	result := new(lifecyclepb.QueryChaincodeDefinitionResult)
	return result, l.ask(ctx, l.Channel, "QueryChaincodeDefinition", &lifecyclepb.QueryChaincodeDefinitionArgs{Name: name}, result)
}

// QueryAllCommitted reads all committed definitions from the first endorser.
func (l Lifecycle) QueryAllCommitted(ctx context.Context) (*lifecyclepb.QueryChaincodeDefinitionsResult, error) {
	result := new(lifecyclepb.QueryChaincodeDefinitionsResult)
	return result, l.ask(ctx, l.Channel, "QueryChaincodeDefinitions", &lifecyclepb.QueryChaincodeDefinitionsArgs{}, result)
}

// ask evaluates a function at the first endorser. channel is empty for functions
// of the peer itself.
func (l Lifecycle) ask(ctx context.Context, channel, function string, args, result proto.Message) error {
	raw, err := proto.Marshal(args)
	if err != nil {
		return fmt.Errorf("%s: encode arguments: %w", function, err)
	}
	onPeer := *l.Network
	onPeer.Channel = channel
	resp, err := onPeer.Evaluate(ctx, fabric.Call{Chaincode: lifecycle.Namespace, Args: [][]byte{[]byte(function), raw}})
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(resp.Payload, result); err != nil {
		return fmt.Errorf("%s: the peer's answer cannot be decoded: %w", function, err)
	}
	return nil
}

func (l Lifecycle) submit(ctx context.Context, function string, args proto.Message) (*fabric.Receipt, error) {
	raw, err := proto.Marshal(args)
	if err != nil {
		return nil, fmt.Errorf("%s: encode arguments: %w", function, err)
	}
	return l.Submit(ctx, fabric.Call{Chaincode: lifecycle.Namespace, Args: [][]byte{[]byte(function), raw}})
}
