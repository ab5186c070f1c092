// SPDX-License-Identifier: Apache-2.0

// Command fpc-stub is untrusted: it is the FPC stub of one private chaincode, to
// the peer a chaincode, as a service (CHAINCODE_SERVER_ADDRESS, CHAINCODE_ID)
// or launched by the peer, to the enclave its host. Without --enclave it only
// validates. When the enclave ends, it ends too, with exit code 1: whoever
// supervises it starts both anew.
//
// Under the names detect, build, release and run it is Fabric's external builder
// for packages of type fpc; "fpc builder install" makes these links.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/privatechaincode/fpc/internal/footprint"
	"github.com/privatechaincode/fpc/internal/observe"
	"github.com/privatechaincode/fpc/internal/program"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/plain"
	"github.com/privatechaincode/fpc/stub"
	"github.com/privatechaincode/fpc/trace"
)

// startTimeout bounds the enclave's start and restore. They take well under a
// second, but the machine may be busy with all that starts with this program, or
// its disk stand still.
const startTimeout = 2 * time.Minute

func main() {
	footprint.BesidePeer(os.Getenv)
	program.Main(dispatch)
}

// connector connects a chaincode to its peer and serves it until ctx is done.
type connector func(ctx context.Context, cc shim.Chaincode) error

// run serves until ctx is done or the enclave ends, and returns the exit code;
// what went wrong stands on stderr, in one line.
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
	connect, err := plain.Connect(getenv, s.peerAddress, log)
	if err != nil {
		return fail(stderr, program.Usage, err)
	}
	return host(ctx, s, connect, log, stderr)
}

func fail(stderr io.Writer, code int, err error) int {
	return program.Fail(stderr, "fpc-stub", code, err)
}

// host makes the stub that the settings say, and serves it.
func host(ctx context.Context, s *settings, connect connector, log *slog.Logger, stderr io.Writer) int {
	operations, err := observe.NewOperations(s.observe.Operations, log)
	if err != nil {
		return fail(stderr, program.Error, err)
	}
	defer operations.Close()
	recorder, flush, err := observe.Recorder(ctx, "stub@"+s.mspID, s.trace, s.getenv, log)
	if err != nil {
		return fail(stderr, program.Error, err)
	}
	defer flush()
	config := stub.Config{
		Chaincode: s.chaincode, ERCC: s.ercc, MSPID: s.mspID, MaxInvocations: s.maxInvocations, Timeout: s.timeout,
		Ledger: s.ledger, AwaitState: s.launched, Trace: trace.KillAt(s.killAt, recorder), EnclaveProcess: "enclave@" + s.mspID, Log: log,
	}
	if s.enclave != "" {
		if err := withEnclave(&config, s, log, stderr); err != nil {
			return fail(stderr, program.Error, err)
		}
	}
	if err := serve(ctx, config, connect, operations); err != nil {
		return fail(stderr, program.Error, err)
	}
	return program.OK
}

// serve runs the stub until ctx is done, with nil, or until it fails.
func serve(ctx context.Context, config stub.Config, connect connector, operations *observe.Operations) error {
	health := watch(operations, &config)
	starting, started := context.WithTimeout(ctx, startTimeout)
	defer started()
	s, err := stub.New(starting, config)
	if err != nil {
		return err
	}
	defer s.Close()
	health.serves(s)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-s.Done():
			stop() // calls under way end with an error and are answered
		case <-ctx.Done():
		}
	}()
	if err := connect(ctx, s); err != nil {
		return err
	}
	return s.Err()
}
