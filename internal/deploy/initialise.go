// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package deploy

import (
	"context"
	"fmt"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/trace"
)

// Progress is told each step that was done; it may be nil.
type Progress func(step, what string)

// InitEnclave initialises and registers the first organisation's enclave and
// makes the chaincode's keys (REG-1 to REG-13, KEY-1 to KEY-3).
func (n *Network) InitEnclave(ctx context.Context, chaincode string, manifest []byte, progress func(step, what string)) (*admin.Initialised, error) {
	return n.InitEnclaveAt(ctx, 0, chaincode, manifest, progress)
}

// InitEnclaveAt is InitEnclave for another organisation's enclave, which has no
// keys yet then.
func (n *Network) InitEnclaveAt(ctx context.Context, org int, chaincode string, manifest []byte, progress Progress) (*admin.Initialised, error) {
	o := n.Orgs[org]
	return admin.Initialisation{
		Host: n.host(org, chaincode), Registry: admin.Registry{Network: n.As(o.Admin)},
		MSPID: o.MSPID, Endpoint: o.Peer.Address, Manifest: manifest, Progress: progress, Trace: trace.Named("admin", n.Steps),
		Authority: o.CA, Verifiers: map[string]attest.Verifier{sim.Platform: sim.Verifier{}},
	}.Run(ctx)
}

// InitEnclaves initialises the enclaves of the first organisations of a chaincode
// of Full mode, and passes the first one's keys on to the others (KEY-4 to KEY-7).
func (n *Network) InitEnclaves(ctx context.Context, hosts int, chaincode string, manifest []byte, progress Progress) ([]*admin.Initialised, error) {
	var all []*admin.Initialised
	for org := range hosts {
		one, err := n.InitEnclaveAt(ctx, org, chaincode, manifest, progress)
		if err != nil {
			return nil, fmt.Errorf("enclave of %s: %w", n.Orgs[org].MSPID, err)
		}
		all = append(all, one)
	}
	for org := 1; org < hosts; org++ {
		if err := n.Distribution(0, chaincode, progress).Export(ctx, all[org].EnclaveID); err != nil {
			return nil, fmt.Errorf("export keys to the enclave of %s: %w", n.Orgs[org].MSPID, err)
		}
		if err := n.Distribution(org, chaincode, progress).Import(ctx); err != nil {
			return nil, fmt.Errorf("import keys into the enclave of %s: %w", n.Orgs[org].MSPID, err)
		}
		all[org].Generation = all[0].Generation
	}
	return all, nil
}

// Distribution is key distribution by an organisation's administrator.
func (n *Network) Distribution(org int, chaincode string, progress Progress) admin.Distribution {
	as := n.As(n.Orgs[org].Admin)
	return admin.Distribution{
		Host: n.host(org, chaincode), Registry: admin.Registry{Network: as}, Peers: as,
		Progress: progress, Trace: trace.Named("admin", n.Steps),
	}
}

func (n *Network) host(org int, chaincode string) admin.Host {
	return admin.Host{Peer: n.At(org, n.Orgs[org].Admin), Chaincode: chaincode}
}
