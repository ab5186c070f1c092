// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/cmd/fpc/demo"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

func newDemo() *cobra.Command {
	var asJSON, withTrace bool
	var mode string
	cmd := &cobra.Command{
		Use: "demo", Short: "Run a sealed-bid auction as a private chaincode, and search for its secrets",
		Long: `Start a network of three organisations, deploy a sealed-bid auction as a private
chaincode, bid, close and reveal; then search blocks, state, memory and sockets
for everything that was secret. The same auction as a plain chaincode shows that
the search finds what is there. Enclaves are SIMULATED.

In Full mode enclaves of two organisations must endorse each transaction, each with
a ledger enclave beside it that follows the chain; in Lite mode one enclave runs
it, and peers replay what that one signed.`,
		Example: "  fpc demo --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if mode != string(protocol.ModeFull) && mode != string(protocol.ModeLite) {
				return usagef("--mode %s: it must be full or lite", mode)
			}
			bin, err := programs()
			if err != nil {
				return err
			}
			dir, err := os.MkdirTemp("", "fpc-demo-")
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			reporting := textReport
			if asJSON {
				reporting = jsonReport
			}
			report, finish := reporting(cmd.OutOrStdout())
			begin := func(step string) func() { return quietProgress(cmd.ErrOrStderr(), step) }
			if err := demo.Run(cmd.Context(), demo.Config{Bin: bin, Dir: dir, Begin: begin, Report: report, Mode: protocol.Mode(mode)}); err != nil {
				return err
			}
			if withTrace {
				if err := printTrace(cmd.ErrOrStderr(), filepath.Join(dir, "trace")); err != nil {
					return err
				}
			}
			finish()
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object per step")
	cmd.Flags().StringVar(&mode, "mode", string(protocol.ModeFull), "full or lite")
	complete(cmd, "mode", string(protocol.ModeFull), string(protocol.ModeLite))
	cmd.Flags().BoolVar(&withTrace, "trace", false, "print every step of the flows at the end, on stderr")
	return cmd
}

// programs is the folder of this program, where the others are too.
func programs() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return "", err
	}
	dir := filepath.Dir(self)
	for _, program := range []string{"fpc-stub", "fpc-ercc", "fpc-ledger", "fpc-ledger-host", "samples/auction", "samples/auction-plain"} {
		if _, err := os.Stat(filepath.Join(dir, program)); err != nil {
			return "", usagef("the demo needs %s beside fpc in %s; build all with: make build", program, dir)
		}
	}
	return dir, nil
}

func textReport(w io.Writer) (demo.Report, func()) {
	fmt.Fprintln(w, "SIMULATED: the enclaves of this demo are ordinary processes; they prove the flows and protect nothing")
	report := func(s demo.Step) {
		if s.Err == nil {
			fmt.Fprintf(w, "%-12s %s\n", s.Name, s.Text)
		}
	}
	return report, func() { fmt.Fprintln(w, "demo passed") }
}

func jsonReport(w io.Writer) (demo.Report, func()) {
	enc := json.NewEncoder(w)
	report := func(s demo.Step) {
		row := map[string]any{"step": s.Name, "ok": s.Err == nil}
		maps.Copy(row, s.Facts)
		if s.Err != nil {
			row["error"] = message(s.Err)
		} else {
			row["text"] = s.Text
		}
		_ = enc.Encode(row)
	}
	return report, func() {
		_ = enc.Encode(map[string]any{"step": "demo", "ok": true, "demo": "passed", "attestation": "SIMULATED"})
	}
}

func printTrace(w io.Writer, dir string) error {
	events, err := trace.ReadDir(dir)
	if err != nil {
		return err
	}
	return trace.Transcript(w, events)
}
