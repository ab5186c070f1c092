// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/devnet/peer/external"
	"github.com/privatechaincode/fpc/e2e/realfabric"
	"github.com/privatechaincode/fpc/internal/deploy"
)

// The chaincodes: one of our programs under two names; one on Hyperledger's Node
// shim and one on its contract API, as services and launched by the peers.
const (
	chaincode        = "asset"
	otherChaincode   = "other"
	probe            = "probe"
	contract         = "contract"
	probeLaunched    = "probe-launched"
	contractLaunched = "contract-launched"
	// twoOfThree is a policy that one organisation alone does not satisfy.
	twoOfThree = "OutOf(2, 'Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer')"
	// startTime bounds the start of a network and the deployment on it.
	startTime = 3 * time.Minute
)

// peerFacts, userFacts and facts are what a script is told of a network.
type peerFacts struct {
	Address string `json:"address"`
	// Endorser is the address that the gateway names in errors.
	Endorser string `json:"endorser"`
	TLSRoot  string `json:"tlsRoot,omitempty"` // file; none: in clear
}

type userFacts struct {
	MSPID       string `json:"mspId"`
	Certificate string `json:"certificate"` // file
	Key         string `json:"key"`         // file
}

type facts struct {
	Channel        string               `json:"channel"`
	Chaincode      string               `json:"chaincode"`
	OtherChaincode string               `json:"otherChaincode"`
	Probe          string               `json:"probe"`
	Contract       string               `json:"contract"`
	Peers          map[string]peerFacts `json:"peers"`
	Users          map[string]userFacts `json:"users"`
}

// scene is a running network with the chaincodes deployed.
type scene struct {
	t       *testing.T
	dir     string
	network *deploy.Network
	facts   facts
	// relay puts a recorder before an address; nil: nothing is recorded.
	relay func(address string) string
}

func newScene(t *testing.T, channel string) *scene {
	t.Helper()
	return &scene{t: t, dir: t.TempDir(), facts: facts{
		Channel: channel, Chaincode: chaincode, OtherChaincode: otherChaincode, Probe: probe, Contract: contract,
		Peers: map[string]peerFacts{}, Users: map[string]userFacts{},
	}}
}

// embedded starts the embedded network. Its administrators reach the nodes, and
// its peers the chaincodes, through recording relays; relayed are the facts for
// a script that shall be recorded too.
func embedded(t *testing.T, record *tape) (s *scene, relayed facts) {
	t.Helper()
	s = newScene(t, "mychannel")
	ctx, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	n, err := devnet.Start(ctx, devnet.Config{
		Dir: filepath.Join(s.dir, "network"), Channel: s.facts.Channel, Builders: []external.Builder{nodeBuilder(t)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Errorf("stop the network: %v", err)
		}
	})
	s.relay = func(address string) string { return record.relay(t, address, nil) }
	desc := n.Description()
	s.network = &deploy.Network{Channel: desc.Channel, Dir: s.dir}
	s.network.Orderer = fabric.Endpoint{Address: record.relay(t, desc.Orderer.Address, trust(t, desc.Orderer.TLSRoot))}
	relayed = s.facts
	relayed.Peers = map[string]peerFacts{}
	for _, o := range desc.Organizations {
		s.facts.Peers[o.MSPID] = peerFacts{o.PeerAddress, o.PeerAddress, o.TLSRoot}
		address := record.relay(t, o.PeerAddress, trust(t, o.TLSRoot))
		relayed.Peers[o.MSPID] = peerFacts{address, o.PeerAddress, ""}
		org := deploy.Org{MSPID: o.MSPID, Peer: fabric.Endpoint{Address: address}}
		if org.Admin, err = n.User(o.MSPID, "Admin"); err != nil {
			t.Fatal(err)
		}
		s.network.Orgs = append(s.network.Orgs, org)
		for name, dir := range o.Users {
			s.user(name, o.MSPID, dir)
		}
	}
	if err := s.network.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.network.Close() })
	s.deployAll(ctx)
	return s, relayed
}

