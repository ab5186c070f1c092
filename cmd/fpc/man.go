// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// servers are the programs that run beside peers; they have no commands.
var servers = []string{"fpc-stub", "fpc-ercc", "fpc-ledger-host"}

// newMan writes the manual pages from the same texts that --help prints.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the manual pages, one for each command and program",
		Example: "  fpc man /usr/local/share/man/man1",
		Args:    exactArgs(1, "the folder to write to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return usagef("%v", err)
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			header := &doc.GenManHeader{Title: "FPC", Section: "1", Source: "FPC"}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return err
			}
			self, err := os.Executable()
			if err != nil {
				return err
			}
			for _, program := range servers {
				err := writeServerPage(cmd.Context(), filepath.Join(filepath.Dir(self), program), args[0])
				if errors.Is(err, fs.ErrNotExist) {
					fmt.Fprintf(cmd.ErrOrStderr(), "no %s beside fpc, so no page of it\n", program)
				} else if err != nil {
					return err
				}
			}
			pages, err := os.ReadDir(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d files in %s\n", len(pages), args[0])
			return nil
		},
	}
}

// writeServerPage writes what a program says of itself.
func writeServerPage(ctx context.Context, program, dir string) error {
	if _, err := os.Stat(program); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "-h")
	cmd.Env = []string{} // its variables give flags their defaults
	help, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s -h: %w", program, err)
	}
	name := filepath.Base(program)
	return os.WriteFile(filepath.Join(dir, name+".1"), []byte(manPage(name, string(help))), 0o644)
}

// manPage is a manual page of a program's help: "NAME: PURPOSE", and the rest as it
// is.
func manPage(name, help string) string {
	troff := strings.NewReplacer("\\", "\\e", "-", "\\-", "\n.", "\n\\&.", "\n'", "\n\\&'")
	purpose, rest, _ := strings.Cut(strings.TrimPrefix(help, name+": "), "\n")
	return fmt.Sprintf(".TH %q \"1\" \"\" \"FPC\" \"\"\n.SH NAME\n%s \\- %s\n.SH DESCRIPTION\n.nf\n%s.fi\n",
		strings.ToUpper(name), troff.Replace(name), troff.Replace(purpose), strings.TrimPrefix(troff.Replace("\n"+strings.TrimLeft(rest, "\n")), "\n"))
}
