// SPDX-License-Identifier: Apache-2.0

// Package external is untrusted: it has external builders build and run
// chaincodes for a peer, by the contract that Fabric's peers have with them, so
// that a builder that serves one serves the other.
//
// A builder is a folder with the programs bin/detect, bin/build, bin/release
// (which may be missing) and bin/run. Of the peer's environment they get PATH,
// TMPDIR, LD_LIBRARY_PATH, LIBPATH and what the builder's entry propagates. What
// was built is kept, whole or not at all, and found again after a restart.
package external

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Builder is one external builder, as an entry of chaincode.externalBuilders in
// core.yaml.
type Builder struct {
	Name string
	// Path is the builder's folder, absolute.
	Path string
	// PropagateEnvironment names the variables of the peer's environment that
	// its programs get.
	PropagateEnvironment []string
}

// always are the variables that every program gets.
var always = []string{"LD_LIBRARY_PATH", "LIBPATH", "PATH", "TMPDIR"}

// DefaultGrace is how long a program may take to end after SIGTERM.
const DefaultGrace = 5 * time.Second

// Config is what Builders stand on.
type Config struct {
	// Builders are asked in this order.
	Builders []Builder
	// Dir keeps what was built; it is made if absent.
	Dir string
	// MSPID is the peer's organisation.
	MSPID string
	// PeerAddress is the host:port at which launched chaincodes register.
	PeerAddress string
	// RootCert verifies the peer's TLS certificate there, in PEM; nil: no TLS.
	RootCert []byte
	// Environment looks a variable of the peer's environment up; nil:
	// os.LookupEnv.
	Environment func(name string) (string, bool)
	// Grace is how long a program may take to end; 0: DefaultGrace.
	Grace time.Duration
	// Now is the peer's clock, for certificates; nil: time.Now.
	Now func() time.Time
	Log *slog.Logger // may be nil
}

// Builders builds and runs packages. It is safe for concurrent use. A nil
// *Builders builds nothing.
type Builders struct {
	cfg Config

	building sync.Mutex // one package at a time

	mu     sync.Mutex
	issued map[string][]byte // newest client certificate by package id, DER
}

// New checks that the builders are there.
func New(cfg Config) (*Builders, error) {
	if cfg.Environment == nil {
		cfg.Environment = os.LookupEnv
	}
	if cfg.Grace == 0 {
		cfg.Grace = DefaultGrace
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	var names []string
	for _, b := range cfg.Builders {
		switch {
		case b.Name == "" || slices.Contains(names, b.Name):
			return nil, fmt.Errorf("external builder in %s: the name %q is empty or not the only one", b.Path, b.Name)
		case !filepath.IsAbs(b.Path):
			return nil, fmt.Errorf("external builder %s: path %q is not absolute", b.Name, b.Path)
		}
		if _, err := os.Stat(b.program("detect")); err != nil {
			return nil, fmt.Errorf("external builder %s: %w", b.Name, err)
		}
		names = append(names, b.Name)
	}
	if err := os.MkdirAll(cfg.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("external builders' output: %w", err)
	}
	return &Builders{cfg: cfg, issued: map[string][]byte{}}, nil
}

func (b Builder) program(name string) string { return filepath.Join(b.Path, "bin", name) }

// environment is what a builder's programs get.
func (s *Builders) environment(b Builder) []string {
	env := []string{} // nil would be the peer's own
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(always, b.PropagateEnvironment)))) {
		if value, set := s.cfg.Environment(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// call runs detect, build or release to its end.
func (s *Builders) call(ctx context.Context, b Builder, program string, args ...string) error {
	p, err := s.start(b, program, args...)
	if err != nil {
		return err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Stop()
		return fmt.Errorf("it did not end in time: %w", context.Cause(ctx))
	}
	return p.Err()
}
