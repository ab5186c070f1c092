// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	lifecyclepb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
)

func newLifecycle(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "lifecycle", Short: "Agree on chaincodes and register their enclaves"}
	chaincode := &cobra.Command{Use: "chaincode", Short: "Package, install, approve, commit, initenclave"}
	cmd.AddCommand(chaincode)
	d := func() *definitionFlags { return &definitionFlags{settings: s} }
	chaincode.AddCommand(
		newPackage(), newInstall(s), newQueryInstalled(s),
		newApprove(d()), newReadiness(d()), newCommit(d()), newQueryCommitted(s),
		newInitEnclave(s),
	)
	return cmd
}

// lifecycleOf is the _lifecycle chaincode as a session reaches it.
func lifecycleOf(c *session) admin.Lifecycle { return admin.Lifecycle{Network: c.network()} }

func newInstall(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "install PACKAGE", Short: "Install a package on a peer (LC-2)",
		Example: "  fpc lifecycle chaincode install auction.tar.gz",
		Args:    exactArgs(1, "the package's file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := os.ReadFile(args[0])
			if err != nil {
				return usagef("%v", err)
			}
			return s.do(cmd, func(ctx context.Context, c *session) error {
				result, err := lifecycleOf(c).Install(ctx, raw)
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), result.PackageId)
				return nil
			})
		},
	}
}

func newQueryInstalled(s *settings) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "queryinstalled", Short: "List a peer's packages",
		Example: "  fpc lifecycle chaincode queryinstalled -O json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.do(cmd, func(ctx context.Context, c *session) error {
				result, err := lifecycleOf(c).QueryInstalled(ctx)
				if err != nil {
					return err
				}
				return printResult(cmd, output, result, func() {
					for _, p := range result.InstalledChaincodes {
						fmt.Fprintf(cmd.OutOrStdout(), "Package ID: %s, Label: %s\n", p.PackageId, p.Label)
					}
				})
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "O", "", `"json" for JSON`)
	return cmd
}

func newApprove(d *definitionFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use: "approveformyorg", Short: "Approve a definition for the own organisation (LC-3)",
		Example: "  fpc lifecycle chaincode approveformyorg -C mychannel -n auction -v fpc-… --sequence 1 --package-id auction:…",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.onChannel(cmd, true, func(ctx context.Context, c *session, def lifecycle.Definition) error {
				receipt, err := lifecycleOf(c).Approve(ctx, def, d.packageID)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "approved %s, sequence %d, for %s: transaction %s in block %d\n", def.Name, def.Sequence, c.env.mspID, receipt.TxID, receipt.Block)
				return nil
			})
		},
	}
	d.add(cmd)
	cmd.Flags().StringVar(&d.packageID, "package-id", "", "the installed package that the own peers run (empty: none)")
	return cmd
}

func newReadiness(d *definitionFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use: "checkcommitreadiness", Short: "Tell which organisations approved a definition",
		Example: "  fpc lifecycle chaincode checkcommitreadiness -C mychannel -n auction -v fpc-… --sequence 1",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.onChannel(cmd, false, func(ctx context.Context, c *session, def lifecycle.Definition) error {
				approvals, err := lifecycleOf(c).CheckCommitReadiness(ctx, def)
				if err != nil {
					return err
				}
				return printResult(cmd, d.output, &lifecyclepb.CheckCommitReadinessResult{Approvals: approvals}, func() {
					for _, org := range sortedKeys(approvals) {
						fmt.Fprintf(cmd.OutOrStdout(), "%s: %t\n", org, approvals[org])
					}
				})
			})
		},
	}
	d.add(cmd)
	cmd.Flags().StringVarP(&d.output, "output", "O", "", `"json" for JSON`)
	return cmd
}

func newCommit(d *definitionFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use: "commit", Short: "Commit a definition (LC-4)",
		Example: "  fpc lifecycle chaincode commit -C mychannel -n auction -v fpc-… --sequence 1 --peerAddresses …",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.onChannel(cmd, true, func(ctx context.Context, c *session, def lifecycle.Definition) error {
				everyone, err := c.everyone(ctx)
				if err != nil {
					return err
				}
				receipt, err := admin.Lifecycle{Network: everyone}.Commit(ctx, def)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "committed %s, version %s, sequence %d: transaction %s in block %d\n", def.Name, def.Version, def.Sequence, receipt.TxID, receipt.Block)
				return nil
			})
		},
	}
	d.add(cmd)
	return cmd
}

func newQueryCommitted(s *settings) *cobra.Command {
	var name, output string
	cmd := &cobra.Command{
		Use: "querycommitted", Short: "Show committed definitions",
		Long: `Show committed definitions: all of a channel, or one with its approvals and its
endorsement policy. Where that names enclaves, what certificates they must have
stands below it: the unit is a hash over channel, chaincode and version.`,
		Example: "  fpc lifecycle chaincode querycommitted -C mychannel -n auction",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.onChannel(cmd, false, func(ctx context.Context, c *session) error {
				if name == "" {
					all, err := lifecycleOf(c).QueryAllCommitted(ctx)
					if err != nil {
						return err
					}
					return printResult(cmd, output, all, func() {
						for _, d := range all.ChaincodeDefinitions {
							fmt.Fprintf(cmd.OutOrStdout(), "Name: %s, Version: %s, Sequence: %d\n", d.Name, d.Version, d.Sequence)
						}
					})
				}
				d, err := lifecycleOf(c).QueryCommitted(ctx, name)
				if err != nil {
					return err
				}
				return printResult(cmd, output, d, func() {
					fmt.Fprintf(cmd.OutOrStdout(), "Name: %s, Version: %s, Sequence: %d, Approvals: %s\n", name, d.Version, d.Sequence, formatApprovals(d.Approvals))
					for _, line := range policyInWords(d.ValidationParameter) {
						fmt.Fprintln(cmd.OutOrStdout(), printable(line))
					}
				})
			})
		},
	}
	cmd.Flags().StringVarP(&name, "name", "n", "", "chaincode (default: all)")
	cmd.Flags().StringVarP(&output, "output", "O", "", `"json" for JSON`)
	return cmd
}

func formatApprovals(approvals map[string]bool) string {
	var parts []string
	for _, org := range sortedKeys(approvals) {
		parts = append(parts, fmt.Sprintf("%s: %t", org, approvals[org]))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// printResult prints a result as JSON, in the form that Fabric's peer command
// gives it, or as text.
func printResult(cmd *cobra.Command, output string, result any, text func()) error {
	switch output {
	case "":
		text()
		return nil
	case "json":
		raw, err := json.MarshalIndent(result, "", "\t")
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), string(raw))
		return nil
	}
	return usagef("--output %s: only json is known", output)
}
