// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
)

const (
	endorsers = 2
	// batchTimeout is how long the orderer waits for more transactions.
	batchTimeout = 200 * time.Millisecond
	// endorsement is the policy of all chaincodes but those of Full mode, whose
	// policy is the same of enclaves.
	endorsement        = "OutOf(2, 'Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer')"
	enclaveEndorsement = "OutOf(2,'Org1MSP.enclave','Org2MSP.enclave','Org3MSP.enclave')"
)

// deployment is an embedded network of three organisations, in this process, with
// chaincodes in processes of their own.
type deployment struct {
	net      *embedded.Network
	services []*deploy.Service
}

// startNetwork starts a network in a folder.
func startNetwork(ctx context.Context, c Config, dir string) (*deployment, error) {
	net, err := embedded.Start(ctx, embedded.Config{Dir: dir, Bin: c.Bin, BatchTimeout: batchTimeout})
	if err != nil {
		return nil, err
	}
	return &deployment{net: net}, nil
}

// plain deploys a plain chaincode.
func (d *deployment) plain(ctx context.Context, name, program string) error {
	s, err := d.net.ServePlainUnder(ctx, name, program, endorsement, nil)
	if err != nil {
		return err
	}
	d.services = append(d.services, s)
	return nil
}

// private deploys the registry and a private chaincode of Lite mode, and makes its
// keys.
func (d *deployment) private(ctx context.Context, name, enclave string) error {
	return d.privateIn(ctx, deploy.Private{Name: name, Enclave: enclave, Policy: endorsement, Hosts: 1})
}

// full is private in Full mode: a ledger enclave beside every peer, and as many
// enclaves as have to endorse.
func (d *deployment) full(ctx context.Context, name, enclave string) error {
	ledgers, err := d.net.ServeLedgers(ctx, deploy.LedgerSpec{})
	if err != nil {
		return err
	}
	d.services = append(d.services, ledgers)
	return d.privateIn(ctx, deploy.Private{Name: name, Enclave: enclave, Policy: enclaveEndorsement, Hosts: endorsers})
}

func (d *deployment) privateIn(ctx context.Context, spec deploy.Private) error {
	name := spec.Name
	registry, err := d.net.ServeRegistry(ctx, name)
	if err != nil {
		return err
	}
	d.services = append(d.services, registry)
	s, manifest, err := d.net.ServePrivate(ctx, spec)
	if err != nil {
		return err
	}
	d.services = append(d.services, s)
	_, err = d.net.InitEnclaves(ctx, spec.Hosts, name, manifest, nil)
	return err
}

// contracts returns the private chaincode as a client of each organisation sees it.
func (d *deployment) contracts(name string) ([]*client.Contract, error) {
	var all []*client.Contract
	for _, org := range d.net.Orgs {
		contract, err := d.net.Contract(name, deploy.Client{Signer: org.Client, Pins: d.net.Pins})
		if err != nil {
			return nil, err
		}
		all = append(all, contract)
	}
	return all, nil
}

// privateSample deploys a sample's private form.
func (d *deployment) privateSample(ctx context.Context, c Config, name string) error {
	return d.private(ctx, name, filepath.Join(c.Bin, "samples", name))
}

func (d *deployment) stop() error {
	for _, s := range d.services {
		s.Stop()
	}
	return d.net.Stop()
}

// abandon stops a deployment that failed.
func (d *deployment) abandon(err error) error { return errors.Join(err, d.stop()) }

// newestSize returns the mean size of the newest block's transactions, in bytes.
func (d *deployment) newestSize() (int, error) {
	first := d.net.Orgs[0].MSPID
	ledger, ok := d.net.Devnet.Ledger(first)
	if !ok {
		return 0, fmt.Errorf("the peer of %s has no ledger of the channel", first)
	}
	block, err := ledger.Block(ledger.Height() - 1)
	if err != nil {
		return 0, err
	}
	envelopes := block.GetData().GetData()
	return len(bytes.Join(envelopes, nil)) / len(envelopes), nil
}
