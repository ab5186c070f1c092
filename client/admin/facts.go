// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/common"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/registration"
	"github.com/privatechaincode/fpc/protocol"
)

// RegistrationFacts reads what REG-12 holds credentials against out of the
// registry's view, as the peer asked told it.
func RegistrationFacts(view *pb.RegistryView, registry string, manifest []byte, verifiers map[string]attest.Verifier, at time.Time) (registration.Facts, error) {
	policy, err := protocol.CheckPolicy("REG-9", view.GetPolicy(), view.GetErccVersion())
	if err != nil {
		return registration.Facts{}, err
	}
	if registry == "" {
		registry = protocol.ERCCName
	}
	return registration.Facts{
		Policy: policy, Registry: registry, Definition: view.GetDefinition(), DefinitionPolicy: view.GetDefinitionPolicy(),
		Manifest: manifest, Verifiers: verifiers, At: at,
	}, nil
}

// DefinitionMode tells the mode of the definition in a registry's view.
func DefinitionMode(view *pb.RegistryView) (protocol.Mode, error) {
	policy, err := protocol.CheckPolicy("REG-1", view.GetPolicy(), view.GetErccVersion())
	if err != nil {
		return "", err
	}
	d := view.GetDefinition()
	mode, _, err := protocol.EnclavePolicy("REG-1", view.GetDefinitionPolicy(), policy.ChannelHashBytes(), d.GetChaincodeId(), d.GetVersion())
	return mode, err
}

// Roots reads the organisations' roots, as registerEnclave takes them for an
// enclave of Full mode, from the blocks of the own organisation's peer.
func Roots(ctx context.Context, own *fabric.Network) ([]byte, error) {
	config, err := own.ConfigBlock(ctx)
	if err != nil {
		return nil, fmt.Errorf("REG-11: configuration block: %w", err)
	}
	bundle, err := channel.FromBlock(config)
	if err != nil {
		return nil, fmt.Errorf("REG-11: configuration block: %w", err)
	}
	var serialized [][]byte
	for _, org := range bundle.ApplicationOrgs() {
		serialized = append(serialized, org.MSPConfig)
	}
	configs, err := protocol.NewMSPConfigurations(serialized, bundle.Sequence())
	if err != nil {
		return nil, err
	}
	return protocol.CertificateRoots(configs)
}

// EnclavePolicies makes endorsement policies of Full mode for one channel.
type EnclavePolicies struct {
	channelHash []byte
	bundle      *channel.Bundle
}

// ReadEnclavePolicies reads what policies are made of from the blocks of the own
// organisation's peer.
func ReadEnclavePolicies(ctx context.Context, own *fabric.Network) (*EnclavePolicies, error) {
	genesis, err := own.GenesisBlock(ctx)
	if err != nil {
		return nil, fmt.Errorf("LC-3: genesis block: %w", err)
	}
	config, err := own.ConfigBlock(ctx)
	if err != nil {
		return nil, fmt.Errorf("LC-3: configuration block: %w", err)
	}
	return EnclavePoliciesOf(genesis, config)
}

// EnclavePoliciesOf is [ReadEnclavePolicies] of blocks at hand.
func EnclavePoliciesOf(genesis, config *common.Block) (*EnclavePolicies, error) {
	hash, err := protocol.ChannelHash(genesis)
	if err != nil {
		return nil, err
	}
	bundle, err := channel.FromBlock(config)
	if err != nil {
		return nil, fmt.Errorf("LC-3: configuration block: %w", err)
	}
	return &EnclavePolicies{hash, bundle}, nil
}

// Compile makes the policy that a text like
// OutOf(2,'Org1MSP.enclave','Org2MSP.enclave') stands for (LC-3): enclaves of
// exactly this chaincode and version, certified by their organisation's CA. It is
// a serialised ApplicationPolicy, the same for every organisation.
func (p *EnclavePolicies) Compile(text, chaincode, version string) ([]byte, error) {
	return protocol.CompileEnclavePolicy(text, p.channelHash, chaincode, version, p.certifiers)
}

// certifiers returns the identifier of the one CA of an organisation that
// certifies members.
func (p *EnclavePolicies) certifiers(mspID string) ([]byte, error) {
	if _, ok := p.bundle.ApplicationOrg(mspID); !ok {
		return nil, fmt.Errorf("the channel has no organisation %s", mspID)
	}
	m, ok := p.bundle.MSPs().MSP(mspID)
	if !ok {
		return nil, fmt.Errorf("the channel has no organisation %s", mspID)
	}
	issuers := m.Issuers()
	if len(issuers) != 1 {
		return nil, fmt.Errorf("%s has %d CAs that may certify enclaves, and a policy names one: pin certificates instead (--pin)", mspID, len(issuers))
	}
	return issuers[0].CertifiersIdentifier, nil
}

// Pin is Compile for exactly the certificates of the registered enclaves: of each
// organisation that the text names, the only one that the registry holds for this
// version. An enclave that is registered later does not count until a new sequence
// names it.
func (p *EnclavePolicies) Pin(text, chaincode, version string, view *pb.RegistryView) ([]byte, error) {
	return protocol.CompilePinnedPolicy(text, p.channelHash, chaincode, version, func(mspID string) ([]byte, error) {
		var found [][]byte
		for _, c := range view.GetCredentials() {
			parsed, err := protocol.CredentialsFromPB("LC-3", c)
			if err != nil {
				return nil, err
			}
			if slices.Contains(view.GetRevoked(), parsed.EnclaveID()) || parsed.Data.GetHostParams().GetMspId() != mspID || parsed.Data.GetCcParams().GetVersion() != version || len(c.GetCertificate()) == 0 {
				continue
			}
			identity, err := protocol.EndorserIdentity(mspID, c.GetCertificate())
			if err != nil {
				return nil, err
			}
			found = append(found, identity)
		}
		if len(found) != 1 {
			return nil, fmt.Errorf("%d certified enclaves of %s are registered for this version, and a pinned policy names one", len(found), mspID)
		}
		return found[0], nil
	})
}
