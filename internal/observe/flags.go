// SPDX-License-Identifier: Apache-2.0

// Package observe is untrusted: it is what operators see of the programs outside
// enclaves: logs, steps, metrics and health. What it is told never holds secrets;
// a test of package e2e searches it for them.
package observe

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/privatechaincode/fpc/internal/logging"
	"github.com/privatechaincode/fpc/trace"
	"github.com/privatechaincode/fpc/trace/otlp"
)

// Flags are what a program's command line says about observing it.
type Flags struct {
	Operations string // host:port of metrics and health; empty: nowhere
	LogLevel   string // debug, info, warn, error
	LogFormat  string // text, json
}

// FlagSet is what the standard library's flag sets and pflag's have in common.
type FlagSet interface {
	StringVar(p *string, name, value, usage string)
}

// Add adds the flags to a command line; the environment gives their defaults.
func (f *Flags) Add(to FlagSet, getenv func(string) string) {
	to.StringVar(&f.Operations, "operations", getenv("FPC_OPERATIONS"), "host:port to serve /healthz and /metrics on, in clear; empty: none (FPC_OPERATIONS)")
	to.StringVar(&f.LogLevel, logging.FlagLevel, cmp.Or(getenv(logging.EnvLevel), "info"), logging.LevelUsage)
	to.StringVar(&f.LogFormat, logging.FlagFormat, cmp.Or(getenv(logging.EnvFormat), "text"), logging.FormatUsage)
}

// Args are the flags as another program's command line takes them.
func (f *Flags) Args() []string {
	return []string{"--operations", f.Operations, "--log-level", f.LogLevel, "--log-format", f.LogFormat}
}

// Logger makes the program's logger. Its errors say which flag is wrong.
func (f *Flags) Logger(w io.Writer) (*slog.Logger, error) {
	return logging.New(w, f.LogLevel, f.LogFormat)
}

// flushTimeout is how long a program that ends waits for its collector.
const flushTimeout = 3 * time.Second

// Recorder makes a process's recorder: a file in a folder if one is named, and
// OpenTelemetry's collector if the environment names one. close writes what
// waits.
func Recorder(ctx context.Context, process, dir string, getenv func(string) string, log *slog.Logger) (recorder trace.Recorder, closer func(), err error) {
	file, err := trace.OpenDir(dir, process)
	if err != nil {
		return nil, nil, err
	}
	if !otlp.Wanted(getenv) {
		return trace.Join(file), func() { _ = file.Close() }, nil
	}
	sender, err := otlp.New(ctx, log)
	if err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return trace.Named(process, trace.Join(file, sender)), func() {
		_ = file.Close()
		flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := sender.Close(flush); err != nil {
			log.Warn("spans could not be sent", "error", err)
		}
	}, nil
}
