// SPDX-License-Identifier: Apache-2.0

// Command fpc-ercc is untrusted: it runs the enclave registry as a chaincode,
// as a service (CHAINCODE_SERVER_ADDRESS, CHAINCODE_ID) or launched by its peer.
// It is composition: which platforms' evidence can be verified is chosen here,
// which of them is good enough stands in the approved policy.
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

	"github.com/privatechaincode/fpc/ercc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/plain"
	"github.com/privatechaincode/fpc/trace"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Getenv, os.Stderr)
	stop()
	os.Exit(status)
}

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// run serves until ctx is done and returns the exit code; what went wrong stands
// on stderr, in one line.
func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	fail := func(code int, err error) int {
		fmt.Fprintln(stderr, "fpc-ercc:", err)
		return code
	}
	flags := flag.NewFlagSet("fpc-ercc", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are one line; usage is for -h
	name := flags.String("name", protocol.ERCCName, "name under which the registry is defined on the channel")
	mspID := flags.String("msp-id", getenv("CORE_PEER_LOCALMSPID"), "organisation of the peer, for the trace (CORE_PEER_LOCALMSPID)")
	traceDir := flags.String("trace", getenv("FPC_TRACE"), "folder to record steps into; empty: none (FPC_TRACE)")
	peerAddress := flags.String("peer.address", getenv("CORE_PEER_ADDRESS"), "host:port of the peer that launched this program")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return exitOK
	} else if err != nil {
		return fail(exitUsage, err)
	}
	if flags.NArg() > 0 {
		return fail(exitUsage, fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	}
	connect, err := plain.Connect(getenv, *peerAddress, slog.New(slog.NewTextHandler(stderr, nil)))
	if err != nil {
		return fail(exitUsage, err)
	}
	recorder, err := trace.OpenDir(*traceDir, "ercc@"+*mspID)
	if err != nil {
		return fail(exitError, err)
	}
	defer recorder.Close()
	registry := ercc.New(ercc.Config{Name: *name, Verifiers: verifiers(), Trace: recorder})
	if err := connect(ctx, registry); err != nil {
		return fail(exitError, err)
	}
	return exitOK
}
