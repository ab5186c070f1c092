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
	"io"
	"log/slog"
	"os"

	"github.com/privatechaincode/fpc/ercc"
	"github.com/privatechaincode/fpc/internal/footprint"
	"github.com/privatechaincode/fpc/internal/observe"
	"github.com/privatechaincode/fpc/internal/program"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/plain"
	"github.com/privatechaincode/fpc/trace"
)

func main() {
	footprint.BesidePeer(os.Getenv)
	program.Main(run)
}

// settings are what the command line and the environment say.
type settings struct {
	name, mspID, trace, killAt, peerAddress string
	observe                                 observe.Flags
}

// help is what -h says besides the flags.
var help = program.Help{
	Purpose: "the enclave registry, to its peer a chaincode",
	Usage:   "[flags]",
	Example: "  CHAINCODE_SERVER_ADDRESS=127.0.0.1:9801 CHAINCODE_ID=ercc:0a1b… fpc-ercc --msp-id Org1MSP",
	More:    "The peer reaches it at CHAINCODE_SERVER_ADDRESS, with CHAINCODE_ID the package's id at that peer.\n",
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (*settings, error) {
	s := &settings{}
	flags := program.Flags("fpc-ercc")
	flags.StringVar(&s.name, "name", protocol.ERCCName, "name under which the registry is defined on the channel")
	flags.StringVar(&s.mspID, "msp-id", getenv("CORE_PEER_LOCALMSPID"), "organisation of the peer, for the trace (CORE_PEER_LOCALMSPID)")
	flags.StringVar(&s.trace, "trace", getenv("FPC_TRACE"), "folder to record steps into; empty: none (FPC_TRACE)")
	flags.StringVar(&s.killAt, "kill-at", "", "") // step at which to kill this process, for tests of crashes
	flags.StringVar(&s.peerAddress, "peer.address", getenv("CORE_PEER_ADDRESS"), "host:port of the peer that launched this program")
	s.observe.Add(flags, getenv)
	if err := program.Parse(flags, args, stderr, help); err != nil {
		return nil, err
	}
	return s, nil
}

// run serves until ctx is done and returns the exit code; what went wrong stands
// on stderr, in one line.
func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	fail := func(code int, err error) int { return program.Fail(stderr, "fpc-ercc", code, err) }
	s, err := parse(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return program.OK
	}
	if err != nil {
		return fail(program.Usage, err)
	}
	log, err := s.observe.Logger(stderr)
	if err != nil {
		return fail(program.Usage, err)
	}
	connect, err := plain.Connect(getenv, s.peerAddress, log)
	if err != nil {
		return fail(program.Usage, err)
	}
	if err := s.serve(ctx, connect, getenv, log); err != nil {
		return fail(program.Error, err)
	}
	return program.OK
}

// serve runs the registry until ctx is done, with nil, or until it fails.
func (s *settings) serve(ctx context.Context, connect func(context.Context, shim.Chaincode) error, getenv func(string) string, log *slog.Logger) error {
	operations, err := observe.NewOperations(s.observe.Operations, log)
	if err != nil {
		return err
	}
	defer operations.Close()
	recorder, flush, err := observe.Recorder(ctx, "ercc@"+s.mspID, s.trace, getenv, log)
	if err != nil {
		return err
	}
	defer flush()
	return connect(ctx, ercc.New(ercc.Config{
		Name: s.name, Verifiers: verifiers(), Trace: trace.KillAt(s.killAt, recorder), Meter: observe.NewERCC(operations.Metrics), Log: log,
	}))
}
