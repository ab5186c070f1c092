// SPDX-License-Identifier: Apache-2.0

// Package program is untrusted: it is how the programs that run beside enclaves
// begin and end. They stop at the first signal, read flags whose defaults are the
// environment's, and say in one line on stderr why they failed.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	OK    = 0
	Error = 1 // it could not go on
	Usage = 2 // it was called wrongly
)

// Main runs a program until it ends, with ctx done at the first interrupt or
// SIGTERM, and exits with the code that it returns.
func Main(run func(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Getenv, os.Stderr)
	stop()
	os.Exit(status)
}

// Fail says on stderr why a program fails, and returns the exit code.
func Fail(stderr io.Writer, name string, code int, err error) int {
	fmt.Fprintf(stderr, "%s: %v\n", name, err)
	return code
}

// Flags makes the flags of a program that takes nothing else.
func Flags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are one line; usage is for -h
	return flags
}

// Help is what a program says of itself when it is asked.
type Help struct {
	Purpose string // what it is, in a phrase
	Usage   string // its command line, after its name
	Example string // lines for a shell, indented
	More    string // lines to stand below the flags
}

// Parse reads a command line of flags alone. Asked for help it writes that with the
// flags, but for those without a usage text, which are not for people; and returns
// [flag.ErrHelp].
func Parse(flags *flag.FlagSet, args []string, stderr io.Writer, help Help) error {
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stderr, "%s: %s\n\nUsage:\n  %s %s\n\nExamples:\n%s\n\nFlags:\n", flags.Name(), help.Purpose, flags.Name(), help.Usage, help.Example)
		shown := flag.NewFlagSet("", flag.ContinueOnError)
		shown.SetOutput(stderr)
		flags.VisitAll(func(f *flag.Flag) {
			if f.Usage != "" {
				shown.Var(f.Value, f.Name, f.Usage)
				shown.Lookup(f.Name).DefValue = f.DefValue
			}
		})
		shown.PrintDefaults()
		if help.More != "" {
			fmt.Fprint(stderr, "\n", help.More)
		}
	}
	if err == nil && flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return err
}
