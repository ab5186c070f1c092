// SPDX-License-Identifier: Apache-2.0

//go:build !nosim && linux

package e2e

import (
	"log/slog"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/privatechaincode/fpc/builder"
	"github.com/privatechaincode/fpc/builder/buildertest"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/devnet/peer/external"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/peer"
	"github.com/privatechaincode/fpc/trace"
)

// newLaunchedWorld starts a network whose peers have the builder that `fpc builder
// install` makes. The first organisation's has a place for sealed state.
func newLaunchedWorld(t *testing.T) *world {
	t.Helper()
	return newHostingWorld(t, 1)
}

// newHostingWorld is newLaunchedWorld where the peers of the first organisations
// have a place for sealed state, and know where their ledger hosts will be.
func newHostingWorld(t *testing.T, hosts int) *world {
	t.Helper()
	dir := t.TempDir()
	b := filepath.Join(dir, "builder")
	if out, err := exec.Command(filepath.Join(bin(t), "fpc"), "builder", "install", b).CombinedOutput(); err != nil {
		t.Fatalf("fpc builder install: %v: %s", err, out)
	}
	steps := filepath.Join(dir, "trace")
	w := &world{t: t, name: "auction", log: newLogged(), ctx: bounded(t)}
	known := deploy.Network{Dir: filepath.Join(dir, "chaincodes"), Orgs: []deploy.Org{{MSPID: "Org1MSP"}, {MSPID: "Org2MSP"}, {MSPID: "Org3MSP"}}}
	environment := make(map[string]map[string]string)
	for i, org := range known.Orgs {
		of := map[string]string{builder.EnvTrace: steps}
		if i < hosts {
			of[builder.EnvState], of[builder.EnvLedger] = filepath.Join(dir, "state"+org.MSPID), known.LedgerSocket(i)
		}
		environment[org.MSPID] = of
	}
	var err error
	w.Network, err = embedded.Start(w.ctx, embedded.Config{
		Dir: dir, Bin: bin(t), Trace: true, BatchTimeout: batch, Log: slog.New(slog.NewTextHandler(w.log, nil)),
		Builders:    []external.Builder{{Name: builder.Name, Path: b, PropagateEnvironment: builder.Environment()}},
		Environment: environment,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, w.Network) })
	return w
}

// launch deploys ERCC as a service and the world's own chaincode, of this enclave,
// for the peers to launch.
func (w *world) launch(enclave string) {
	w.t.Helper()
	w.serveRegistry(w.name)
	var err error
	if w.service, w.manifest, err = w.LaunchPrivate(w.ctx, deploy.Private{Name: w.name, Enclave: enclave}); err != nil {
		w.t.Fatal(err)
	}
}

// launched are the stubs that an organisation's peer runs now.
func (w *world) launched(org int) []deploy.Launched {
	w.t.Helper()
	peer := "peer0." + w.Devnet.Description().Organizations[org].Domain
	found, err := deploy.FindLaunched(filepath.Join(w.Devnet.Description().Dir, "data", peer, "builds"), w.name)
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// theLaunched is the one stub that an organisation's peer runs.
func (w *world) theLaunched(org int) deploy.Launched {
	w.t.Helper()
	found := w.launched(org)
	if len(found) != 1 {
		w.t.Fatalf("stubs at %s: got %v, want one", w.Orgs[org].MSPID, found)
	}
	return found[0]
}

// stepsOf are the steps of a process that the trace holds.
func (w *world) stepsOf(process string) []string {
	w.t.Helper()
	events, err := trace.ReadDir(w.Trace)
	if err != nil {
		w.t.Fatal(err)
	}
	var steps []string
	for _, e := range events {
		if e.Process == process {
			steps = append(steps, e.Step)
		}
	}
	return steps
}

func count(steps []string, step string) int {
	n := 0
	for _, s := range steps {
		if s == step {
			n++
		}
	}
	return n
}

// countLines counts the lines after a mark that have all of the words.
func countLines(l *logged, mark int, words ...string) int {
	n := 0
	for _, line := range l.since(mark) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			n++
		}
	}
	return n
}

