// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
)

// networkUp starts the embedded network several times from an empty folder.
func networkUp(ctx context.Context, c Config, dir string) ([]Figure, error) {
	var seconds []float64
	for i := range pick(c, 3, 7) {
		took, err := start(ctx, embedded.Config{Dir: filepath.Join(dir, fmt.Sprint(i)), Bin: c.Bin})
		if err != nil {
			return nil, err
		}
		seconds = append(seconds, took.Seconds())
	}
	return []Figure{figure(NetworkUp, " s",
		"an embedded network of three organisations, from an empty folder (keys, certificates, genesis block) until each peer answers a query about the channel",
		seconds)}, nil
}

// start measures one start, and ends that network.
func start(ctx context.Context, config embedded.Config) (took time.Duration, err error) {
	begun := time.Now()
	n, err := embedded.Start(ctx, config)
	if err != nil {
		return 0, err
	}
	defer func() {
		if stopped := n.Stop(); err == nil {
			err = stopped
		}
	}()
	for i, org := range n.Orgs {
		call := fabric.Call{Chaincode: "qscc", Args: fabric.Args("GetChainInfo", n.Channel)}
		if _, err := n.At(i, org.Client).Evaluate(ctx, call); err != nil {
			return 0, err
		}
	}
	return time.Since(begun), nil
}
