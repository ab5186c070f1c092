// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
)

// networkName stands for the process of a network that runs apart.
const networkName = "network"

// apart is a deployment whose network has a process of its own, as "fpc network
// up" starts it: this process holds the clients alone.
type apart struct {
	*deployment
	fpc, dir string
	network  int // process id
}

func startApart(ctx context.Context, c Config, dir string) (*apart, error) {
	a := &apart{fpc: filepath.Join(c.Bin, "fpc"), dir: filepath.Join(dir, "network")}
	if err := a.command(ctx, "up", "--batch-timeout", batchTimeout.String()); err != nil {
		return nil, err
	}
	if err := a.attach(c, dir); err != nil {
		return nil, errors.Join(err, a.down())
	}
	return a, nil
}

func (a *apart) attach(c Config, dir string) error {
	raw, err := os.ReadFile(filepath.Join(a.dir, "network.pid"))
	if err != nil {
		return err
	}
	if a.network, err = strconv.Atoi(string(bytes.TrimSpace(raw))); err != nil {
		return fmt.Errorf("process id of the network: %w", err)
	}
	d, err := devnet.ReadDescription(a.dir)
	if err != nil {
		return err
	}
	net, err := embedded.Attach(d, embedded.Config{Dir: dir, Bin: c.Bin})
	if err != nil {
		return err
	}
	a.deployment = &deployment{net: net}
	return nil
}

// command runs fpc network.
func (a *apart) command(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, a.fpc, append(append([]string{"network"}, args...), "--data", a.dir)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("fpc network %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// down stops the network, also when the measurement was interrupted.
func (a *apart) down() error { return a.command(context.Background(), "down") }

func (a *apart) stop() error { return errors.Join(a.deployment.stop(), a.down()) }
