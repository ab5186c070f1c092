// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/trace"
)

func newTrace(*settings) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "trace TXID", Short: "Show the steps of a transaction",
		Long: `Show the steps of a transaction, as the processes that received them recorded
them. Processes record into a folder when they are started with --trace DIR; the
embedded network's folder is in FPC_TRACE.`,
		Example: "  fpc trace 5f0c… --dir ./net/trace",
		Args:    exactArgs(1, "a transaction id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir == "" {
				return usagef("no trace folder named; name one with --dir or FPC_TRACE")
			}
			all, err := trace.ReadDir(dir)
			if err != nil {
				return usagef("%v", err)
			}
			events := trace.Of(all, args[0])
			if len(events) == 0 {
				return usagef("no step of transaction %s is recorded in %s; were the processes started with --trace?", args[0], dir)
			}
			return trace.Transcript(cmd.OutOrStdout(), events)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", os.Getenv("FPC_TRACE"), "folder that the processes record into")
	return cmd
}
