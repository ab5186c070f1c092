// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/e2e/realfabric"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

const (
	plainName   = "asset-plain"
	privateName = "asset"
	// endorsers is how many peers a client of the plain chaincode asks, and
	// endorsement the policy of both chaincodes.
	endorsers   = 2
	endorsement = "OutOf(2, 'Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer')"
	// createAsset reads a key, writes it and an index entry, and sets an event.
	createAsset = "CreateAsset"
)

// pair is a network with the asset sample in both forms.
type pair struct {
	net      *realfabric.Network
	services []*deploy.Service
	plain    []*fabric.Network  // in the name of one client of each organisation
	private  []*client.Contract // likewise
	assets   atomic.Int64       // how many were created
	asked    atomic.Int64       // proposals that the private chaincode's clients sent
}

// counted counts what is asked of a peer.
type counted struct {
	client.Peer
	asked *atomic.Int64
}

func (c counted) ProcessProposal(ctx context.Context, signed *peer.SignedProposal) (*peer.ProposalResponse, error) {
	c.asked.Add(1)
	return c.Peer.ProcessProposal(ctx, signed)
}

func newPair(ctx context.Context, programs realfabric.Programs, s settings, dir string) (_ *pair, err error) {
	p := new(pair)
	if p.net, err = realfabric.Start(ctx, programs, dir, 3); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.stop()
		}
	}()
	p.net.Bin = s.bin
	if err := p.deployPlain(ctx); err != nil {
		return nil, err
	}
	if err := p.deployPrivate(ctx); err != nil {
		return nil, err
	}
	pins, err := trust.PinBlocks(p.net.Genesis, nil)
	if err != nil {
		return nil, err
	}
	for _, org := range p.net.Orgs {
		plain := p.net.As(org.Client)
		plain.Endorsers = p.net.Peers()[:endorsers]
		plain.Watch = p.net.Peers()[:1]
		contract, err := p.net.Contract(privateName, deploy.Client{
			Signer: org.Client, Pins: pins,
			Wrap: func(to client.Peer) client.Peer { return counted{to, &p.asked} },
		})
		if err != nil {
			return nil, err
		}
		p.plain, p.private = append(p.plain, plain), append(p.private, contract)
	}
	return p, nil
}

func (p *pair) deployPlain(ctx context.Context) error {
	s, err := p.net.Serve(ctx, deploy.ServiceSpec{
		Name: plainName, Version: "1.0", Policy: endorsement,
		Package: func(address string) ([]byte, error) {
			return pkg.BuildCCAAS(plainName, pkg.Connection{Address: address, DialTimeout: "10s"})
		},
		Program: func(org int) deploy.Program {
			return deploy.Program{
				Name: plainName + "." + p.net.Orgs[org].MSPID, Dir: p.net.Dir,
				Path: filepath.Join(p.net.Bin, "samples", "asset-plain"),
			}
		},
	})
	return p.served(s, err)
}

func (p *pair) deployPrivate(ctx context.Context) error {
	if err := p.served(p.net.ServeRegistry(ctx, privateName)); err != nil {
		return err
	}
	s, manifest, err := p.net.ServePrivate(ctx, deploy.Private{
		Name: privateName, Enclave: filepath.Join(p.net.Bin, "samples", "asset"), Policy: endorsement,
	})
	if err := p.served(s, err); err != nil {
		return err
	}
	_, err = p.net.InitEnclave(ctx, privateName, manifest, nil)
	return err
}

// served remembers a service that runs.
func (p *pair) served(s *deploy.Service, err error) error {
	if err == nil {
		p.services = append(p.services, s)
	}
	return err
}

func (p *pair) stop() {
	for _, s := range p.services {
		s.Stop()
	}
	p.net.Stop()
}

// arguments are those of a call that creates an asset which does not exist yet.
func (p *pair) arguments(client int) []string {
	return []string{fmt.Sprintf("asset%d", p.assets.Add(1)), fmt.Sprintf("client%d", client), "blue", "100"}
}

func (p *pair) plainCall(client int) fabric.Call {
	return fabric.Call{Chaincode: plainName, Args: fabric.Args(append([]string{createAsset}, p.arguments(client)...)...)}
}

func (p *pair) submitPlain(ctx context.Context, client, _ int) error {
	_, err := p.plain[client%len(p.plain)].Submit(ctx, p.plainCall(client))
	return err
}

func (p *pair) submitPrivate(ctx context.Context, client, _ int) error {
	_, err := p.private[client%len(p.private)].Submit(ctx, createAsset, p.arguments(client)...)
	return err
}