// A peer launches stub and enclave when they are needed, and anew when either was
// killed; what was sealed is there again (INV-6a to INV-6d).
func TestPeerLaunchesTheStub(t *testing.T) {
	w := newLaunchedWorld(t)
	w.launch(w.sample(w.name))
	for org := range w.Orgs {
		if found := w.launched(org); len(found) != 0 {
			t.Errorf("before any invocation %s runs %v, want nothing", w.Orgs[org].MSPID, found)
		}
	}
	w.initialise()
	w.openSale()
	_, err := admin.Host{Peer: w.At(2, w.Orgs[2].Admin), Chaincode: w.name}.Status(w.ctx)
	if err == nil || !strings.Contains(err.Error(), builder.EnvState) {
		t.Errorf("status at a peer without a place for sealed state: got error %v, want one that names %s", err, builder.EnvState)
	}
	for org := range w.Orgs {
		if got := w.theLaunched(org); (got.Enclave != 0) != (org == 0) {
			t.Errorf("%s runs %+v, want an enclave at the first organisation alone", w.Orgs[org].MSPID, got)
		}
	}
	for _, kill := range []struct {
		name          string
		stub, enclave bool
	}{{"stub", true, false}, {"enclave", false, true}, {"stub and enclave", true, true}} {
		t.Run("kill "+kill.name, func(t *testing.T) {
			w.t = t
			before, mark := w.theLaunched(0), w.log.mark()
			launches := count(w.stepsOf("stub@Org1MSP"), "INV-6a")
			if err := before.Kill(kill.stub, kill.enclave); err != nil {
				t.Fatal(err)
			}
			w.log.await(w.ctx, t, mark, "chaincode stream ended", w.service.Packages[0])
			w.myBid()
			after := w.theLaunched(0)
			if after.Stub == before.Stub || after.Enclave == before.Enclave || after.Enclave == 0 {
				t.Errorf("after the kill: got %+v, want other processes than %+v", after, before)
			}
			if got := count(w.stepsOf("stub@Org1MSP"), "INV-6a"); got != launches+1 {
				t.Errorf("INV-6a: got %d times, want %d", got, launches+1)
			}
		})
	}
	w.t = t
	if got := count(w.stepsOf("enclave@Org1MSP"), "INV-6d"); got != 3 {
		t.Errorf("INV-6d, once for each kill: got %d times, want 3", got)
	}
}

// Peers launch stubs whose enclaves endorse (Full mode): each is told of its ledger
// host by its peer's environment. Without the host it says so, and how to name it.
func TestPeersLaunchEnclavesThatEndorse(t *testing.T) {
	w := newHostingWorld(t, 2)
	w.policy = bothEnclaves
	w.serveRegistry(w.name)
	var err error
	w.service, w.manifest, err = w.LaunchPrivate(w.ctx, deploy.Private{Name: w.name, Enclave: w.sample(w.name), Policy: w.policy})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.InitEnclave(w.ctx, w.name, w.manifest, nil)
	if protocol.CodeOf(err) != protocol.CodeLedgerUnreachable || !strings.Contains(err.Error(), w.LedgerSocket(0)) {
		t.Fatalf("without a ledger host: got error %v, want %s that names %s", err, protocol.CodeLedgerUnreachable, w.LedgerSocket(0))
	}
	if w.ledger, err = w.ServeLedgers(w.ctx, deploy.LedgerSpec{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.ledger.Stop)
	if _, err := w.InitEnclaves(w.ctx, 2, w.name, w.manifest, nil); err != nil {
		t.Fatal(err)
	}
	w.openSale()
	for org := range 2 {
		before, mark := w.theLaunched(org), w.log.mark()
		if err := before.Kill(true, true); err != nil {
			t.Fatal(err)
		}
		w.log.await(w.ctx, t, mark, "chaincode stream ended", w.service.Packages[org])
	}
	w.myBid()
	if _, err := w.contract(0).Submit(w.ctx, "create", "a2", "a vase"); err != nil {
		t.Errorf("after both were launched anew: got error %v, want none", err)
	}
}

// Nobody but the process that the peer launched can register as its chaincode,
// also while none runs.
func TestStrangerCannotRegister(t *testing.T) {
	w := newLaunchedWorld(t)
	w.launch(w.sample(w.name))
	w.initialise()
	mark := w.log.mark()
	if err := w.theLaunched(0).Kill(true, false); err != nil {
		t.Fatal(err)
	}
	w.log.await(w.ctx, t, mark, "chaincode stream ended", w.service.Packages[0])
	tls, err := peer.ClientTLS(nil, nil, w.Orgs[0].Peer.RootCerts)
	if err != nil {
		t.Fatal(err)
	}
	err = peer.Register(w.ctx, peer.ClientConfig{CCID: w.service.Packages[0], PeerAddress: w.Orgs[0].Peer.Address, TLS: tls}, nothing{})
	if err == nil || !strings.Contains(err.Error(), "TLS certificate that it was given") {
		t.Errorf("a stranger registers: got error %v, want a refusal", err)
	}
	if status := w.status(); !status.Provisioned {
		t.Errorf("after the stranger: got status %v, want the provisioned enclave's", status)
	}
}

// nothing is a chaincode that does nothing.
type nothing struct{}

func (nothing) Init(shim.ChaincodeStubInterface) *shim.Response   { return shim.Success(nil) }
func (nothing) Invoke(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Many invocations that find the stub gone wait for one launch.
func TestOneLaunchForMany(t *testing.T) {
	w := newLaunchedWorld(t)
	w.launch(w.sample(w.name))
	w.initialise()
	w.openSale()
	mark := w.log.mark()
	if err := w.theLaunched(0).Kill(true, false); err != nil {
		t.Fatal(err)
	}
	w.log.await(w.ctx, t, mark, "chaincode stream ended", w.service.Packages[0])
	mark = w.log.mark()
	bidder := w.contract(1)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if answer, err := bidder.Evaluate(w.ctx, "mybid", "a1"); err != nil || !strings.Contains(string(answer), `"amount":42`) {
				t.Errorf("mybid: got %s, error %v; want amount 42", answer, err)
			}
		})
	}
	all.Wait()
	if got := countLines(w.log, mark, "chaincode launched"); got != 1 {
		t.Errorf("launches: got %d, want 1", got)
	}
}

