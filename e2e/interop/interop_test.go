// SPDX-License-Identifier: Apache-2.0

//go:build interop

// Package interop is untrusted: it lets Hyperledger's own npm packages judge the
// embedded network. It needs Node and what run.sh installs.
package interop

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/internal/deploy"
)

// The chaincodes: one of our programs under two names, and one on Hyperledger's
// Node shim.
const (
	chaincode      = "asset"
	otherChaincode = "other"
	probe          = "probe"
	// twoOfThree is a policy that one organisation alone does not satisfy.
	twoOfThree = "OutOf(2, 'Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer')"
)

// peerFacts and userFacts are what a script is told of a network.
type peerFacts struct {
	Address string `json:"address"`
	// Endorser is the address that the gateway names in errors.
	Endorser string `json:"endorser"`
	TLSRoot  string `json:"tlsRoot,omitempty"`
}

type userFacts struct {
	MSPID       string `json:"mspId"`
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
}

type facts struct {
	Channel        string               `json:"channel"`
	Chaincode      string               `json:"chaincode"`
	OtherChaincode string               `json:"otherChaincode"`
	Probe          string               `json:"probe"`
	Peers          map[string]peerFacts `json:"peers"`
	Users          map[string]userFacts `json:"users"`
}

// scene is a running network with the chaincodes deployed through relays.
type scene struct {
	t       *testing.T
	dir     string
	desc    *devnet.Description
	network *deploy.Network
	tape    *tape
	relays  map[string]string // by MSP id
}

func start(t *testing.T) *scene {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	n, err := devnet.Start(ctx, devnet.Config{Dir: filepath.Join(dir, "network")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Errorf("stop the network: %v", err)
		}
	})
	s := &scene{t: t, dir: dir, desc: n.Description(), relays: map[string]string{}}
	s.tape = newTape(t, filepath.Join(dir, "tape.jsonl"))
	s.connect(n)
	program := filepath.Join(repository(t), "bin", "samples", "asset-plain")
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	s.deploy(ctx, chaincode, program)
	s.deploy(ctx, otherChaincode, program)
	s.supervise(s.deploy(ctx, probe, node, filepath.Join(repository(t), "e2e", "interop", "probe.mjs")))
	return s
}

// deploy starts a chaincode's program for each organisation and commits its
// definition.
func (s *scene) deploy(ctx context.Context, name, program string, args ...string) *deploy.Service {
	s.t.Helper()
	service, err := s.network.Serve(ctx, deploy.ServiceSpec{
		Name: name, Version: "1.0", Policy: twoOfThree,
		Via: func(_, address string) (string, error) { return s.tape.relay(s.t, address, nil), nil },
		Package: func(address string) ([]byte, error) {
			return pkg.BuildCCAAS(name, pkg.Connection{Address: address, DialTimeout: "10s"})
		},
		Program: func(org int) deploy.Program {
			return deploy.Program{Name: name + "." + s.network.Orgs[org].MSPID, Path: program, Args: args, Dir: s.dir}
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(service.Stop)
	return service
}

// supervise starts a service's programs again when they end, as an operator's
// supervisor would.
func (s *scene) supervise(service *deploy.Service) {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	for org := range service.Processes {
		watching.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-service.Processes[org].Done():
				}
				p, err := deploy.Start(ctx, service.Programs[org])
				if err != nil {
					return // the network is being taken down
				}
				service.Processes[org] = p
			}
		})
	}
	s.t.Cleanup(func() {
		cancel()
		watching.Wait()
	})
}

// connect reaches all nodes through relays.
func (s *scene) connect(n *devnet.Network) {
	s.t.Helper()
	orderer := s.tape.relay(s.t, s.desc.Orderer.Address, trust(s.t, s.desc.Orderer.TLSRoot))
	s.network = &deploy.Network{Channel: s.desc.Channel, Dir: s.dir, Orderer: fabric.Endpoint{Address: orderer}}
	for _, o := range s.desc.Organizations {
		address := s.tape.relay(s.t, o.PeerAddress, trust(s.t, o.TLSRoot))
		s.relays[o.MSPID] = address
		admin, err := n.User(o.MSPID, "Admin")
		if err != nil {
			s.t.Fatal(err)
		}
		user, err := n.User(o.MSPID, "User1")
		if err != nil {
			s.t.Fatal(err)
		}
		s.network.Orgs = append(s.network.Orgs, deploy.Org{MSPID: o.MSPID, Peer: fabric.Endpoint{Address: address}, Admin: admin, Client: user})
	}
	if err := s.network.Connect(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.network.Close() })
}

func trust(t *testing.T, root string) credentials.TransportCredentials {
	t.Helper()
	creds, err := credentials.NewClientTLSFromFile(root, "")
	if err != nil {
		t.Fatal(err)
	}
	return creds
}

// facts are what the scripts are told; relayed ones lead through the relays.
func (s *scene) facts(relayed bool) string {
	s.t.Helper()
	f := facts{
		Channel: s.desc.Channel, Chaincode: chaincode, OtherChaincode: otherChaincode, Probe: probe,
		Peers: map[string]peerFacts{}, Users: map[string]userFacts{},
	}
	for _, o := range s.desc.Organizations {
		at := peerFacts{Address: o.PeerAddress, Endorser: o.PeerAddress, TLSRoot: o.TLSRoot}
		if relayed {
			at.Address, at.TLSRoot = s.relays[o.MSPID], ""
		}
		f.Peers[o.MSPID] = at
		for name, dir := range o.Users {
			f.Users[name+"@"+o.MSPID] = userFacts{o.MSPID, only(s.t, dir, "signcerts"), only(s.t, dir, "keystore")}
		}
	}
	raw, err := json.Marshal(f)
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.t.TempDir(), "facts.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// only is the one file in a folder of an MSP.
func only(t *testing.T, dir, folder string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, folder, "*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s/%s: got %v, %v, want one file", dir, folder, found, err)
	}
	return found[0]
}

// node runs a script under Node's test runner.
func node(t *testing.T, script string, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", script)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s\n%s", script, out)
	if err != nil {
		t.Fatalf("node %s: %v", script, err)
	}
}

func repository(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestOfficialPackages runs Hyperledger's SDK against a peer, over TLS as an
// application would, and again through a relay, then a chaincode on
// Hyperledger's shim; Hyperledger's protobufs decode and re-encode what the
// relays recorded.
func TestOfficialPackages(t *testing.T) {
	s := start(t)
	t.Run("SDK", func(t *testing.T) {
		node(t, "sdk.test.mjs", "INTEROP_NETWORK="+s.facts(false), "INTEROP_RUN=direct")
	})
	t.Run("SDK relayed", func(t *testing.T) {
		node(t, "sdk.test.mjs", "INTEROP_NETWORK="+s.facts(true), "INTEROP_RUN=relayed")
	})
	t.Run("shim", func(t *testing.T) {
		node(t, "chaincode.test.mjs", "INTEROP_NETWORK="+s.facts(true))
	})
	t.Run("protobufs", func(t *testing.T) {
		if s.tape.err != nil {
			t.Fatal(s.tape.err)
		}
		node(t, "roundtrip.test.mjs", "INTEROP_TAPE="+filepath.Join(s.dir, "tape.jsonl"))
	})
}
