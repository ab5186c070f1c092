// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
)

// killNetwork is a network in a process of its own, which can be killed.
type killNetwork struct {
	*embedded.Network
	t      *testing.T
	server *server
}

// A peer waits so long for a chaincode that was killed.
const killDialTimeout = "2s"

func startKillNetwork(t *testing.T) (context.Context, *killNetwork) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*timeout)
	t.Cleanup(cancel)
	k := &killNetwork{t: t, server: &server{t: t, dir: filepath.Join(t.TempDir(), "network"), log: newLogged()}}
	k.up(ctx, "")
	t.Cleanup(func() { k.server.kill() })
	t.Cleanup(func() { stop(t, k.Network) })
	return ctx, k
}

// up starts the network, which kills itself at a step; empty: it does not.
func (k *killNetwork) up(ctx context.Context, killAt string) {
	k.t.Helper()
	if k.Network != nil {
		stop(k.t, k.Network)
		k.server.kill()
	}
	k.server.args = []string{"--kill-at", killAt}
	k.server.start(ctx)
	k.Network = k.server.attach()
	k.DialTimeout = killDialTimeout
}

// contract is a chaincode in the name of a client of the second organisation, who
// asks all registries.
func (k *killNetwork) contract(name string) *client.Contract {
	k.t.Helper()
	return connect(k.t, k.Network, name, deploy.Client{Signer: k.Orgs[1].Client, Pins: k.Pins, Quorum: len(k.Orgs)})
}

// killAt restarts an organisation's stub so that it kills itself, or its enclave,
// at a step; empty: it does not.
func killAt(t *testing.T, ctx context.Context, s *deploy.Service, step string) {
	t.Helper()
	setKill(&s.Programs[0], step)
	if err := s.Restart(ctx, 0); err != nil {
		t.Fatal(err)
	}
}

// setKill has a program kill at a step, and at no other one.
func setKill(p *deploy.Program, step string) {
	p.Args = slices.Clone(p.Args)
	if i := slices.Index(p.Args, "--kill-at"); i >= 0 {
		p.Args = slices.Delete(p.Args, i, i+2)
	}
	p.Args = append(p.Args, "--kill-at", step)
}

// awaitKill waits until the stub has ended: it was killed, or its enclave was.
func awaitKill(t *testing.T, s *deploy.Service, step string) {
	t.Helper()
	select {
	case <-s.Processes[0].Done():
	case <-time.After(time.Minute):
		t.Fatalf("nothing was killed at %s: is the step not taken any more?", step)
	}
}

func chaincodeName(step string) string {
	return "kill-" + strings.ToLower(strings.NewReplacer(":", "-", "@", "-").Replace(step))
}

// TestAttack19Kill kills stub, enclave and network at every step of
// initialisation, key registration, invocation and validation: no key and no
// committed state is lost, nothing happens twice, and a retry succeeds.
func TestAttack19Kill(t *testing.T) {
	t.Parallel() // it waits for what was killed
	ctx, n := startKillNetwork(t)
	names := []string{"assets"}
	for _, step := range slices.Concat(initKills, erccKills) {
		names = append(names, chaincodeName(step))
	}
	ercc, err := n.ServeRegistry(ctx, names...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ercc.Stop)
	t.Run("init", func(t *testing.T) { n.killDuringInit(t, ctx) })
	t.Run("registration", func(t *testing.T) { n.killRegistry(t, ctx, ercc) })

	assets, manifest := n.deploy(t, ctx, "assets")
	if _, err := n.InitEnclave(ctx, "assets", manifest, nil); err != nil {
		t.Fatal(err)
	}
	t.Run("start", func(t *testing.T) { n.killDuringStart(t, ctx, assets) })
	t.Run("invoke", func(t *testing.T) { n.killDuringInvoke(t, ctx, assets, invokeKills) })
	t.Run("registry", func(t *testing.T) { n.killDuringInvoke(t, ctx, ercc, lookupKills) })
	t.Run("query", func(t *testing.T) { n.killDuringQuery(t, ctx, assets) })
	t.Run("network", func(t *testing.T) {
		n.killNetwork(t, ctx, peerKills)
		n.killNetworkAt(t, ctx, assets, networkInvokeKills)
		n.killNetworkAt(t, ctx, ercc, networkLookupKills)
	})

	n.createdOnce(t, ctx, slices.Concat(startKills, invokeKills, lookupKills, peerKills))
	n.createdOnce(t, ctx, onNetwork(slices.Concat(networkStartKills, networkInvokeKills, networkLookupKills)))
}

// onNetwork are names for the assets of steps at which the network is killed, where
// another process is killed at the same step.
func onNetwork(steps []string) []string {
	named := make([]string, len(steps))
	for i, step := range steps {
		named[i] = step + ":network"
	}
	return named
}

// createdOnce shows that every asset was created, and created once.
func (k *killNetwork) createdOnce(t *testing.T, ctx context.Context, steps []string) {
	t.Helper()
	answer, err := k.contract("assets").Evaluate(ctx, "RangeAssets", "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if got := strings.Count(string(answer), `"`+chaincodeName(step)+`"`); got != 1 {
			t.Errorf("asset created around %s: got %d of it, want 1; all: %s", step, got, answer)
		}
	}
}