// A network that is stopped takes its stubs with it; started again, it launches
// them from what was built.
func TestLaunchedStubsEndWithTheNetwork(t *testing.T) {
	w := newLaunchedWorld(t)
	w.launch(w.sample(w.name))
	w.initialise()
	w.openSale()
	var before []deploy.Launched
	for org := range w.Orgs {
		before = append(before, w.launched(org)...)
	}
	mark := w.log.mark()
	if err := w.Restart(w.ctx); err != nil {
		t.Fatal(err)
	}
	for _, b := range before {
		if err := syscall.Kill(b.Stub, 0); err == nil {
			t.Errorf("stub %d outlived the network", b.Stub)
		}
	}
	w.restartRegistry()
	w.myBid()
	if got := countLines(w.log, mark, "chaincode was built"); got != 0 {
		t.Errorf("builds after the restart: got %d, want none", got)
	}
}

// restartRegistry starts the programs of ERCC, which have lost their peers.
func (w *world) restartRegistry() {
	w.t.Helper()
	for org := range w.Orgs {
		if err := w.registry.Restart(w.ctx, org); err != nil {
			w.t.Fatal(err)
		}
	}
}

// With connection.json in its package the stub is a service, with the builder as
// without.
func TestBuilderReleasesServices(t *testing.T) {
	w := newLaunchedWorld(t)
	w.serve(nil, w.name)
	w.initialise()
	w.submit("create", "a1", "a painting")
	for org := range w.Orgs {
		if found := w.launched(org); len(found) != 0 {
			t.Errorf("%s launched %v for a service", w.Orgs[org].MSPID, found)
		}
	}
	if got := countLines(w.log, 0, "chaincode was built", "auction:"); got != len(w.Orgs) {
		t.Errorf("builds: got %d, want %d", got, len(w.Orgs))
	}
}

// A package that the builder cannot build is refused when it is installed, with
// one reason, and is not installed then.
func TestMalformedPackageIsNotInstalled(t *testing.T) {
	w := newLaunchedWorld(t)
	malformed, err := buildertest.Packages()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range malformed {
		t.Run(test.Name, func(t *testing.T) {
			_, err := w.Install(w.ctx, func(int) ([]byte, error) { return test.Raw, nil })
			if err == nil || !strings.Contains(err.Error(), "could not build chaincode") || strings.Count(err.Error(), test.Says) != 1 {
				t.Fatalf("install: got error %v, want one that says once %q", err, test.Says)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("install: got more than one line: %q", err)
			}
		})
	}
	installed, err := admin.Lifecycle{Network: w.At(0, w.Orgs[0].Admin)}.QueryInstalled(w.ctx)
	if err != nil || len(installed.InstalledChaincodes) != 0 {
		t.Errorf("installed: got %v, error %v; want nothing", installed, err)
	}
}
