// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/trace"
)

// Endpoint decides where the peer of an organisation reaches a chaincode's
// program that serves at an address: the address itself, or a relay before it.
type Endpoint func(name, address string) (string, error)

// Service is a chaincode of which every organisation runs a program.
type Service struct {
	Name      string
	Processes []*Process // one per organisation
	Packages  []string   // package ids, one per organisation
	Programs  []Program  // how each was started, to start it again
}

// Restart kills an organisation's program and starts it again.
func (s *Service) Restart(ctx context.Context, org int) error {
	if err := s.Processes[org].Kill(); err != nil {
		return err
	}
	p, err := Start(ctx, s.Programs[org])
	if err != nil {
		return err
	}
	s.Processes[org] = p
	return nil
}

// Stop ends all its programs.
func (s *Service) Stop() {
	for _, p := range s.Processes {
		_ = p.Stop()
	}
}

// ServiceSpec says what to deploy as a service.
type ServiceSpec struct {
	Name, Version string
	Policy        string // endorsement policy in the policy language; empty: the channel's
	Sequence      int64  // 0: 1
	// Package makes the package for a peer that reaches the program at address.
	Package func(address string) ([]byte, error)
	// Program says how to start the program of an organisation, but for the
	// variables that every chaincode service gets.
	Program func(org int) Program
	// Via puts something between peers and programs; nil: nothing.
	Via Endpoint
}

// Serve deploys a chaincode and starts its programs.
func (n *Network) Serve(ctx context.Context, spec ServiceSpec) (*Service, error) {
	s := &Service{Name: spec.Name}
	definition, err := n.definition(ctx, spec.Name, spec.Version, spec.Policy, spec.Sequence)
	if err != nil {
		return nil, err
	}
	addresses := make([]string, len(n.Orgs))
	makePackage := func(org int) ([]byte, error) {
		address, err := FreeAddress()
		if err != nil {
			return nil, err
		}
		addresses[org] = address
		if spec.Via != nil {
			if address, err = spec.Via(fmt.Sprintf("%s@%s", spec.Name, n.Orgs[org].MSPID), address); err != nil {
				return nil, err
			}
		}
		n.recordPackage()
		return spec.Package(address)
	}
	if s.Packages, err = n.Install(ctx, makePackage); err != nil {
		return nil, fmt.Errorf("%s: %w", spec.Name, err)
	}
	for org := range n.Orgs {
		p := spec.Program(org)
		p.Address = addresses[org]
		p.Env = append(p.Env, "CHAINCODE_SERVER_ADDRESS="+p.Address, "CHAINCODE_ID="+s.Packages[org])
		started, err := Start(ctx, p)
		if err != nil {
			s.Stop()
			return nil, err
		}
		s.Processes, s.Programs = append(s.Processes, started), append(s.Programs, p)
	}
	if err := n.Define(ctx, definition, s.Packages); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// recordPackage records LC-1.
func (n *Network) recordPackage() {
	trace.Named("admin", n.Steps).Record(trace.Event{Step: "LC-1", From: "admin", To: "admin", What: "package"})
}

// definition is a chaincode's definition; without a policy the channel's holds,
// and one of enclaves makes it a definition of Full mode.
func (n *Network) definition(ctx context.Context, name, version, policy string, sequence int64) (lifecycle.Definition, error) {
	d := lifecycle.Definition{Name: name, Version: version, Sequence: max(1, sequence)}
	if policy == "" {
		return d, nil
	}
	var err error
	if !ofEnclaves(policy) {
		d.ValidationParameter, err = PolicyParameter(policy)
		return d, err
	}
	policies, err := admin.ReadEnclavePolicies(ctx, n.At(0, n.Orgs[0].Admin))
	if err != nil {
		return d, err
	}
	d.ValidationParameter, err = policies.Compile(policy, name, version)
	return d, err
}

// ofEnclaves tells whether a policy names enclaves.
func ofEnclaves(policy string) bool { return strings.Contains(policy, ".enclave'") }

// PolicyParameter is a signature policy as a definition carries it.
func PolicyParameter(text string) ([]byte, error) {
	envelope, err := policy.Parse(text)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(&peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_SignaturePolicy{SignaturePolicy: envelope}})
}

// ServePlain deploys a plain chaincode program as a service, under the channel's
// policy.
func (n *Network) ServePlain(ctx context.Context, name, path string, via Endpoint) (*Service, error) {
	return n.ServePlainUnder(ctx, name, path, "", via)
}

// ServePlainUnder is ServePlain with an endorsement policy of its own.
func (n *Network) ServePlainUnder(ctx context.Context, name, path, policy string, via Endpoint) (*Service, error) {
	return n.Serve(ctx, ServiceSpec{
		Name: name, Version: "1.0", Policy: policy, Via: via,
		Package: n.servicePackage(name),
		Program: func(org int) Program { return n.program(name, org, path) },
	})
}

func (n *Network) servicePackage(label string) func(address string) ([]byte, error) {
	return func(address string) ([]byte, error) { return pkg.BuildCCAAS(label, n.connection(address)) }
}

func (n *Network) connection(address string) pkg.Connection {
	return pkg.Connection{Address: address, DialTimeout: cmp.Or(n.DialTimeout, "10s")}
}

func (n *Network) program(name string, org int, path string, args ...string) Program {
	return Program{Name: name + "." + n.Orgs[org].MSPID, Path: path, Args: args, Env: slices.Clone(n.Env), Dir: n.Dir}
}
