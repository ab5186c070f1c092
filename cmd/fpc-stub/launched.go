// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"

	"github.com/privatechaincode/fpc/builder"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/peer"
)

// dispatch runs the program that the command line's first word names.
func dispatch(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	switch program := builder.Program(args[0]); program {
	case "":
		return run(ctx, args[1:], getenv, stderr)
	case builder.ProgramRun:
		return runLaunched(ctx, args[1:], getenv, stderr)
	default:
		return builder.Prepare(program, args[1:], getenv, stderr)
	}
}

// runLaunched is the builder's run (INV-6a): the peer hands over the build's
// output and a folder with chaincode.json. What it says goes before the flags of
// FPC_STUB_ARGS and before the environment.
func runLaunched(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	if len(args) != 2 {
		return fail(stderr, exitUsage, fmt.Errorf("run: want OUTPUT RUN, got %d arguments", len(args)))
	}
	launch, err := builder.ReadLaunch(args[0], args[1], getenv)
	if err != nil {
		return fail(stderr, exitError, err)
	}
	s, err := parse(append(launch.Args, "--chaincode", launch.Chaincode, "--msp-id", launch.MSPID, "--enclave", launch.Enclave, "--state", launch.State), getenv, stderr)
	if err != nil {
		return fail(stderr, exitUsage, fmt.Errorf("%s: %w", builder.EnvArgs, err))
	}
	s.launched = true
	log, err := s.observe.Logger(stderr)
	if err != nil {
		return fail(stderr, exitUsage, fmt.Errorf("%s: %w", builder.EnvArgs, err))
	}
	log.Info("launched by the peer", "package", launch.Client.CCID, "chaincode", launch.Chaincode, "peer", launch.Client.PeerAddress, "enclave", launch.Enclave != "")
	config := launch.Client
	config.Log = log
	connect := func(ctx context.Context, cc shim.Chaincode) error { return peer.Register(ctx, config, cc) }
	return host(ctx, s, connect, log, stderr)
}
