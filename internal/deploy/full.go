// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package deploy

import "context"

// Full is a private chaincode of Full mode and what it needs: the registry, a
// ledger enclave beside every organisation's peer, and stubs with their enclaves,
// which have the chaincode's keys.
type Full struct {
	Registry, Ledgers, Chaincode *Service
	Manifest                     []byte // the code manifest
}

// ServeFull deploys all of it, the registry for this chaincode alone. p.Policy names
// the organisations whose enclaves endorse, and p.Hosts of them get one.
func (n *Network) ServeFull(ctx context.Context, p Private, progress Progress) (*Full, error) {
	f := &Full{}
	if err := f.serve(ctx, n, p, progress); err != nil {
		f.Stop()
		return nil, err
	}
	return f, nil
}

func (f *Full) serve(ctx context.Context, n *Network, p Private, progress Progress) (err error) {
	if f.Registry, err = n.ServeRegistry(ctx, p.Name); err != nil {
		return err
	}
	if f.Ledgers, err = n.ServeLedgers(ctx, LedgerSpec{}); err != nil {
		return err
	}
	if f.Chaincode, f.Manifest, err = n.ServePrivate(ctx, p); err != nil {
		return err
	}
	_, err = n.InitEnclaves(ctx, p.Hosts, p.Name, f.Manifest, progress)
	return err
}

// Stop ends all programs of it, those that depend on others first.
func (f *Full) Stop() {
	for _, s := range []*Service{f.Chaincode, f.Ledgers, f.Registry} {
		if s != nil {
			s.Stop()
		}
	}
}
