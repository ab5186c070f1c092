// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/protocol"
)

func newERCC(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "ercc", Short: "The enclave registry's policy (LC-5)"}
	group := &cobra.Command{Use: "policy", Short: "Build, check and set the policy that ERCC's definition approves"}
	group.AddCommand(newPolicyBuild(s), newPolicyCheck(s), newPolicySet(s))
	cmd.AddCommand(group)
	return cmd
}

func newPolicyBuild(s *settings) *cobra.Command {
	var attestation, designate, debug, ledgers, ledgerCodes []string
	cmd := &cobra.Command{
		Use: "build FILE", Short: "Write a policy for the channel; its hash is ERCC's version",
		Long: `Write ERCC's policy for the channel to a file and print its hash, which is the
version of ERCC's definition. Channel hash, organisations and MSP roots come from
the blocks of the own organisation's peer.`,
		Example: "  fpc ercc policy build policy.json -C mychannel --attestation sim --designate auction=Org1MSP",
		Args:    exactArgs(1, "the file to write"),
		RunE: func(cmd *cobra.Command, args []string) error {
			platforms, err := attestationPolicy(attestation, debug, verifiers())
			if err != nil {
				return err
			}
			chaincodes, err := designations(designate)
			if err != nil {
				return err
			}
			return s.onChannel(cmd, false, func(ctx context.Context, c *session) error {
				facts, err := admin.Facts(ctx, c.host())
				if err != nil {
					return err
				}
				if err := designatesMembers(chaincodes, facts.MSPIDs); err != nil {
					return err
				}
				policy := facts.Policy(platforms, chaincodes)
				if policy.LedgerCodeIDs, err = ledgerCodeIDs(ledgers, ledgerCodes); err != nil {
					return err
				}
				raw, err := policy.Bytes()
				if err != nil {
					return err
				}
				if err := os.WriteFile(args[0], raw, 0o644); err != nil {
					return usagef("%v", err)
				}
				warnSimulated(cmd, platforms)
				fmt.Fprintln(cmd.OutOrStdout(), protocol.PolicyVersion(raw))
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&attestation, "attestation", nil, "platform whose evidence is accepted: sim, or sim=TCB for a lowest TCB level (repeat)")
	f.StringArrayVar(&debug, "allow-debug", nil, "platform whose evidence may have debug mode on (repeat)")
	f.StringArrayVar(&ledgers, "ledger-enclave", nil, "program of a ledger enclave that is approved for Full mode (bin/fpc-ledger), measured as the simulated platform does (repeat)")
	f.StringArrayVar(&ledgerCodes, "ledger-code-id", nil, "platform:code id of a ledger enclave that is approved for Full mode (repeat)")
	f.StringArrayVar(&designate, "designate", nil, "CHAINCODE=MSPID: the organisation whose enclave makes the chaincode's keys (repeat)")
	completePlatforms(cmd)
	return cmd
}

// ledgerCodeIDs reads --ledger-enclave and --ledger-code-id.
func ledgerCodeIDs(programs, given []string) ([]string, error) {
	ids := slices.Clone(given)
	for _, program := range programs {
		binary, err := readNamed("--ledger-enclave", program)
		if err != nil {
			return nil, err
		}
		manifest, err := pkg.SimManifest(binary)
		if err != nil {
			return nil, err
		}
		ids = append(ids, manifest.Entries()...)
	}
	if len(ids) == 0 {
		return []string{}, nil
	}
	sorted, err := protocol.NewCodeManifest(ids...)
	if err != nil {
		return nil, usagef("--ledger-code-id: %v", err)
	}
	return sorted.Entries(), nil
}

// attestationPolicy reads --attestation and --allow-debug, of platforms that this
// program, and so the registry of its release, can verify.
func attestationPolicy(platforms, debug []string, known map[string]attest.Verifier) (protocol.AttestationPolicy, error) {
	policy := protocol.AttestationPolicy{Platforms: map[string]protocol.PlatformPolicy{}}
	for _, text := range platforms {
		name, level, given := strings.Cut(text, "=")
		if err := verifiable(name, known); err != nil {
			return policy, err
		}
		var p protocol.PlatformPolicy
		if given {
			if _, err := fmt.Sscan(level, &p.MinTCB); err != nil {
				return policy, usagef("--attestation %s: the TCB level must be a number", text)
			}
		}
		p.AllowDebug = slices.Contains(debug, name)
		policy.Platforms[name] = p
	}
	if len(policy.Platforms) == 0 {
		return policy, usagef("no platform allowed, so no enclave could ever register; allow one with --attestation (sim on a network for trying things out)")
	}
	for _, name := range debug {
		if _, ok := policy.Platforms[name]; !ok {
			return policy, usagef("--allow-debug %s: this platform is not allowed by --attestation", name)
		}
	}
	return policy, nil
}

func designations(texts []string) ([]protocol.ChaincodePolicy, error) {
	out := []protocol.ChaincodePolicy{}
	for _, text := range texts {
		id, mspID, ok := strings.Cut(text, "=")
		if !ok || id == "" || mspID == "" {
			return nil, usagef("--designate %s: it must be CHAINCODE=MSPID", text)
		}
		out = append(out, protocol.ChaincodePolicy{ID: id, DesignatedMSP: mspID})
	}
	slices.SortFunc(out, func(a, b protocol.ChaincodePolicy) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// designatesMembers refuses to designate who is not in the channel.
func designatesMembers(chaincodes []protocol.ChaincodePolicy, members []string) error {
	for _, c := range chaincodes {
		if !slices.Contains(members, c.DesignatedMSP) {
			return usagef("--designate %s=%s: the channel has no organisation %s, but %s", c.ID, c.DesignatedMSP, c.DesignatedMSP, strings.Join(members, ", "))
		}
	}
	return nil
}

func warnSimulated(cmd *cobra.Command, p protocol.AttestationPolicy) {
	if _, ok := p.Platforms["sim"]; ok {
		fmt.Fprintln(cmd.ErrOrStderr(), "SIMULATED: this policy accepts simulated evidence, which protects nothing; use it to try things out")
	}
}

func newPolicyCheck(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "check FILE", Short: "Hold a policy against the channel before approving it",
		Example: "  fpc ercc policy check policy.json -C mychannel",
		Args:    exactArgs(1, "the policy's file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, policy, err := readPolicy(args[0])
			if err != nil {
				return err
			}
			return s.onChannel(cmd, false, func(ctx context.Context, c *session) error {
				facts, err := admin.Facts(ctx, c.host())
				if err != nil {
					return err
				}
				if err := facts.Check(policy); err != nil {
					return err
				}
				warnSimulated(cmd, policy.Attestation)
				fmt.Fprintln(cmd.OutOrStdout(), protocol.PolicyVersion(raw))
				return nil
			})
		},
	}
}

func newPolicySet(s *settings) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "set FILE", Short: "Store the approved policy in ERCC",
		Example: "  fpc ercc policy set policy.json -C mychannel --peerAddresses …",
		Args:    exactArgs(1, "the policy's file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, policy, err := readPolicy(args[0])
			if err != nil {
				return err
			}
			return s.onChannel(cmd, true, func(ctx context.Context, c *session) error {
				everyone, err := c.everyone(ctx)
				if err != nil {
					return err
				}
				receipt, err := admin.Registry{Network: everyone, Name: name}.SetPolicy(ctx, raw)
				if err != nil {
					return err
				}
				warnSimulated(cmd, policy.Attestation)
				fmt.Fprintf(cmd.OutOrStdout(), "policy %s is set: transaction %s in block %d\n", protocol.PolicyVersion(raw), receipt.TxID, receipt.Block)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "ercc", protocol.ERCCName, "the enclave registry's chaincode name")
	return cmd
}

func readPolicy(path string) ([]byte, *protocol.RegistryPolicy, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, usagef("%v", err)
	}
	policy, err := protocol.ParseRegistryPolicy(raw)
	if err != nil {
		return nil, nil, usagef("%s: %v", path, err)
	}
	return raw, policy, nil
}
