// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// world is an embedded network with ERCC and one of the samples as a private
// chaincode, whose enclave the first organisation hosts. Registries, stubs and
// enclaves are processes of their own.
type world struct {
	*embedded.Network
	t      *testing.T
	ctx    context.Context
	log    *logged
	server *server // nil: the network runs in this process
	name   string  // of chaincode and sample
	policy string  // of the chaincode's definition; empty: the channel's

	registry, service *deploy.Service
	ledger            *deploy.Service // Full mode
	manifest          []byte
}

// newWorld starts a network without chaincodes, in this process.
func newWorld(t *testing.T, name string) *world {
	t.Helper()
	w := &world{t: t, name: name, log: newLogged()}
	w.ctx, w.Network = startLogged(t, w.log)
	return w
}

// newServedWorld starts a network without chaincodes, in a process of its own.
func newServedWorld(t *testing.T, name string) *world {
	t.Helper()
	w := &world{t: t, name: name, log: newLogged(), ctx: bounded(t)}
	w.server = &server{t: t, dir: filepath.Join(t.TempDir(), "network"), log: w.log}
	w.server.start(w.ctx)
	t.Cleanup(func() { w.server.kill() })
	w.Network = w.server.attach()
	t.Cleanup(func() { stop(t, w.Network) })
	return w
}

// deployPrivate deploys ERCC and a private chaincode and registers its enclave;
// via puts something between peers and stubs, nil: nothing.
func deployPrivate(t *testing.T, name string, via deploy.Endpoint) *world {
	t.Helper()
	w := newWorld(t, name)
	w.serve(via, name)
	w.initialise()
	return w
}

// serve deploys ERCC, under a policy for the chaincodes named, and the world's
// own chaincode.
func (w *world) serve(via deploy.Endpoint, chaincodes ...string) {
	w.t.Helper()
	w.serveRegistry(chaincodes...)
	w.serveMore(deploy.Private{Name: w.name, Enclave: w.sample(w.name), Policy: w.policy, Via: via})
}

// serveRegistry deploys ERCC, under a policy for the chaincodes named.
func (w *world) serveRegistry(chaincodes ...string) {
	w.t.Helper()
	var err error
	if w.registry, err = w.ServeRegistry(w.ctx, chaincodes...); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.registry.Stop)
}

// serveMore deploys a chaincode beside the registry; it becomes the world's own.
func (w *world) serveMore(p deploy.Private) {
	w.t.Helper()
	var err error
	if w.service, w.manifest, err = w.ServePrivate(w.ctx, p); err != nil {
		w.t.Fatal(err)
	}
	w.name = p.Name
	w.t.Cleanup(w.service.Stop)
}

// sample is the program of a sample's enclave.
func (w *world) sample(name string) string { return filepath.Join(w.Bin, "samples", name) }

