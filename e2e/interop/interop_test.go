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
	"testing"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/internal/deploy"
)

// The chaincodes: one program under two names.
const (
	chaincode      = "asset"
	otherChaincode = "other"
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
	Peers          map[string]peerFacts `json:"peers"`
	Users          map[string]userFacts `json:"users"`
}

// scene is a running network with both chaincodes deployed through relays.
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
	for _, name := range []string{chaincode, otherChaincode} {
		service, err := s.network.Serve(ctx, s.service(name, program))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(service.Stop)
	}
	return s
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

func (s *scene) service(name, program string) deploy.ServiceSpec {
	return deploy.ServiceSpec{
		Name: name, Version: "1.0", Policy: twoOfThree,
		Via: func(_, address string) (string, error) { return s.tape.relay(s.t, address, nil), nil },
		Package: func(address string) ([]byte, error) {
			return pkg.BuildCCAAS(name, pkg.Connection{Address: address, DialTimeout: "10s"})
		},
		Program: func(org int) deploy.Program {
			return deploy.Program{Name: name + "." + s.network.Orgs[org].MSPID, Path: program, Dir: s.dir}
		},
	}
}

// facts are what the scripts are told; relayed ones lead through the relays.
func (s *scene) facts(relayed bool) string {
	s.t.Helper()
	f := facts{
		Channel: s.desc.Channel, Chaincode: chaincode, OtherChaincode: otherChaincode,
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

// TestOfficialClients runs Hyperledger's SDK against a peer, over TLS as an
// application would, and again through a relay whose record Hyperledger's
// protobufs then decode and re-encode.
func TestOfficialClients(t *testing.T) {
	s := start(t)
	t.Run("SDK", func(t *testing.T) {
		node(t, "sdk.test.mjs", "INTEROP_NETWORK="+s.facts(false), "INTEROP_RUN=direct")
	})
	t.Run("SDK relayed", func(t *testing.T) {
		node(t, "sdk.test.mjs", "INTEROP_NETWORK="+s.facts(true), "INTEROP_RUN=relayed")
	})
	t.Run("protobufs", func(t *testing.T) {
		if s.tape.err != nil {
			t.Fatal(s.tape.err)
		}
		node(t, "roundtrip.test.mjs", "INTEROP_TAPE="+filepath.Join(s.dir, "tape.jsonl"))
	})
}