// genuine starts Fabric's own programs, or skips the test and says why.
func genuine(t *testing.T) *scene {
	t.Helper()
	programs, err := realfabric.FromEnvironment()
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	version, err := programs.Version()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("Hyperledger Fabric %s", version)
	ctx, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	dir := t.TempDir()
	entry := "- name: node\n  path: " + nodeBuilder(t).Path + "\n  propagateEnvironment: [PATH]\n"
	n, err := realfabric.StartWith(ctx, programs, dir, realfabric.Options{Orgs: 3, Builder: realfabric.Builder{CoreYAML: entry}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Stop)
	s := newScene(t, n.Channel)
	s.network = &n.Network
	for _, org := range n.Orgs {
		domain := strings.ToLower(strings.TrimSuffix(org.MSPID, "MSP")) + ".example.com"
		material := filepath.Join(dir, "crypto", "peerOrganizations", domain)
		s.facts.Peers[org.MSPID] = peerFacts{org.Peer.Address, org.Peer.Address, filepath.Join(material, "tlsca", "tlsca."+domain+"-cert.pem")}
		s.user("User1", org.MSPID, filepath.Join(material, "users", "User1@"+domain, "msp"))
	}
	s.deployAll(ctx)
	return s
}

// user adds a user whose MSP folder is given.
func (s *scene) user(name, mspID, dir string) {
	s.t.Helper()
	only := func(folder string) string {
		found, err := filepath.Glob(filepath.Join(dir, folder, "*"))
		if err != nil || len(found) != 1 {
			s.t.Fatalf("%s/%s: got %v, %v, want one file", dir, folder, found, err)
		}
		return found[0]
	}
	s.facts.Users[name+"@"+mspID] = userFacts{mspID, only("signcerts"), only("keystore")}
}

func (s *scene) deployAll(ctx context.Context) {
	s.t.Helper()
	here, err := os.Getwd()
	if err != nil {
		s.t.Fatal(err)
	}
	program := filepath.Join(here, "..", "..", "bin", "samples", "asset-plain")
	node, err := exec.LookPath("node")
	if err != nil {
		s.t.Fatal(err)
	}
	s.deploy(ctx, chaincode, program)
	s.deploy(ctx, otherChaincode, program)
	s.supervise(s.deploy(ctx, probe, node, filepath.Join(here, "probe.mjs")))
	s.deploy(ctx, contract, "/bin/sh", "-c", serveContract, "sh", node, filepath.Join(here, "node_modules"), filepath.Join(here, "contract"))
	s.launch(ctx, probeLaunched, map[string][]byte{"package.json": []byte(probeModule), "probe.mjs": source(s.t, "probe.mjs")})
	s.launch(ctx, contractLaunched, map[string][]byte{
		"package.json": source(s.t, "contract/package.json"), "index.js": source(s.t, "contract/index.js"),
	})
}

// serveContract starts a module on the contract API as a service: Hyperledger's
// program for it takes arguments where others take the environment.
const serveContract = `exec "$1" "$2/fabric-shim/cli.js" server --module-path "$3" --chaincode-address "$CHAINCODE_SERVER_ADDRESS" --chaincode-id "$CHAINCODE_ID"`

// launched are the facts for scripts that shall call the launched chaincodes.
func launched(f facts) facts {
	f.Probe, f.Contract = probeLaunched, contractLaunched
	return f
}

// deploy starts a chaincode's program for each organisation and commits its
// definition.
func (s *scene) deploy(ctx context.Context, name, program string, args ...string) *deploy.Service {
	s.t.Helper()
	spec := deploy.ServiceSpec{
		Name: name, Version: "1.0", Policy: twoOfThree,
		Package: func(address string) ([]byte, error) {
			return pkg.BuildCCAAS(name, pkg.Connection{Address: address, DialTimeout: "10s"})
		},
		Program: func(org int) deploy.Program {
			return deploy.Program{Name: name + "." + s.network.Orgs[org].MSPID, Path: program, Args: args, Dir: s.dir}
		},
	}
	if s.relay != nil {
		spec.Via = func(_, address string) (string, error) { return s.relay(address), nil }
	}
	service, err := s.network.Serve(ctx, spec)
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

// told writes facts where a script finds them.
func told(t *testing.T, f facts) string {
	t.Helper()
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "facts.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return "INTEROP_NETWORK=" + path
}

func trust(t *testing.T, root string) credentials.TransportCredentials {
	t.Helper()
	creds, err := credentials.NewClientTLSFromFile(root, "")
	if err != nil {
		t.Fatal(err)
	}
	return creds
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
