// SPDX-License-Identifier: Apache-2.0

// Package plain is untrusted: it runs a chaincode as an ordinary Fabric
// chaincode, in clear, with one line of main:
//
//	func main() { plain.Main(new(Auction)) }
//
// The environment tells how, with the names that Fabric's chaincodes know. With
// CHAINCODE_SERVER_ADDRESS the chaincode is a service; otherwise its peer
// launched it.
package plain

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/privatechaincode/fpc/internal/logging"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/peer"
)

// Main runs cc until SIGINT or SIGTERM, and ends the program: with status 0
// after a signal, 2 if the environment is incomplete, 1 on any other error.
func Main(cc shim.Chaincode) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, cc, os.Args[1:], os.Getenv, os.Stderr)
	stop()
	os.Exit(status)
}

func run(ctx context.Context, cc shim.Chaincode, args []string, getenv func(string) string, stderr io.Writer) int {
	flags := flag.NewFlagSet("chaincode", flag.ContinueOnError)
	flags.SetOutput(stderr)
	peerAddress := flags.String("peer.address", getenv("CORE_PEER_ADDRESS"), "host:port of the peer that launched this chaincode")
	level := flags.String(logging.FlagLevel, getenv(logging.EnvLevel), logging.LevelUsage)
	format := flags.String(logging.FlagFormat, getenv(logging.EnvFormat), logging.FormatUsage)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	log, err := logging.New(stderr, *level, *format)
	if err != nil {
		fmt.Fprintln(stderr, "chaincode:", err)
		return 2
	}
	start, err := configure(environment{get: getenv, read: os.ReadFile}, *peerAddress, log)
	if err != nil {
		fmt.Fprintln(stderr, "chaincode:", err)
		return 2
	}
	if err := start(ctx, cc); err != nil {
		fmt.Fprintln(stderr, "chaincode:", err)
		return 1
	}
	return 0
}

// configure reads how to connect, and returns what does it.
func configure(env environment, peerAddress string, log *slog.Logger) (func(context.Context, shim.Chaincode) error, error) {
	if address := env.get("CHAINCODE_SERVER_ADDRESS"); address != "" {
		c, err := env.server(address)
		c.Log = log
		return func(ctx context.Context, cc shim.Chaincode) error { return peer.Serve(ctx, c, cc) }, err
	}
	c, err := env.client(peerAddress)
	c.Log = log
	return func(ctx context.Context, cc shim.Chaincode) error { return peer.Register(ctx, c, cc) }, err
}
