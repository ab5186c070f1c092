// SPDX-License-Identifier: Apache-2.0

// Command fpc-ledger-host is untrusted: it is the host of the ledger enclave of
// one peer and channel. It launches fpc-ledger, brings it the peer's blocks, keeps
// its checkpoints, and serves the socket at which the stubs of that peer's private
// chaincodes reach it (fpc-stub --ledger). A ledger enclave that ends is started
// anew.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/internal/footprint"
	"github.com/privatechaincode/fpc/internal/observe"
	"github.com/privatechaincode/fpc/internal/program"
	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/stub/launch"
	"github.com/privatechaincode/fpc/trace"
	"github.com/privatechaincode/fpc/transport"
)

func main() {
	footprint.BesidePeer(os.Getenv)
	program.Main(run)
}

// run hosts until ctx is done, and returns the exit code; what went wrong stands
// on stderr, in one line.
func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	s, err := parse(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return program.OK
	}
	if err != nil {
		return fail(stderr, program.Usage, err)
	}
	log, err := s.observe.Logger(stderr)
	if err != nil {
		return fail(stderr, program.Usage, err)
	}
	if err := host(ctx, s, log, stderr); err != nil {
		return fail(stderr, program.Error, err)
	}
	return program.OK
}

func fail(stderr io.Writer, code int, err error) int {
	return program.Fail(stderr, "fpc-ledger-host", code, err)
}

func host(ctx context.Context, s *settings, log *slog.Logger, stderr io.Writer) error {
	operations, err := observe.NewOperations(s.observe.Operations, log)
	if err != nil {
		return err
	}
	defer operations.Close()
	recorder, flush, err := observe.Recorder(ctx, "ledger-host@"+s.mspID, s.trace, s.getenv, log)
	if err != nil {
		return err
	}
	defer flush()
	peer, err := fabric.DialPeer(s.peer)
	if err != nil {
		return err
	}
	defer peer.Close()
	source := &source{peer: peer, channel: s.channel, signer: s.signer}
	genesis, err := s.genesisBlock(ctx, source, log)
	if err != nil {
		return err
	}
	measured, err := launch.Measure(s.enclave)
	if err != nil {
		return err
	}
	// A checkpoint is of use only to the code that sealed it.
	folder := filepath.Join(s.state, s.channel, measured.String()[:16])
	progress, done := showProgress(stderr, log)
	defer done()
	h, err := ledgerhost.New(ledgerhost.Config{
		Genesis: genesis, StateDatabase: s.stateDatabase, Registry: s.ercc, Dir: folder, Socket: s.socket,
		Start: starter(s, log, stderr), Source: source,
		CheckpointBlocks: s.checkpointBlocks, CheckpointEvery: s.checkpointEvery,
		Progress: progress, Meter: observe.NewLedger(operations.Metrics), Log: log,
		Trace: trace.KillAt(s.killAt, recorder), Process: "ledger@" + s.mspID,
	})
	if err != nil {
		return err
	}
	operations.Health.Watch("ledger", h.Health)
	log.Info("stubs reach the ledger enclave", "socket", s.socket)
	return errors.Join(h.Run(ctx), h.Close())
}

// starter launches the ledger enclave.
func starter(s *settings, log *slog.Logger, stderr io.Writer) func(context.Context, [32]byte, *os.File) (ledgerhost.Enclave, error) {
	return func(ctx context.Context, secret [32]byte, stubs *os.File) (ledgerhost.Enclave, error) {
		p, err := launch.Start(ctx, launch.Config{
			Binary: s.enclave, HostSecret: secret, Listener: stubs, StartTimeout: startTimeout, Stderr: stderr,
			Limits: transport.BlockLimits(), ReadStatus: ledgerhost.ReadStatus,
		})
		if err != nil {
			return nil, err
		}
		log.Warn("SIMULATED ledger enclave: it is an ordinary process of this machine and protects nothing")
		log.Info("ledger enclave started", "code", p.CodeID().String(), "pid", p.PID(), "confinement", p.Confinement())
		return p, nil
	}
}
