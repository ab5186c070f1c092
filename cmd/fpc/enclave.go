// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/client/admin"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

func newEnclave(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "enclave", Short: "List, certify, refresh and revoke enclaves, and pass their keys on"}
	e := &enclaveFlags{settings: s}
	cmd.PersistentFlags().StringVarP(&e.name, "name", "n", "", "chaincode")
	cmd.PersistentFlags().StringVar(&e.ercc, "ercc", protocol.ERCCName, "the enclave registry's chaincode name")
	cmd.AddCommand(newEnclaveList(e), newEnclaveRefresh(e), newEnclaveRevoke(e), newEnclaveCertify(e), newExportCCKeys(e), newImportCCKeys(e))
	return cmd
}

type enclaveFlags struct {
	*settings
	name, ercc string
}

func (e *enclaveFlags) run(cmd *cobra.Command, ordered bool, work func(context.Context, *session, admin.Registry) error) error {
	if e.name == "" {
		return usagef("no chaincode named; name one with -n")
	}
	return e.onChannel(cmd, ordered, func(ctx context.Context, c *session) error {
		everyone, err := c.everyone(ctx)
		if err != nil {
			return err
		}
		return work(ctx, c, admin.Registry{Network: everyone, Name: e.ercc})
	})
}

// enclaveRow is one enclave as "list" shows it.
type enclaveRow struct {
	EnclaveID   string `json:"enclave_id"`
	MSPID       string `json:"msp_id"`
	Endpoint    string `json:"endpoint"`
	Platform    string `json:"platform"`
	Version     string `json:"version"`
	Mode        string `json:"mode"`
	Suite       string `json:"suite,omitempty"` // of the chaincode's key that it holds
	Ledger      string `json:"ledger_code_id,omitempty"`
	Certified   bool   `json:"certified"`
	Provisioned bool   `json:"provisioned"`
	Revoked     bool   `json:"revoked"`
}

func (r enclaveRow) String() string {
	state := "registered"
	switch {
	case r.Revoked:
		state = "revoked"
	case r.Provisioned:
		state = "provisioned"
	}
	platform := r.Platform
	if platform == "sim" {
		platform = "SIMULATED"
	}
	if r.Certified {
		state += ", certified"
	}
	if r.Suite != "" {
		state += ", key of " + r.Suite
	}
	return printable(fmt.Sprintf("%s  %s  %s  %s  %s  %s  %s", r.EnclaveID, r.MSPID, r.Endpoint, platform, r.Version, r.Mode, state))
}

func newEnclaveList(e *enclaveFlags) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "list", Short: "List a chaincode's enclaves, as the first peer tells it",
		Example: "  fpc enclave list -C mychannel -n auction",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.run(cmd, false, func(ctx context.Context, _ *session, registry admin.Registry) error {
				view, err := registry.View(ctx, e.name)
				if err != nil {
					return err
				}
				rows, err := enclaveRows(view)
				if err != nil {
					return err
				}
				return printResult(cmd, output, rows, func() {
					if len(rows) == 0 {
						fmt.Fprintf(cmd.ErrOrStderr(), "no enclave of %s is registered; register one with: fpc lifecycle chaincode initenclave -n %s\n", e.name, e.name)
					}
					for _, row := range rows {
						fmt.Fprintln(cmd.OutOrStdout(), row)
					}
				})
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "O", "", `"json" for JSON`)
	return cmd
}

func enclaveRows(view *pb.RegistryView) ([]enclaveRow, error) {
	suites := map[string]keys.Suite{}
	for _, signed := range view.Provisioned {
		registration, err := protocol.ParseKeyRegistration("KEY-3", signed)
		if err != nil {
			return nil, err
		}
		suites[registration.EnclaveID] = registration.ChaincodeEK.Suite()
	}
	rows := []enclaveRow{}
	for _, known := range view.Credentials {
		credentials, err := protocol.CredentialsFromPB("REG-13", known)
		if err != nil {
			return nil, err
		}
		id := credentials.EnclaveID()
		rows = append(rows, enclaveRow{
			EnclaveID: id, MSPID: credentials.Data.GetHostParams().GetMspId(), Endpoint: credentials.Data.GetHostParams().GetPeerEndpoint(),
			Platform: credentials.Evidence.GetPlatform(), Version: credentials.Data.GetCcParams().GetVersion(),
			Mode: string(protocol.AttestedMode(credentials.Data)), Ledger: credentials.Data.GetLedgerCodeId(), Certified: len(known.GetCertificate()) != 0,
			Suite: string(suites[id]), Provisioned: suites[id] != "", Revoked: slices.Contains(view.Revoked, id),
		})
	}
	return rows, nil
}

func newEnclaveRefresh(e *enclaveFlags) *cobra.Command {
	var packageFile string
	cmd := &cobra.Command{
		Use: "refresh", Short: "Have the own enclave attest anew and replace its credentials (REG-15)",
		Example: "  fpc enclave refresh -C mychannel -n auction --package auction.tar.gz --peerAddresses …",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			manifest, err := manifestOf(packageFile)
			if err != nil {
				return err
			}
			return e.run(cmd, true, func(ctx context.Context, c *session, registry admin.Registry) error {
				credentials, err := admin.Host{Peer: c.host(), Chaincode: e.name}.Refresh(ctx, nil)
				if err != nil {
					return err
				}
				var roots []byte
				parsed, err := protocol.CredentialsFromPB("REG-15", credentials)
				if err != nil {
					return err
				}
				if protocol.AttestedMode(parsed.Data) == protocol.ModeFull {
					if roots, err = admin.Roots(ctx, c.host()); err != nil {
						return err
					}
				}
				id, err := registry.Register(ctx, credentials, manifest, roots)
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), id)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&packageFile, "package", "", "the chaincode's package, for its code manifest")
	return cmd
}

func newEnclaveRevoke(e *enclaveFlags) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ENCLAVE", Short: "Approve an enclave's revocation for the own organisation (REG-14)",
		Long: `Approve an enclave's revocation for the own organisation. It is revoked once the
administrators of a lifecycle majority approved, or at once when its stored
evidence fails the current policy.`,
		Example: "  fpc enclave revoke 3f9a… -C mychannel -n auction --peerAddresses …",
		Args:    exactArgs(1, "an enclave id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.run(cmd, true, func(ctx context.Context, _ *session, registry admin.Registry) error {
				answer, err := registry.Revoke(ctx, e.name, args[0])
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), answer)
				return nil
			})
		},
	}
}