// initialise is REG-1 to REG-13 and KEY-1 to KEY-3.
func (w *world) initialise() *admin.Initialised {
	w.t.Helper()
	made, err := w.InitEnclave(w.ctx, w.name, w.manifest, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

// contract is the chaincode in the name of an organisation's client, which wants
// all organisations to agree on what the registry holds.
func (w *world) contract(org int) *client.Contract {
	w.t.Helper()
	return w.contractAs(deploy.Client{Signer: w.Orgs[org].Client, Pins: w.Pins, Quorum: len(w.Orgs)})
}

func (w *world) contractAs(c deploy.Client) *client.Contract {
	w.t.Helper()
	return connect(w.t, w.Network, w.name, c)
}

func connect(t testing.TB, n *embedded.Network, chaincode string, c deploy.Client) *client.Contract {
	t.Helper()
	contract, err := n.Contract(chaincode, c)
	if err != nil {
		t.Fatal(err)
	}
	return contract
}

// submit invokes a function in the first organisation's name.
func (w *world) submit(function string, args ...string) {
	w.t.Helper()
	if _, err := w.contract(0).Submit(w.ctx, function, args...); err != nil {
		w.t.Fatalf("%s: %v", function, err)
	}
}

// must fails the test unless a call succeeded.
func (w *world) must(payload []byte, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", payload, err)
	}
}

// host is the stub with the enclave, as its administrator reaches it.
func (w *world) host() admin.Host {
	return admin.Host{Peer: w.At(0, w.Orgs[0].Admin), Chaincode: w.name}
}

func (w *world) status() *fpc.EnclaveStatus {
	w.t.Helper()
	status, err := w.host().Status(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

// kill kills a program of the first organisation and waits until its peer has
// noticed.
func (w *world) kill(s *deploy.Service) {
	w.t.Helper()
	mark := w.log.mark()
	if err := s.Processes[0].Kill(); err != nil {
		w.t.Fatal(err)
	}
	w.log.await(w.ctx, w.t, mark, "chaincode stream ended", s.Packages[0])
}

// start starts a program of the first organisation again.
func (w *world) start(s *deploy.Service) {
	w.t.Helper()
	p, err := deploy.Start(w.ctx, s.Programs[0])
	if err != nil {
		w.t.Fatal(err)
	}
	s.Processes[0] = p
}

// ledgers are the channel's ledgers at all peers, level with one another.
func (w *world) ledgers() []*ledger.Ledger {
	w.t.Helper()
	var all []*ledger.Ledger
	var highest uint64
	for _, org := range w.Orgs {
		l, ok := w.Devnet.Ledger(org.MSPID)
		if !ok {
			w.t.Fatalf("%s has no ledger", org.MSPID)
		}
		all, highest = append(all, l), max(highest, l.Height())
	}
	for _, l := range all {
		if err := l.WaitHeight(w.ctx, highest); err != nil {
			w.t.Fatal(err)
		}
	}
	return all
}

// blocks are all blocks of a peer.
func (w *world) blocks(l *ledger.Ledger) []*common.Block {
	w.t.Helper()
	var all []*common.Block
	for n := range l.Height() {
		b, err := l.Block(n)
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// values is the state of a chaincode's namespace at a peer.
func (w *world) values(l *ledger.Ledger, namespace string) map[string][]byte {
	w.t.Helper()
	snapshot, err := l.Snapshot()
	if err != nil {
		w.t.Fatal(err)
	}
	defer snapshot.Close()
	rows, err := snapshot.Range(namespace, "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	all := map[string][]byte{}
	for rows.Next() {
		all[rows.Row().Key] = bytes.Clone(rows.Row().Value)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// sealed is the file with the enclave's sealed state.
func (w *world) sealed() string {
	w.t.Helper()
	found, err := filepath.Glob(filepath.Join(w.Dir, "state."+w.name, w.name, "*", "stub.state"))
	if err != nil || len(found) != 1 {
		w.t.Fatalf("sealed state: found %q, error %v; want one file", found, err)
	}
	return found[0]
}

// memory is what an attack must not change: the chaincode's state and the
// registry's at every peer, and the enclave's keys as the host keeps them.
type memory map[string]string

func (w *world) remember() memory {
	w.t.Helper()
	m := memory{}
	for i, l := range w.ledgers() {
		for _, namespace := range []string{w.name, protocol.ERCCName} {
			for key, value := range w.values(l, namespace) {
				m[fmt.Sprintf("%s: %s %q", w.Orgs[i].MSPID, namespace, key)] = hex.EncodeToString(value)
			}
		}
	}
	state, err := os.ReadFile(w.sealed())
	if err != nil {
		w.t.Fatal(err)
	}
	m["sealed state"] = hex.EncodeToString(state)
	status := w.status()
	m["enclave"] = fmt.Sprint(status.Initialized, status.Provisioned, status.EnclaveId, status.Generation)
	return m
}

// unchanged holds the present against what was remembered.
func (w *world) unchanged(before memory) {
	w.t.Helper()
	after := w.remember()
	keys := slices.Sorted(maps.Keys(before))
	for key := range after {
		if _, known := before[key]; !known {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		if before[key] != after[key] {
			w.t.Errorf("%s has changed: got %.80q, want %.80q", key, after[key], before[key])
		}
	}
}
