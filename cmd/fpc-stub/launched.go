// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/privatechaincode/fpc/builder"
	"github.com/privatechaincode/fpc/internal/program"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/peer"
)

// dispatch runs the program that the command line's first word names.
func dispatch(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	switch name := builder.Program(os.Args[0]); name {
	case "":
		return run(ctx, args, getenv, stderr)
	case builder.ProgramRun:
		return runLaunched(ctx, args, getenv, stderr)
	default:
		return builder.Prepare(name, args, getenv, stderr)
	}
}

// runLaunched is the builder's run (INV-6a): the peer hands over the build's
// output and a folder with chaincode.json. What it says goes before the flags of
// FPC_STUB_ARGS and before the environment.
func runLaunched(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	if len(args) != 2 {
		return fail(stderr, program.Usage, fmt.Errorf("run: want OUTPUT RUN, got %d arguments", len(args)))
	}
	launch, err := builder.ReadLaunch(args[0], args[1], getenv)
	if err != nil {
		return fail(stderr, program.Error, err)
	}
	s, err := parse(append(launch.Args, "--chaincode", launch.Chaincode, "--msp-id", launch.MSPID, "--enclave", launch.Enclave, "--state", launch.State), getenv, stderr)
	if err != nil {
		return fail(stderr, program.Usage, fmt.Errorf("%s: %w", builder.EnvArgs, err))
	}
	s.launched = true
	log, err := s.observe.Logger(stderr)
	if err != nil {
		return fail(stderr, program.Usage, fmt.Errorf("%s: %w", builder.EnvArgs, err))
	}
	log.Info("launched by the peer", "package", launch.Client.CCID, "chaincode", launch.Chaincode, "peer", launch.Client.PeerAddress, "enclave", launch.Enclave != "")
	config := launch.Client
	config.Log = log
	connect := func(ctx context.Context, cc shim.Chaincode) error { return peer.Register(ctx, config, cc) }
	return host(ctx, s, connect, log, stderr)
}
