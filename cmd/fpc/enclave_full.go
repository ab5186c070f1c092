// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/protocol"
)

func newEnclaveCertify(e *enclaveFlags) *cobra.Command {
	var ca authorityFlags
	var packageFile string
	cmd := &cobra.Command{
		Use: "certify", Short: "Certify the own enclave as an endorser of its chaincode (REG-9)",
		Long: `Have the organisation's CA certify the key of the enclave behind the own peer's
stub, as an endorser of its chaincode in Full mode. The CA issues only against
evidence that passes the registry's own checks; the certificate carries the role
client and the one organisational unit that the definition's policy asks for.
"initenclave" does the same when it is given a CA.

A Fabric CA server certifies for identities that are registered there. Without a CA
named, this command checks the evidence, and then says the enclave's id and unit
(fpc-…) and what the CA's operator types, as the server's registrar:

  fabric-ca-client affiliation add UNIT
  fabric-ca-client register --id.name ID --id.type client --id.affiliation UNIT

The second prints the secret that --fabric-ca-secret-file takes.`,
		Example: `  fpc enclave certify -C mychannel -n auction --package auction.tar.gz --ca-cert ca.pem --ca-key ca.key
  fpc enclave certify -C mychannel -n auction --package auction.tar.gz \
    --fabric-ca https://ca.org1.example.com:7054 --fabric-ca-tls-root ca-tls.pem --fabric-ca-secret-file secret`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			authority, err := ca.authority()
			if err != nil {
				return err
			}
			manifest, err := manifestOf(packageFile)
			if err != nil {
				return err
			}
			return e.run(cmd, false, func(ctx context.Context, c *session, registry admin.Registry) error {
				id, err := certify(ctx, admin.Host{Peer: c.host(), Chaincode: e.name}, registry, manifest, authority)
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), id)
				return nil
			})
		},
	}
	ca.add(cmd.Flags())
	cmd.Flags().StringVar(&packageFile, "package", "", "the chaincode's package, for its code manifest")
	return cmd
}

// certify is REG-9 by itself, for an enclave that is initialised. Without an
// authority it ends where one is needed.
func certify(ctx context.Context, host admin.Host, registry admin.Registry, manifest []byte, authority admin.Authority) (string, error) {
	status, err := host.Status(ctx)
	if err != nil {
		return "", err
	}
	if !status.GetInitialized() {
		return "", protocol.Errorf("REG-9", protocol.CodeNotInitialised, "the enclave has no keys yet")
	}
	view, err := registry.View(ctx, host.Chaincode)
	if err != nil {
		return "", err
	}
	facts, err := admin.RegistrationFacts(view, registry.Name, manifest, verifiers(), time.Now())
	if err != nil {
		return "", err
	}
	roots, err := admin.Roots(ctx, host.Peer)
	if err != nil {
		return "", err
	}
	c := admin.Certification{Facts: facts, Credentials: status.GetCredentials(), Roots: roots}
	if authority == nil {
		if _, err := c.Verify(); err != nil {
			return "", err
		}
		return "", admin.NotCertified(c.Credentials)
	}
	_, err = host.Certify(ctx, c, authority, nil)
	return status.GetEnclaveId(), err
}

// distribution is what both directions of key distribution need.
func (e *enclaveFlags) distribution(cmd *cobra.Command, c *session, registry admin.Registry) (admin.Distribution, error) {
	recorder, err := c.recorder(cmd, "admin")
	return admin.Distribution{
		Host: admin.Host{Peer: c.host(), Chaincode: e.name}, Registry: registry, Peers: registry.Network, Trace: recorder,
		Progress: func(step, what string) { fmt.Fprintf(cmd.ErrOrStderr(), "%-7s %s\n", step, what) },
	}, err
}

func newExportCCKeys(e *enclaveFlags) *cobra.Command {
	return &cobra.Command{
		Use: "exportcckeys [ENCLAVE…]", Short: "Export the chaincode's keys from the own enclave to others (KEY-4 to KEY-6)",
		Long: `Have the enclave behind the own peer's stub export the chaincode's keys to enclaves
that are registered for it and have none: those named, or all of them. Each export
opens for one enclave only; the registry keeps it until that enclave's
administrator runs "importcckeys".

The peers of --peerAddresses must be of a lifecycle majority: they vouch that the
enclave's view of the channel is not frozen.`,
		Example: "  fpc enclave exportcckeys -C mychannel -n auction --peerAddresses …",
		RunE: func(cmd *cobra.Command, receivers []string) error {
			return e.run(cmd, true, func(ctx context.Context, c *session, registry admin.Registry) error {
				d, err := e.distribution(cmd, c, registry)
				if err != nil {
					return err
				}
				if len(receivers) == 0 {
					if receivers, err = d.Receivers(ctx); err != nil {
						return err
					}
				}
				for _, id := range receivers {
					if err := d.Export(ctx, id); err != nil {
						return err
					}
					fmt.Fprintln(cmd.OutOrStdout(), id)
				}
				return nil
			})
		},
	}
}

func newImportCCKeys(e *enclaveFlags) *cobra.Command {
	return &cobra.Command{
		Use: "importcckeys", Short: "Give the own enclave the keys that were exported to it (KEY-7)",
		Example: "  fpc enclave importcckeys -C mychannel -n auction --peerAddresses …",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.run(cmd, true, func(ctx context.Context, c *session, registry admin.Registry) error {
				d, err := e.distribution(cmd, c, registry)
				if err != nil {
					return err
				}
				return d.Import(ctx)
			})
		},
	}
}