// deploy deploys the private asset chaincode under a name.
func (k *killNetwork) deploy(t *testing.T, ctx context.Context, name string) (*deploy.Service, []byte) {
	t.Helper()
	s, manifest, err := k.ServePrivate(ctx, deploy.Private{Name: name, Enclave: filepath.Join(k.Bin, "samples", "asset")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s, manifest
}

func (k *killNetwork) killDuringInit(t *testing.T, ctx context.Context) {
	for _, step := range initKills {
		t.Run(step, func(t *testing.T) {
			name := chaincodeName(step)
			s, manifest := k.deploy(t, ctx, name)
			defer s.Stop()
			killAt(t, ctx, s, step)
			// An enclave that is killed after its last step has answered already.
			_, _ = k.InitEnclave(ctx, name, manifest, nil)
			awaitKill(t, s, step)
			k.killNetworkDuringInit(t, ctx, s, step, name, manifest)
			first, err := k.InitEnclave(ctx, name, manifest, nil)
			if err != nil {
				t.Fatalf("retry: %v", err)
			}
			k.keysLast(t, ctx, s, manifest, first)
		})
	}
}

// keysLast shows that a chaincode works, and that its keys outlive one more kill.
func (k *killNetwork) keysLast(t *testing.T, ctx context.Context, s *deploy.Service, manifest []byte, first *admin.Initialised) {
	t.Helper()
	if _, err := k.contract(s.Name).Submit(ctx, "CreateAsset", "a1", "ann", "blue", "1"); err != nil {
		t.Fatalf("invoke after the retry: %v", err)
	}
	killAt(t, ctx, s, "")
	again, err := k.InitEnclave(ctx, s.Name, manifest, nil)
	if err != nil || *again != *first {
		t.Fatalf("after a restart: got %+v, error %v; want %+v", again, err, first)
	}
	answer, err := k.contract(s.Name).Evaluate(ctx, "ReadAsset", "a1")
	if err != nil || !strings.Contains(string(answer), "blue") {
		t.Errorf("asset after a restart: got %s, error %v; want a blue one", answer, err)
	}
}

// killRegistry kills the registry of the enclave's organisation while it registers
// enclave and keys.
func (k *killNetwork) killRegistry(t *testing.T, ctx context.Context, ercc *deploy.Service) {
	for _, step := range erccKills {
		t.Run(step, func(t *testing.T) {
			s, manifest := k.deploy(t, ctx, chaincodeName(step))
			defer s.Stop()
			killAt(t, ctx, ercc, step)
			if _, err := k.InitEnclave(ctx, s.Name, manifest, nil); err == nil {
				t.Errorf("the registration went through although a registry was to be killed at %s", step)
			}
			awaitKill(t, ercc, step)
			k.killNetworkDuringInit(t, ctx, ercc, step, s.Name, manifest)
			made, err := k.InitEnclave(ctx, s.Name, manifest, nil)
			if err != nil {
				t.Fatalf("retry: %v", err)
			}
			k.keysLast(t, ctx, s, manifest, made)
		})
	}
}

// killDuringInvoke kills a program of a service, stub or registry, during an
// invocation.
func (k *killNetwork) killDuringInvoke(t *testing.T, ctx context.Context, s *deploy.Service, steps []string) {
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			killAt(t, ctx, s, step)
			err := k.create(t, ctx, step)
			awaitKill(t, s, step)
			killAt(t, ctx, s, "")
			k.retry(t, ctx, step, err)
		})
	}
}

// level waits until all peers have the same blocks: one may have committed what
// killed it, and the others take it from the orderer when they start.
func (k *killNetwork) level(t *testing.T, ctx context.Context) uint64 {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		heights := make([]uint64, len(k.Orgs))
		for org := range k.Orgs {
			info, err := k.At(org, k.Orgs[org].Client).Info(ctx)
			if err != nil {
				t.Fatal(err)
			}
			heights[org] = info.GetHeight()
		}
		if slices.Min(heights) == slices.Max(heights) {
			return heights[0]
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("the peers' heights stay apart: %d", heights)
		}
	}
}

// create creates the asset of a step.
func (k *killNetwork) create(t *testing.T, ctx context.Context, step string) error {
	t.Helper()
	_, err := k.contract("assets").Submit(ctx, "CreateAsset", chaincodeName(step), "ann", "blue", "1")
	return err
}

// retry tries again: what was not done is done now, what was done is refused.
func (k *killNetwork) retry(t *testing.T, ctx context.Context, step string, first error) {
	t.Helper()
	contract := k.contract("assets")
	_, err := contract.Evaluate(ctx, "ReadAsset", chaincodeName(step))
	done := err == nil
	if first == nil && !done {
		t.Fatalf("the first try succeeded and its effect is lost: %v", err)
	}
	switch err := k.create(t, ctx, step); {
	case !done && err != nil:
		t.Errorf("retry: %v, want success (first: %v)", err, first)
	case done && (err == nil || !strings.Contains(err.Error(), "exists")):
		t.Errorf("retry of what was done: %v, want a refusal that it exists", err)
	}
	if _, err := contract.Evaluate(ctx, "ReadAsset", chaincodeName(step)); err != nil {
		t.Error(fmt.Errorf("asset after the retry: %w", err))
	}
}
