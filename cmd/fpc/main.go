// SPDX-License-Identifier: Apache-2.0

// Command fpc runs private chaincodes: an embedded network to try them on, the
// life cycle of a chaincode and its enclaves, invocations, traces. Its flags and
// environment are those of Fabric's peer command.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main with its world as arguments; it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		return fail(stderr, ctx.Err() != nil, err)
	}
	return 0
}

func newRoot() *cobra.Command {
	s := new(settings)
	root := &cobra.Command{
		Use:   "fpc",
		Short: "Run private chaincodes on Hyperledger Fabric",
		Long: `fpc runs private chaincodes on Hyperledger Fabric: clients encrypt to the
enclave, peers and the ledger see only ciphertext, and enclaves sign what they
did so that the network can validate it.

Flags and environment are those of Fabric's peer command (CORE_PEER_ADDRESS,
CORE_PEER_LOCALMSPID, CORE_PEER_MSPCONFIGPATH, CORE_PEER_TLS_ROOTCERT_FILE, …).
"fpc network up" prints the exports for an embedded network.

` + exitCodes,
		Example:       "  fpc demo\n  fpc network up --data ./net\n  fpc chaincode invoke -C mychannel -n auction -c '{\"Args\":[\"create\",\"a1\"]}'",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%v; see %s --help", err, cmd.CommandPath())
	})
	s.addConnectionFlags(root.PersistentFlags())
	root.AddCommand(
		newDemo(), newNetwork(), newBuilder(),
		newChannel(s), newLifecycle(s), newChaincode(s), newERCC(s), newEnclave(s), newTrace(s), newDoctor(s), newMan(),
	)
	completions(root)
	refuseUnknown(root)
	return root
}

// completions adds cobra's commands for the completion of shells, and makes them
// like the others: with an example, and with errors that say what is wrong.
func completions(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, shell := range []struct{ name, example string }{
		{"bash", "  source <(fpc completion bash)\n  fpc completion bash > /etc/bash_completion.d/fpc"},
		{"zsh", "  fpc completion zsh > \"${fpath[1]}/_fpc\""},
		{"fish", "  fpc completion fish > ~/.config/fish/completions/fpc.fish"},
		{"powershell", "  fpc completion powershell | Out-String | Invoke-Expression"},
	} {
		if cmd, _, err := root.Find([]string{"completion", shell.name}); err == nil {
			cmd.Example, cmd.Args = shell.example, noArgs
		}
	}
}

// refuseUnknown makes every command group refuse what is none of its commands,
// instead of printing its help with success.
func refuseUnknown(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		refuseUnknown(c)
	}
	if !cmd.HasSubCommands() {
		return
	}
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s has no command %q; see %s --help", c.CommandPath(), args[0], c.CommandPath())
		}
		return c.Help()
	}
}
