// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// definitionFlags are the flags that make up a chaincode definition.
type definitionFlags struct {
	*settings
	name, version   string
	sequence        int64
	signaturePolicy string
	pin             bool
	ercc            string
	configPolicy    string
	endorsement     string
	validation      string
	initRequired    bool
	packageID       string
	output          string
}

func (d *definitionFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&d.name, "name", "n", "", "chaincode")
	f.StringVarP(&d.version, "version", "v", "", `version; a private chaincode's is the one that "package" prints`)
	f.Int64Var(&d.sequence, "sequence", 1, "sequence of the definition")
	f.StringVar(&d.signaturePolicy, "signature-policy", "", `endorsement policy, for example OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer'); of enclaves (Full mode): OutOf(2,'Org1MSP.enclave','Org2MSP.enclave','Org3MSP.enclave')`)
	f.BoolVar(&d.pin, "pin", false, "let the policy's enclaves be exactly those that the registry holds for this version, by certificate")
	f.StringVar(&d.ercc, "ercc", protocol.ERCCName, "the enclave registry's chaincode name, for --pin")
	f.StringVar(&d.configPolicy, "channel-config-policy", "", "endorsement policy by its name in the channel configuration")
	f.StringVarP(&d.endorsement, "endorsement-plugin", "E", "", "endorsement plugin")
	f.StringVarP(&d.validation, "validation-plugin", "V", "", "validation plugin")
	f.BoolVar(&d.initRequired, "init-required", false, "whether init must be called first")
}

// onChannel resolves the flags to a definition on the channel and does work with it.
// With changes, work orders a transaction, and what it would break is said before.
func (d *definitionFlags) onChannel(cmd *cobra.Command, changes bool, work func(context.Context, *session, lifecycle.Definition) error) error {
	def, err := d.definition()
	if err != nil {
		return err
	}
	return d.settings.onChannel(cmd, changes, func(ctx context.Context, c *session) error {
		if err := d.enclaves(ctx, c, &def); err != nil {
			return err
		}
		if changes {
			if err := warnBeforeChange(ctx, cmd.ErrOrStderr(), c, def); err != nil {
				return err
			}
		}
		return work(ctx, c, def)
	})
}

// definition checks the flags and makes the definition, but for the policy where
// that names enclaves: see enclaves.
func (d *definitionFlags) definition() (lifecycle.Definition, error) {
	def := lifecycle.Definition{
		Name: d.name, Version: d.version, Sequence: d.sequence,
		EndorsementPlugin: d.endorsement, ValidationPlugin: d.validation, InitRequired: d.initRequired,
	}
	if d.name == "" {
		return def, usagef("no chaincode named; name one with -n")
	}
	if d.version == "" {
		return def, usagef("no version given; give one with -v")
	}
	if d.pin && !d.ofEnclaves() {
		return def, usagef("--pin is for a --signature-policy of enclaves")
	}
	if d.ofEnclaves() {
		_, err := policy.ParseEnclaves(d.signaturePolicy, func(mspID string) (*common.MSPPrincipal, error) {
			return msp.RolePrincipal(mspID, common.MSPRole_MEMBER), nil
		})
		if err == nil && d.configPolicy != "" {
			err = usagef("--channel-config-policy excludes it")
		}
		if err != nil {
			return def, usagef("--signature-policy: %v", err)
		}
		return def, nil
	}
	parameter, err := endorsementPolicy(d.signaturePolicy, d.configPolicy)
	if err != nil {
		return def, err
	}
	def.ValidationParameter = parameter
	return def, nil
}

// ofEnclaves tells whether the policy names enclaves, so that its principals
// depend on the channel.
func (d *definitionFlags) ofEnclaves() bool { return strings.Contains(d.signaturePolicy, ".enclave") }

// enclaves fills in a policy of enclaves, which depends on the channel's
// organisations and the chaincode's version (LC-3).
func (d *definitionFlags) enclaves(ctx context.Context, c *session, def *lifecycle.Definition) error {
	if !d.ofEnclaves() {
		return nil
	}
	policies, err := admin.ReadEnclavePolicies(ctx, c.host())
	if err != nil {
		return err
	}
	if !d.pin {
		def.ValidationParameter, err = policies.Compile(d.signaturePolicy, d.name, d.version)
		return err
	}
	view, err := admin.Registry{Network: c.host(), Name: d.ercc}.View(ctx, d.name)
	if err != nil {
		return err
	}
	def.ValidationParameter, err = policies.Pin(d.signaturePolicy, d.name, d.version, view)
	return err
}

func endorsementPolicy(signature, reference string) ([]byte, error) {
	switch {
	case signature != "" && reference != "":
		return nil, usagef("--signature-policy and --channel-config-policy exclude each other")
	case signature != "":
		envelope, err := policy.Parse(signature)
		if err != nil {
			return nil, usagef("--signature-policy: %v", err)
		}
		return proto.Marshal(&peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_SignaturePolicy{SignaturePolicy: envelope}})
	case reference != "":
		return proto.Marshal(&peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_ChannelConfigPolicyReference{ChannelConfigPolicyReference: reference}})
	}
	return nil, nil
}
