// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package deploy

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/protocol"
)

// RegistryPolicy makes ERCC's policy for this channel: simulated evidence, the
// first organisation designated for each chaincode, and the ledger enclave beside
// the other programs approved, if it is there.
func (n *Network) RegistryPolicy(ctx context.Context, chaincodes ...string) (*protocol.RegistryPolicy, error) {
	facts, err := admin.Facts(ctx, n.At(0, n.Orgs[0].Admin))
	if err != nil {
		return nil, err
	}
	designated := make([]protocol.ChaincodePolicy, 0, len(chaincodes))
	for _, id := range slices.Sorted(slices.Values(chaincodes)) {
		designated = append(designated, protocol.ChaincodePolicy{ID: id, DesignatedMSP: n.Orgs[0].MSPID})
	}
	policy := facts.Policy(Simulated(), designated)
	ledger, err := os.ReadFile(filepath.Join(n.Bin, "fpc-ledger"))
	if errors.Is(err, fs.ErrNotExist) {
		return policy, nil
	}
	if err != nil {
		return nil, err
	}
	manifest, err := pkg.SimManifest(ledger)
	if err != nil {
		return nil, err
	}
	policy.LedgerCodeIDs = manifest.Entries()
	return policy, nil
}

// ServeRegistry deploys ERCC under its policy for some chaincodes
// ([Network.RegistryPolicy]) and stores the policy in it (LC-5).
func (n *Network) ServeRegistry(ctx context.Context, chaincodes ...string) (*Service, error) {
	p, err := n.RegistryPolicy(ctx, chaincodes...)
	if err != nil {
		return nil, err
	}
	raw, err := p.Bytes()
	if err != nil {
		return nil, err
	}
	s, err := n.Serve(ctx, ServiceSpec{
		Name: protocol.ERCCName, Version: protocol.PolicyVersion(raw),
		Package: n.servicePackage(protocol.ERCCName),
		Program: func(org int) Program {
			return n.program(protocol.ERCCName, org, filepath.Join(n.Bin, "fpc-ercc"), append(n.traceArgs(), "--msp-id", n.Orgs[org].MSPID)...)
		},
	})
	if err != nil {
		return nil, err
	}
	if _, err := (admin.Registry{Network: n.As(n.Orgs[0].Admin)}).SetPolicy(ctx, raw); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}
