// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/builder"
)

func newBuilder() *cobra.Command {
	cmd := &cobra.Command{Use: "builder", Short: "The external builder with which a peer launches the stub itself"}
	cmd.AddCommand(newBuilderInstall())
	return cmd
}

func newBuilderInstall() *cobra.Command {
	var stub string
	cmd := &cobra.Command{
		Use: "install DIR", Short: "Make DIR an external builder, and print its entry of core.yaml",
		Long: `Make DIR an external builder for packages of type fpc: its programs detect,
build, release and run are links to a copy of fpc-stub. Print the entry of the
peer's core.yaml. From its next start the peer checks private chaincodes when
they are installed, and launches their stubs itself.

A package is of use to it when it was made without --address. Its label is the
chaincode's name, or the name, an underscore and a version: auction_1.0. Other
labels need FPC_CHAINCODE_NAMES in the peer's environment.

The embedded network takes the builder by "fpc network up --builder DIR".`,
		Example: "  fpc builder install /opt/fpc/builder",
		Args:    exactArgs(1, "the builder's folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return usagef("%v", err)
			}
			program, err := stubProgram(stub)
			if err != nil {
				return err
			}
			if err := builder.Install(dir, program); err != nil {
				return usagef("%v", err)
			}
			fmt.Fprint(cmd.OutOrStdout(), builder.CoreYAML(dir))
			return nil
		},
	}
	cmd.Flags().StringVar(&stub, "stub", "", "the stub's program (default: fpc-stub beside fpc)")
	return cmd
}

// stubProgram is the program named, or fpc-stub in the folder of this program.
func stubProgram(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	beside := filepath.Join(filepath.Dir(self), "fpc-stub")
	if _, err := os.Stat(beside); errors.Is(err, fs.ErrNotExist) {
		return "", usagef("no fpc-stub beside %s; name it with --stub", self)
	}
	return beside, nil
}
