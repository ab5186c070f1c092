// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/internal/observe"
	"github.com/privatechaincode/fpc/trace"
)

// do runs a command's work with its connections, within the time limit.
func (s *settings) do(cmd *cobra.Command, work func(context.Context, *session) error) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	defer c.close()
	ctx, cancel := s.withTimeout(cmd.Context())
	defer cancel()
	defer quietProgress(cmd.ErrOrStderr(), cmd.CommandPath())()
	return work(ctx, c)
}

// onChannel is do for work on a channel; ordered work needs an orderer too.
func (s *settings) onChannel(cmd *cobra.Command, ordered bool, work func(context.Context, *session) error) error {
	return s.do(cmd, func(ctx context.Context, c *session) error {
		if err := c.needChannel(); err != nil {
			return err
		}
		if ordered {
			if err := s.needOrderer(ctx, c); err != nil {
				return err
			}
		}
		return work(ctx, c)
	})
}

// recorder records this command's steps until the session ends, into FPC_TRACE
// and to OpenTelemetry's collector, as far as the environment names them.
func (c *session) recorder(cmd *cobra.Command, process string) (trace.Recorder, error) {
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	recorder, flush, err := observe.Recorder(cmd.Context(), process, os.Getenv("FPC_TRACE"), os.Getenv, log)
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, func() error { flush(); return nil })
	return recorder, nil
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, and got %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}

// exactArgs refuses any other number of arguments and says what is wanted.
func exactArgs(n int, wanted string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef("%s wants %d argument(s), %s, and got %d; see %s --help", cmd.CommandPath(), n, wanted, len(args), cmd.CommandPath())
		}
		return nil
	}
}
