// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/trace"
)

func newTrace(*settings) *cobra.Command {
	var dir, format string
	cmd := &cobra.Command{
		Use: "trace TXID", Short: "Show the steps of a transaction",
		Long: `Show the steps of a transaction, as the processes that received them recorded
them. Processes record into a folder when they are started with --trace DIR; the
embedded network's folder is in FPC_TRACE.

In Lite a run has two transaction ids, that of the execution and that of the
validation which commits it; either one shows both parts. Pictures are drawn
without any other program.`,
		Example: "  fpc trace 5f0c… --dir ./net/trace\n  fpc trace 5f0c… --format svg > run.svg",
		Args:    exactArgs(1, "a transaction id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(trace.Formats, trace.Format(format)) {
				return usagef("--format %s: it must be one of %s", format, formats())
			}
			if dir == "" {
				return usagef("no trace folder named; name one with --dir or FPC_TRACE")
			}
			all, err := trace.ReadDir(dir)
			if err != nil {
				return usagef("%v", err)
			}
			events := trace.Run(all, args[0])
			if len(events) == 0 {
				return usagef("no step of transaction %s is recorded in %s; were the processes started with --trace?", args[0], dir)
			}
			return trace.Write(cmd.OutOrStdout(), trace.Format(format), events)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", os.Getenv("FPC_TRACE"), "folder that the processes record into")
	cmd.Flags().StringVar(&format, "format", string(trace.Text), formats())
	complete(cmd, "format", strings.Split(formats(), ", ")...)
	return cmd
}

// formats lists what --format takes.
func formats() string {
	names := make([]string, len(trace.Formats))
	for i, f := range trace.Formats {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}
