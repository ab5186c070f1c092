// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Package demo is fpc's demonstration: a sealed-bid auction on an embedded
// network, run as a private chaincode and, as the control, as a plain one; then
// a search for everything that was secret in everything that others can see.
package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
	"github.com/privatechaincode/fpc/protocol"
)

// Config says how to run the demo.
type Config struct {
	Bin    string // folder of fpc-stub, fpc-ercc and samples/
	Dir    string // an empty folder for the network
	Mode   protocol.Mode
	Begin  Begin
	Report Report
}

// Begin is told that a step begins, by its name, and returns what to call when it
// ends, before Report is told of it.
type Begin func(step string) (end func())

// Report is told of each step.
type Report func(Step)

// Step is one step of the demo.
type Step struct {
	Name  string         // "network", "bid", …
	Text  string         // for people
	Facts map[string]any // for programs
	Err   error          // nil: it went well
}

// Run runs the demo; it fails if any step fails, or if a secret was found where
// it must not be, or not found where it must be.
func Run(ctx context.Context, c Config) (err error) {
	d := &demo{Config: c}
	defer func() {
		end := c.Begin("stop")
		err = errors.Join(err, d.stop())
		end()
	}()
	for _, step := range []struct {
		name string
		run  func(context.Context) (Step, error)
	}{
		{"network", d.network},
		{"ercc", d.registry},
		{"deploy", d.deployPrivate},
		{"initenclave", d.initEnclave},
		{"create", d.create},
		{"commit", d.commit},
		{"bid", d.bids},
		{"refuse", d.refusals},
		{"close", d.closeAuction},
		{"reveal", d.reveal},
		{"plain", d.plain},
		{"search", d.search},
		{"control", d.control},
	} {
		begun, end := time.Now(), c.Begin(step.name)
		result, err := step.run(ctx)
		end()
		result.Name, result.Err = step.name, err
		if result.Facts == nil {
			result.Facts = map[string]any{}
		}
		result.Facts["seconds"] = time.Since(begun).Round(time.Millisecond).Seconds()
		c.Report(result)
		if err != nil {
			return fmt.Errorf("demo: %s: %w", step.name, err)
		}
	}
	return nil
}

// demo is one run.
type demo struct {
	Config
	net      *embedded.Network
	services []*deploy.Service
	auction  *deploy.Service
	ledgers  *deploy.Service // hosts of ledger enclaves; nil in Lite mode
	manifest []byte
	private  *house
	created  *client.Validation // the auction, endorsed
	wires    *wires
	plainRun *plainRun
}

func (d *demo) stop() error {
	for _, s := range d.services {
		s.Stop()
	}
	if d.net == nil {
		return nil
	}
	err := d.net.Stop()
	return errors.Join(err, d.wires.close())
}

func (d *demo) network(ctx context.Context) (Step, error) {
	d.wires = newWires(filepath.Join(d.Dir, "wires"))
	var err error
	d.net, err = embedded.Start(ctx, embedded.Config{Dir: d.Dir, Bin: d.Bin, Trace: true, BatchTimeout: 50 * time.Millisecond})
	if err != nil {
		return Step{}, err
	}
	return Step{
		Text:  fmt.Sprintf("three organisations, each with a CA and a peer, and an orderer, in one process; channel %s", d.net.Channel),
		Facts: map[string]any{"organizations": len(d.net.Orgs), "channel": d.net.Channel},
	}, nil
}

func (d *demo) registry(ctx context.Context) (Step, error) {
	s, err := d.net.ServeRegistry(ctx, auctionName)
	if err != nil {
		return Step{}, err
	}
	d.services = append(d.services, s)
	return Step{Text: "enclave registry installed, approved and committed by all three; its version is the hash of its policy, which allows SIMULATED enclaves"}, nil
}

// enclavePolicy is the private auction's endorsement policy in Full mode, and
// hosts is how many organisations host an enclave of it.
const (
	enclavePolicy = "OutOf(2,'Org1MSP.enclave','Org2MSP.enclave','Org3MSP.enclave')"
	hosts         = 2
)

func (d *demo) deployPrivate(ctx context.Context) (Step, error) {
	if d.Mode == protocol.ModeFull {
		ledgers, err := d.net.ServeLedgers(ctx, deploy.LedgerSpec{})
		if err != nil {
			return Step{}, err
		}
		d.services, d.ledgers = append(d.services, ledgers), ledgers
	}
	private := deploy.Private{
		Name: auctionName, Enclave: filepath.Join(d.Bin, "samples", "auction"), Via: d.wires.via, Hosts: 1,
		StubArgs: func(org int) []string {
			if org >= d.hosts() {
				return nil
			}
			return []string{"--tap", filepath.Join(d.wires.tapDir, d.net.Orgs[org].MSPID)}
		},
	}
	text := "private auction installed, approved and committed: its version is the hash of what may run; one stub hosts the enclave, two validate"
	if d.Mode == protocol.ModeFull {
		private.Policy, private.Hosts = enclavePolicy, hosts
		text = "private auction installed, approved and committed: its version is the hash of what may run, and enclaves of two organisations must endorse; beside each peer a ledger enclave follows the chain"
	}
	s, manifest, err := d.net.ServePrivate(ctx, private)
	if err != nil {
		return Step{}, err
	}
	d.services, d.auction, d.manifest = append(d.services, s), s, manifest
	return Step{Text: text, Facts: map[string]any{"mode": string(d.Mode)}}, nil
}

// hosts is how many organisations host an enclave.
func (d *demo) hosts() int {
	if d.Mode == protocol.ModeFull {
		return hosts
	}
	return 1
}

func (d *demo) initEnclave(ctx context.Context) (Step, error) {
	all, err := d.net.InitEnclaves(ctx, d.hosts(), auctionName, d.manifest, nil)
	if err != nil {
		return Step{}, err
	}
	text := fmt.Sprintf("enclave %.16s… attested (SIMULATED), registered, and made the chaincode's keys", all[0].EnclaveID)
	if d.Mode == protocol.ModeFull {
		text = fmt.Sprintf("enclaves %.16s… and %.16s… attested (SIMULATED), certified by their organisations and registered; one made the chaincode's keys, the other imported them", all[0].EnclaveID, all[1].EnclaveID)
	}
	return Step{
		Text:  text,
		Facts: map[string]any{"enclave": all[0].EnclaveID, "enclaves": len(all), "generation": all[0].Generation, "attestation": "SIMULATED"},
	}, nil
}
