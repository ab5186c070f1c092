// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/internal/deploy"
)

// Steps of an invocation in Full mode at which its processes are killed, right
// after they have taken the step.
var (
	fullStubKills    = []string{"INV-7", "INV-9:stub", "EX-1:stub", "INV-17:stub"}
	fullEnclaveKills = []string{"INV-8", "INV-10", "INV-14", "INV-16"}
	fullLedgerKills  = []string{"INV-9", "INV-11", "EX-1", "VAL-8"}
	fullHostKills    = []string{"INV-11@host", "VAL-8@host"}
	fullLookupKills  = []string{"INV-2", "INV-5"} // by the registry, for the client
	fullNetworkKills = []string{"INV-6", "VAL-6", "VAL-7"}
)

// TestAttack19KillFull kills each process of Full mode during an invocation that
// two organisations' enclaves endorse: a stub, its enclave, the ledger enclave
// beside it, that one's host, a registry, and peers and orderer. No key and no committed state
// is lost, nothing happens twice, and a retry succeeds.
func TestAttack19KillFull(t *testing.T) {
	t.Parallel() // it waits for what was killed
	ctx, n := startKillNetwork(t)
	full, err := n.ServeFull(ctx, deploy.Private{
		Name: "assets", Enclave: filepath.Join(n.Bin, "samples", "asset"), Policy: bothEnclaves, Hosts: 2,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(full.Stop)
	t.Run("stub", func(t *testing.T) { n.killDuringInvoke(t, ctx, full.Chaincode, fullStubKills) })
	t.Run("enclave", func(t *testing.T) { n.killDuringInvoke(t, ctx, full.Chaincode, fullEnclaveKills) })
	t.Run("ledger", func(t *testing.T) { n.killLedger(t, ctx, full.Ledgers, fullLedgerKills) })
	t.Run("ledger host", func(t *testing.T) { n.killLedger(t, ctx, full.Ledgers, fullHostKills) })
	t.Run("registry", func(t *testing.T) { n.killDuringInvoke(t, ctx, full.Registry, fullLookupKills) })
	t.Run("network", func(t *testing.T) { n.killNetwork(t, ctx, fullNetworkKills) })
	n.createdOnce(t, ctx, slices.Concat(fullStubKills, fullEnclaveKills, fullLedgerKills, fullHostKills, fullLookupKills, fullNetworkKills))
}

// killLedger kills a ledger enclave during an invocation, or its host. A ledger
// enclave that is killed is started anew by its host, in time perhaps for the
// invocation.
func (k *killNetwork) killLedger(t *testing.T, ctx context.Context, ledgers *deploy.Service, steps []string) {
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			dialLedger(t, k.LedgerSocket(0)).awaitHeight(ctx, k.level(t, ctx))
			killed := restarts(t, ledgers)
			startLedger(t, ctx, ledgers, step)
			err := k.create(t, ctx, step)
			if strings.HasSuffix(step, "@host") {
				awaitKill(t, ledgers, step)
			} else {
				awaitRestart(t, ctx, ledgers, step, killed)
			}
			startLedger(t, ctx, ledgers, "")
			k.retry(t, ctx, step, err)
		})
	}
}

// startLedger ends the first organisation's ledger host, if it runs, after which a
// new one begins where it ended, and starts it anew; it kills at a step then.
func startLedger(t *testing.T, ctx context.Context, ledgers *deploy.Service, step string) {
	t.Helper()
	if err := ledgers.Processes[0].Stop(); err != nil {
		t.Fatal(err)
	}
	setKill(&ledgers.Programs[0], step)
	started, err := deploy.Start(ctx, ledgers.Programs[0])
	if err != nil {
		t.Fatal(err)
	}
	ledgers.Processes[0] = started
}

// restarts is how often a ledger host has told that its enclave ended.
func restarts(t *testing.T, ledgers *deploy.Service) int {
	t.Helper()
	log, err := os.ReadFile(ledgers.Processes[0].Log)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(log, []byte("the ledger enclave ended; it is started anew"))
}

// awaitRestart waits until the ledger host has noticed that its enclave was killed.
func awaitRestart(t *testing.T, ctx context.Context, ledgers *deploy.Service, step string, before int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for restarts(t, ledgers) == before {
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("no ledger enclave was killed at %s: is the step not taken any more?", step)
		}
	}
}
