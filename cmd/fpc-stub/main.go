// SPDX-License-Identifier: Apache-2.0

// Command fpc-stub is untrusted: it is the FPC stub of one private chaincode, to
// the peer a chaincode, as a service (CHAINCODE_SERVER_ADDRESS, CHAINCODE_ID)
// or launched by the peer, to the enclave its host. Without --enclave it only
// validates. When the enclave ends, it ends too, with exit code 1: whoever
// supervises it starts both anew.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/plain"
	"github.com/privatechaincode/fpc/stub"
	"github.com/privatechaincode/fpc/trace"
)

// startTimeout bounds the enclave's start and restore.
const startTimeout = 30 * time.Second

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Getenv, os.Stderr)
	stop()
	os.Exit(status)
}

// settings are what the command line and the environment say.
type settings struct {
	chaincode, ercc, mspID string
	enclave, state, trace  string
	tap                    string
	peerAddress            string
	maxInvocations         int
	timeout                time.Duration
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (*settings, error) {
	s := &settings{}
	flags := flag.NewFlagSet("fpc-stub", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are one line; usage is for -h
	flags.StringVar(&s.chaincode, "chaincode", getenv("FPC_CHAINCODE"), "name under which the private chaincode is defined on the channel (FPC_CHAINCODE)")
	flags.StringVar(&s.ercc, "ercc", protocol.ERCCName, "name under which the enclave registry is defined on the channel")
	flags.StringVar(&s.mspID, "msp-id", getenv("CORE_PEER_LOCALMSPID"), "organisation of the peer, whose administrators may initialise the enclave (CORE_PEER_LOCALMSPID)")
	flags.StringVar(&s.enclave, "enclave", getenv("FPC_ENCLAVE"), "enclave program; empty: this stub only validates (FPC_ENCLAVE)")
	flags.StringVar(&s.state, "state", getenv("FPC_STATE"), "folder for sealed state; one for all chaincodes of a peer will do (FPC_STATE)")
	flags.StringVar(&s.trace, "trace", getenv("FPC_TRACE"), "folder to record steps into; empty: none (FPC_TRACE)")
	flags.StringVar(&s.tap, "tap", "", "folder to copy everything into that passes between stub and enclave, for audits; empty: none")
	flags.StringVar(&s.peerAddress, "peer.address", getenv("CORE_PEER_ADDRESS"), "host:port of the peer that launched this program")
	flags.IntVar(&s.maxInvocations, "max-invocations", stub.DefaultMaxInvocations, "invocations that run in the enclave at the same time")
	flags.DurationVar(&s.timeout, "timeout", stub.DefaultTimeout, "longest time for one invocation")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stderr)
			flags.PrintDefaults()
		}
		return nil, err
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case s.chaincode == "":
		return nil, errors.New("no chaincode named: give --chaincode, the name in its definition")
	case s.enclave != "" && s.state == "":
		return nil, errors.New("no place for sealed state: give --state, a folder that outlives this program")
	case s.enclave != "" && s.mspID == "":
		return nil, errors.New("no organisation named: give --msp-id, the peer's MSP id")
	}
	return s, nil
}

// run serves until ctx is done or the enclave ends, and returns the exit code;
// what went wrong stands on stderr, in one line.
func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	fail := func(code int, err error) int {
		fmt.Fprintln(stderr, "fpc-stub:", err)
		return code
	}
	s, err := parse(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return fail(exitUsage, err)
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	connect, err := plain.Connect(getenv, s.peerAddress, log)
	if err != nil {
		return fail(exitUsage, err)
	}
	recorder, err := trace.OpenDir(s.trace, "stub@"+s.mspID)
	if err != nil {
		return fail(exitError, err)
	}
	defer recorder.Close()
	config := stub.Config{
		Chaincode: s.chaincode, ERCC: s.ercc, MSPID: s.mspID, MaxInvocations: s.maxInvocations, Timeout: s.timeout,
		Trace: recorder, EnclaveProcess: "enclave@" + s.mspID,
	}
	if s.enclave != "" {
		if err := withEnclave(&config, s, log, stderr); err != nil {
			return fail(exitError, err)
		}
	}
	if err := serve(ctx, config, connect); err != nil {
		return fail(exitError, err)
	}
	return exitOK
}

// serve runs the stub until ctx is done, with nil, or until it fails.
func serve(ctx context.Context, config stub.Config, connect func(context.Context, shim.Chaincode) error) error {
	starting, started := context.WithTimeout(ctx, startTimeout)
	defer started()
	s, err := stub.New(starting, config)
	if err != nil {
		return err
	}
	defer s.Close()
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
