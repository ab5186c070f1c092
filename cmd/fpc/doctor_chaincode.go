// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/protocol"
)

func (x *examination) ercc() admin.Registry {
	return admin.Registry{Network: x.session.host(), Name: x.trust.ercc}
}

// registry looks at ERCC's definition.
func (x *examination) registry(ctx context.Context) (string, error) {
	d, err := lifecycleOf(x.session).QueryCommitted(ctx, x.trust.ercc)
	if err != nil {
		return "", err
	}
	x.policy = d.GetVersion()
	return fmt.Sprintf("%s is defined, sequence %d, version %.12s…", x.trust.ercc, d.GetSequence(), x.policy), nil
}

// registryPolicy asks ERCC for its policy and holds it against definition and
// channel.
func (x *examination) registryPolicy(ctx context.Context) (string, error) {
	policy, err := x.ercc().Policy(ctx)
	if err != nil {
		return "", err
	}
	raw, err := policy.Bytes()
	if err != nil {
		return "", err
	}
	if version := protocol.PolicyVersion(raw); version != x.policy {
		return "", refused("LC-5", protocol.CodeWrongPolicy, "policy has hash %s, ERCC's definition has version %s", version, x.policy)
	}
	facts, err := admin.Facts(ctx, x.session.host())
	if err != nil {
		return "", err
	}
	if err := facts.Check(policy); err != nil {
		return "", refused("LC-5", protocol.CodeOf(err), "%w", err)
	}
	platforms := strings.Join(sortedKeys(policy.Attestation.Platforms), ", ")
	if _, simulated := policy.Attestation.Platforms["sim"]; simulated {
		return "", &warning{"it is set, fits the channel, and accepts " + platforms + ": SIMULATED enclaves protect nothing", "leave sim out where secrets are real"}
	}
	return "it is set, fits the channel, and accepts " + platforms, nil
}

// definition looks at the private chaincode's definition.
func (x *examination) definition(ctx context.Context) (string, error) {
	d, err := lifecycleOf(x.session).QueryCommitted(ctx, x.name)
	if err != nil {
		return "", err
	}
	x.version = d.GetVersion()
	if !strings.HasPrefix(x.version, privateVersion) {
		return "", &wrong{usagef("%s has version %q: it is not a private chaincode", x.name, x.version), "check -n; a private chaincode's version is the one that fpc lifecycle chaincode package prints"}
	}
	if !d.GetApprovals()[x.session.env.mspID] {
		return "", &warning{fmt.Sprintf("sequence %d is committed, but %s has not approved it: its peer cannot run it", d.GetSequence(), x.session.env.mspID), "approve the very same definition: fpc lifecycle chaincode approveformyorg"}
	}
	return fmt.Sprintf("sequence %d, version %.16s…, approvals %s", d.GetSequence(), x.version, formatApprovals(d.GetApprovals())), nil
}

// enclaves looks at what the registry holds.
func (x *examination) enclaves(ctx context.Context) (string, error) {
	view, err := x.ercc().View(ctx, x.name)
	if err != nil {
		return "", err
	}
	x.private = view
	if x.mode, err = admin.DefinitionMode(view); err != nil {
		return "", err
	}
	rows, err := enclaveRows(view)
	if err != nil {
		return "", err
	}
	var registered, provisioned, otherVersion int
	for _, row := range rows {
		switch {
		case row.Revoked:
		case row.Version != x.version:
			otherVersion++
		case row.Provisioned:
			registered, provisioned = registered+1, provisioned+1
		default:
			registered++
		}
	}
	counts := fmt.Sprintf("%d registered, %d with keys, %d revoked, %d of other versions", registered, provisioned, len(view.GetRevoked()), otherVersion)
	switch {
	case registered == 0 && otherVersion > 0:
		return "", refused("VAL-3", protocol.CodeWrongVersion, "%s: no enclave of the committed version is registered", counts)
	case registered == 0:
		return "", refused("VAL-2", protocol.CodeNotRegistered, "%s", counts)
	case provisioned == 0:
		return "", refused("VAL-2", protocol.CodeNotProvisioned, "%s", counts)
	}
	if x.mode == protocol.ModeFull {
		if err := x.policyCanBeMet(rows); err != nil {
			return "", err
		}
	}
	return counts, x.stale()
}

// stale warns of enclaves that know an older configuration of the channel.
func (x *examination) stale() error {
	for _, known := range x.private.GetCredentials() {
		c, err := protocol.CredentialsFromPB("REG-13", known)
		if err != nil {
			return err
		}
		if slices.Contains(x.private.GetRevoked(), c.EnclaveID()) {
			continue
		}
		if had, has := c.Data.GetConfigSequence(), x.bundle.Sequence(); had < has {
			return &warning{
				fmt.Sprintf("enclave %.12s knows the channel's configuration %d, the present one is %d", c.EnclaveID(), had, has),
				"after a change of organisations or certificates: fpc enclave refresh",
			}
		}
	}
	return nil
}

// stub asks the own peer's stub about its enclave.
func (x *examination) stub(ctx context.Context) (string, error) {
	status, err := admin.Host{Peer: x.session.host(), Chaincode: x.name}.Status(ctx)
	if protocol.CodeOf(err) == "no_enclave" {
		return "it validates, and has no enclave at this peer", nil
	}
	if err != nil {
		return "", err
	}
	x.host = status
	full := x.mode == protocol.ModeFull
	switch {
	case !status.GetInitialized():
		return "", refused("REG-3", protocol.CodeNotInitialised, "its enclave runs, and was never initialised")
	case full && len(status.GetCredentials().GetCertificate()) == 0:
		return "", refused("REG-9", protocol.CodeNotCertified, "enclave %.12s runs, and its organisation's CA has not certified it", status.GetEnclaveId())
	case slices.Contains(x.private.GetRevoked(), status.GetEnclaveId()):
		return "", refused("VAL-2", protocol.CodeRevoked, "enclave %.12s, which runs here, is revoked", status.GetEnclaveId())
	case !status.GetProvisioned() && full:
		return "", &warning{fmt.Sprintf("enclave %.12s runs, without keys of the chaincode", status.GetEnclaveId()), "fpc enclave exportcckeys by an organisation whose enclave has them, then fpc enclave importcckeys here"}
	case !status.GetProvisioned():
		return "", &warning{fmt.Sprintf("enclave %.12s runs, without keys of the chaincode", status.GetEnclaveId()), "fpc lifecycle chaincode initenclave, by the organisation that ERCC's policy designates"}
	}
	return fmt.Sprintf("enclave %.12s runs, with keys of generation %d", status.GetEnclaveId(), status.GetGeneration()), nil
}

// trusted makes the client's own checks.
func (x *examination) trusted(ctx context.Context) (string, error) {
	if x.trust.genesis == "" || len(x.trust.attestation) == 0 {
		return "", &warning{"not examined: nothing is pinned", "name what a client trusts: --genesis and --attestation, or FPC_GENESIS and FPC_ATTESTATION"}
	}
	f := &callFlags{settings: x.settings, trust: x.trust, name: x.name}
	contract, err := f.contract(ctx, x.cmd, x.session)
	if err != nil {
		return "", err
	}
	checked, err := contract.Check(ctx, true)
	if err != nil {
		return "", err
	}
	if len(checked.Enclaves()) == 0 {
		return "", errors.New("no enclave is trusted")
	}
	return fmt.Sprintf("a client with these pins trusts %d enclave(s)", len(checked.Enclaves())), nil
}
