// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/trace"
)

// killNetwork kills the network at steps that peers and orderer take.
func (k *killNetwork) killNetwork(t *testing.T, ctx context.Context, steps []string) {
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			k.level(t, ctx) // or a peer would be killed while it catches up
			k.up(ctx, step)
			// The client may learn of a commit just before its peer is killed.
			err := k.whileItDies(t, ctx, step, func(ctx context.Context) error { return k.create(t, ctx, step) })
			k.retry(t, ctx, step, err)
		})
	}
}

// killNetworkAt kills the network at steps of an invocation that a service takes,
// stub or registry.
func (k *killNetwork) killNetworkAt(t *testing.T, ctx context.Context, s *deploy.Service, steps []string) {
	for i, asset := range onNetwork(steps) {
		t.Run(asset, func(t *testing.T) {
			k.level(t, ctx)
			killAt(t, ctx, s, k.atStep(steps[i]))
			err := k.whileItDies(t, ctx, steps[i], func(ctx context.Context) error { return k.create(t, ctx, asset) })
			k.retry(t, ctx, asset, err)
		})
	}
}

// killNetworkDuringInit kills the network at a step that a service takes, stub or
// registry, while an enclave is initialised and registered, if it is a kill point;
// the service runs then.
func (k *killNetwork) killNetworkDuringInit(t *testing.T, ctx context.Context, s *deploy.Service, step, name string, manifest []byte) {
	t.Helper()
	if !slices.Contains(slices.Concat(networkInitKills, networkERCCKills), step) {
		killAt(t, ctx, s, "")
		return
	}
	k.level(t, ctx)
	killAt(t, ctx, s, k.atStep(step))
	// The step may be the last that needs the network.
	_ = k.whileItDies(t, ctx, step, func(ctx context.Context) error {
		_, err := k.InitEnclave(ctx, name, manifest, nil)
		return err
	})
}

// atStep has a program kill the network when it takes a step.
func (k *killNetwork) atStep(step string) string {
	return fmt.Sprintf("%s@%d", step, k.server.cmd.Process.Pid)
}

// whileItDies does something during which the network is killed, and starts the
// network anew.
func (k *killNetwork) whileItDies(t *testing.T, ctx context.Context, step string, do func(context.Context) error) error {
	t.Helper()
	doing, giveUp := context.WithCancel(ctx)
	defer giveUp()
	exited := k.server.exited
	go func() { // a client would look for the network a while longer
		<-exited
		giveUp()
	}()
	err := do(doing)
	select {
	case <-exited:
	case <-time.After(time.Minute):
		t.Fatalf("nothing was killed at %s: is the step not taken any more?", step)
	}
	k.up(ctx, "")
	k.level(t, ctx)
	return err
}

// killDuringStart kills a stub, its enclave or the network while the stub starts: an
// invocation that its peer holds waits for it.
func (k *killNetwork) killDuringStart(t *testing.T, ctx context.Context, s *deploy.Service) {
	for _, step := range startKills {
		t.Run(step, func(t *testing.T) {
			created := k.createWithout(t, ctx, s, step)
			k.startAt(t, ctx, s, step)
			awaitKill(t, s, step)
			killAt(t, ctx, s, "")
			k.retry(t, ctx, step, <-created)
		})
	}
	for i, asset := range onNetwork(networkStartKills) {
		step := networkStartKills[i]
		t.Run(asset, func(t *testing.T) {
			k.level(t, ctx)
			err := k.whileItDies(t, ctx, step, func(ctx context.Context) error {
				created := k.createWithout(t, ctx, s, asset)
				k.startAt(t, ctx, s, k.atStep(step))
				return <-created
			})
			killAt(t, ctx, s, "")
			k.retry(t, ctx, asset, err)
		})
	}
}

// createWithout ends a stub, and creates an asset as far as the peer that lacks it.
func (k *killNetwork) createWithout(t *testing.T, ctx context.Context, s *deploy.Service, asset string) <-chan error {
	t.Helper()
	if err := s.Processes[0].Kill(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	created := make(chan error, 1)
	go func() { created <- k.create(t, ctx, asset) }()
	awaitTrace(t, ctx, k.Trace, begun, taken("INV-6"))
	return created
}

// startAt starts a stub that kills at a step of its start, which may be its own end,
// and waits for the step.
func (k *killNetwork) startAt(t *testing.T, ctx context.Context, s *deploy.Service, step string) {
	t.Helper()
	begun := time.Now()
	setKill(&s.Programs[0], step)
	if started, err := deploy.Start(ctx, s.Programs[0]); err == nil {
		s.Processes[0] = started
	}
	step, _, _ = strings.Cut(step, "@")
	awaitTrace(t, ctx, k.Trace, begun, taken(step))
}

// killDuringQuery kills stub and network at the steps that only queries take.
func (k *killNetwork) killDuringQuery(t *testing.T, ctx context.Context, s *deploy.Service) {
	query := func(ctx context.Context) (string, error) {
		answer, err := k.contract("assets").Evaluate(ctx, "AssetsByOwner", "ann")
		return string(answer), err
	}
	want, err := query(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range queryKills {
		t.Run(step, func(t *testing.T) {
			killAt(t, ctx, s, step)
			_, _ = query(ctx)
			awaitKill(t, s, step)
			killAt(t, ctx, s, k.atStep(step))
			_ = k.whileItDies(t, ctx, step, func(ctx context.Context) error {
				_, err := query(ctx)
				return err
			})
			if got, err := query(ctx); err != nil || got != want {
				t.Errorf("query after the kills: got %s, error %v, want %s", got, err, want)
			}
		})
	}
}

// taken tells whether a step is among events.
func taken(step string) func([]trace.Event) bool {
	return func(events []trace.Event) bool {
		return slices.ContainsFunc(events, func(e trace.Event) bool { return e.Step == step })
	}
}
