// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	mebibyte = 1 << 20
	// idleTime is for how long nothing happens before idle memory is read.
	idleTime = 5 * time.Second
	// idleReads is how often, so that garbage collections in between show.
	idleReads = 3
)

// idleNames are the figures of idle memory by the program that they are of.
var idleNames = map[string]string{
	networkName: IdleNetwork,
	"fpc-stub":  IdleStub,
	"enclave":   IdleEnclave,
	"fpc-ercc":  IdleRegistry,
}

// idleMemory measures what the processes hold when the asset sample has been
// deployed privately and nobody calls it.
func idleMemory(ctx context.Context, c Config, dir string) (_ []Figure, err error) {
	a, err := startApart(ctx, c, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.stop()) }()
	if err := a.privateSample(ctx, c, privateName); err != nil {
		return nil, err
	}
	mib := make(map[string][]float64)
	for range idleReads {
		if err := sleep(ctx, pick(c, time.Second, idleTime)); err != nil {
			return nil, err
		}
		resident, err := a.memory()
		if err != nil {
			return nil, err
		}
		for name, bytes := range resident {
			mib[name] = append(mib[name], float64(bytes)/mebibyte/float64(a.count(name)))
		}
	}
	var figures []Figure
	for _, name := range slices.Sorted(maps.Keys(idleNames)) {
		if len(mib[name]) == 0 {
			return nil, fmt.Errorf("there is no process %s among %v", name, slices.Sorted(maps.Keys(mib)))
		}
		figures = append(figures, figure(idleNames[name], " MiB", fmt.Sprintf("resident memory of %s, deployed and idle", idleMeaning(name)), mib[name]))
	}
	return figures, nil
}

// count is how many processes of a program there are.
func (a *apart) count(name string) int {
	if name == "fpc-stub" || name == "fpc-ercc" {
		return len(a.net.Orgs)
	}
	return 1
}

func idleMeaning(name string) string {
	switch name {
	case networkName:
		return "the network (an orderer and three peers in one process)"
	case "enclave":
		return "the enclave of the sample"
	}
	return "one " + name + ", the mean of the organisations'"
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
