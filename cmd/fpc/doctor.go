// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/internal/explain"
	"github.com/privatechaincode/fpc/protocol"
)

// doctorFlags are what doctor is asked about.
type doctorFlags struct {
	*settings
	trust  trustFlags
	name   string
	dir    string
	output string
}

// txIDForm is how a transaction id looks.
var txIDForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// maxErrorText bounds what is read from standard input.
const maxErrorText = 1 << 20

func newDoctor(s *settings) *cobra.Command {
	d := &doctorFlags{settings: s}
	cmd := &cobra.Command{
		Use: "doctor [ERROR | - | TXID]", Short: "Say in words what failed, at which step, why, and what to do",
		Long: `Say in words what failed, at which step, why, and what to do.

Given the text of an error, or - for one on standard input, explain it: refusals
of every step, Fabric's validation codes, and the words in which peers and
orderers refuse. Given a transaction id, look into the recorded steps (--dir) and,
where -C and the environment name a peer that answers, at its ledger. Given
nothing, examine the set-up: environment, identity, peer, channel, orderer,
clocks, registry and its policy, and with -n a private chaincode's definition,
enclaves and keys.

The exit code of an explained text is 0, and 1 where nothing is known of it. That
of a transaction is 6 where it was not committed as valid, or 4 where a step
refused it. That of the set-up is the first failure's.`,
		Example: `  fpc doctor -C mychannel -n auction
  fpc chaincode invoke … 2>&1 | fpc doctor -
  fpc doctor "transaction 5f0c… stands in block 7 as invalid: MVCC_READ_CONFLICT"`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s wants one argument at most, and got %d; quote the error's text", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case d.output != "" && d.output != "json":
				return usagef("--output %s: only json is known", d.output)
			case len(args) == 0:
				return d.examineSetUp(cmd)
			case txIDForm.MatchString(args[0]):
				return d.examineTransaction(cmd, args[0])
			}
			return d.explainText(cmd, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVarP(&d.name, "name", "n", "", "private chaincode to examine")
	f.StringVar(&d.dir, "dir", os.Getenv("FPC_TRACE"), "folder that the processes record into (FPC_TRACE)")
	f.StringVarP(&d.output, "output", "O", "", `"json" for JSON`)
	d.trust.add(f)
	completePlatforms(cmd)
	return cmd
}

// explainText explains an error's text.
func (d *doctorFlags) explainText(cmd *cobra.Command, text string) error {
	if text == "-" {
		raw, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxErrorText))
		if err != nil {
			return err
		}
		text = string(raw)
	}
	found := explain.Text(text)
	if len(found) == 0 {
		return errors.New("nothing is known of this text; fpc doctor without arguments examines the set-up")
	}
	return d.print(cmd, found)
}

// print prints diagnoses, one below the other.
func (d *doctorFlags) print(cmd *cobra.Command, found []explain.Diagnosis) error {
	return printResult(cmd, d.output, found, func() {
		for i, one := range found {
			if i > 0 {
				fmt.Fprintln(cmd.OutOrStdout())
			}
			printDiagnosis(cmd.OutOrStdout(), one)
		}
	})
}

func printDiagnosis(w io.Writer, d explain.Diagnosis) {
	failed, why := d.Failed, d.Why
	if d.Step != "" {
		failed += " (" + d.Step + ")"
	}
	if d.Code != "" {
		why += " [" + d.Code + "]"
	}
	fmt.Fprintf(w, "failed: %s\nwhy:    %s\n", failed, why)
	if d.Said != "" {
		fmt.Fprintf(w, "said:   %s\n", printable(d.Said))
	}
	if d.Hint != "" {
		fmt.Fprintf(w, "hint:   %s\n", printable(d.Hint))
	}
	fmt.Fprintf(w, "do:     %s\n", printable(d.Remedy))
}

// diagnose explains an error of this program.
func diagnose(err error) explain.Diagnosis {
	if found := explain.Text(err.Error()); len(found) > 0 {
		return found[0]
	}
	var step *protocol.StepError
	if errors.As(err, &step) {
		return explain.Refusal(step)
	}
	return explain.Diagnosis{Why: message(err)}
}
