// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/protocol"
)

// initFlags are what an enclave is initialised with.
type initFlags struct {
	name, ercc      string
	packageFile     string
	endpoint, suite string
	ca              authorityFlags
}

func (i *initFlags) add(f *pflag.FlagSet) {
	f.StringVarP(&i.name, "name", "n", "", "chaincode")
	f.StringVar(&i.ercc, "ercc", protocol.ERCCName, "the enclave registry's chaincode name")
	f.StringVar(&i.packageFile, "package", "", "the chaincode's package, for its code manifest")
	f.StringVar(&i.endpoint, "endpoint", "", "the peer's host:port as clients reach it (default: CORE_PEER_ADDRESS)")
	i.ca.add(f)
	f.StringVar(&i.suite, "suite", "", "HPKE suite of the chaincode's key (default: mlkem768-x25519)")
}

func newInitEnclave(s *settings) *cobra.Command {
	var i initFlags
	cmd := &cobra.Command{
		Use: "initenclave", Short: "Initialise and register this organisation's enclave (REG-1 to REG-13, KEY-1 to KEY-3)",
		Long: `Initialise the enclave behind the own peer's stub, register it, and, where ERCC's
policy designates this organisation, make and register the chaincode's keys. Where
the definition's policy names enclaves (Full mode), the organisation's CA certifies
the enclave before it is registered: name the CA, or have its operator run
"enclave certify" when this command asks for it.

The identity must be an administrator of the peer's organisation. The peers of
--peerAddresses must satisfy ERCC's endorsement policy. After a failure run it
again: what is done is left alone.`,
		Example: "  fpc lifecycle chaincode initenclave -C mychannel -n auction --package auction.tar.gz --peerAddresses …",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if i.name == "" {
				return usagef("no chaincode named; name one with -n")
			}
			manifest, err := manifestOf(i.packageFile)
			if err != nil {
				return err
			}
			authority, err := i.ca.authority()
			if err != nil {
				return err
			}
			return s.onChannel(cmd, true, func(ctx context.Context, c *session) error {
				return i.initialise(ctx, cmd, c, manifest, authority)
			})
		},
	}
	i.add(cmd.Flags())
	return cmd
}

// initialise runs the steps that are not done yet, and prints the enclave's id.
func (i *initFlags) initialise(ctx context.Context, cmd *cobra.Command, c *session, manifest []byte, authority admin.Authority) error {
	recorder, err := c.recorder(cmd, "admin")
	if err != nil {
		return err
	}
	everyone, err := c.everyone(ctx)
	if err != nil {
		return err
	}
	result, err := admin.Initialisation{
		Host:     admin.Host{Peer: c.host(), Chaincode: i.name},
		Registry: admin.Registry{Network: everyone, Name: i.ercc},
		MSPID:    c.env.mspID, Endpoint: cmp.Or(i.endpoint, c.own.Address()), Manifest: manifest, Suite: i.suite,
		Progress: func(step, what string) { fmt.Fprintf(cmd.ErrOrStderr(), "%-7s %s\n", step, what) },
		Trace:    recorder, Authority: authority, Verifiers: verifiers(),
	}.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), result.EnclaveID)
	return nil
}

// manifestOf reads the code manifest out of a package file.
func manifestOf(path string) ([]byte, error) {
	if path == "" {
		return nil, usagef("no package named; name the installed one with --package")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("--package: %v", err)
	}
	p, err := pkg.Read(raw)
	if err != nil {
		return nil, usagef("--package %s: %v", path, err)
	}
	code, err := p.Code()
	if err != nil {
		return nil, usagef("--package %s: %v", path, err)
	}
	return code.Manifest.Bytes(), nil
}
