// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// ErrForeign is returned by [Config.Check] for a directory that holds no network,
// but other files.
var ErrForeign = errors.New("devnet: the directory holds no network, but other files; name a new or an empty one")

// maxPort is the last port there is.
const maxPort = 1<<16 - 1

// Check says what keeps a network from being started as configured, as far as that
// can be seen from outside: numbers that cannot be had, another network in its
// directory ([ErrMismatch]), or no network there, but files that none makes
// ([ErrForeign]), those of the given names apart. It changes nothing; the network
// may be running.
func (c Config) Check(besides ...string) error {
	if err := c.inRange(); err != nil {
		return err
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return fmt.Errorf("devnet: %w", err)
	}
	c.Dir = dir
	description, err := ReadDescription(dir)
	switch {
	case err == nil:
		return c.matches(description)
	case !errors.Is(err, ErrNoNetwork):
		return err
	}
	return c.onlyOurs(besides)
}

// inRange refuses numbers of which no network can be made.
func (c Config) inRange() error {
	orgs := c.withDefaults().Orgs
	if orgs < 1 || orgs > maxOrgs {
		return fmt.Errorf("devnet: %d organisations; between 1 and %d can be had", orgs, maxOrgs)
	}
	if c.Port < 0 || c.Port+orgs > maxPort {
		return fmt.Errorf("devnet: port %d; the orderer and %d peers need ports between 1 and %d", c.Port, orgs, maxPort)
	}
	return nil
}

// onlyOurs refuses a directory with files that no start leaves, not even one that
// was killed.
func (c Config) onlyOurs(besides []string) error {
	entries, err := os.ReadDir(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("devnet: %w", err)
	}
	ours := append([]string{organizationsDir, dataDir, envDir, coreFile, filepath.Base(genesisFile(c.withDefaults()))}, besides...)
	for _, entry := range entries {
		temporary, _ := filepath.Match(".*-*", entry.Name()) // of replaceFile
		if !temporary && !slices.Contains(ours, entry.Name()) {
			return fmt.Errorf("%s, for example %s: %w", c.Dir, entry.Name(), ErrForeign)
		}
	}
	return nil
}
