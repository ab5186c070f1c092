// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/privatechaincode/fpc/builder/pkg"
)

func newPackage() *cobra.Command {
	var label, enclave, address string
	var tls packageTLS
	var others []string
	cmd := &cobra.Command{
		Use: "package FILE", Short: "Make the package of a private chaincode (LC-1)",
		Long: `Make the package of a private chaincode from its enclave program, and print code
ids, version and package id. The version is what all organisations approve. The
same input gives the same bytes.

With --address the stub is a service that the peer reaches there. Without
--enclave it is the package of an ordinary chaincode that is a service, such as
the enclave registry.`,
		Example: "  fpc lifecycle chaincode package auction.tar.gz --label auction --enclave bin/samples/auction --address 127.0.0.1:9901",
		Args:    exactArgs(1, "the package's file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if label == "" {
				return usagef("no label given; give one with --label")
			}
			connection, err := tls.connection(address)
			if err != nil {
				return err
			}
			raw, err := makePackage(cmd, label, enclave, others, connection)
			if err != nil {
				return err
			}
			if err := os.WriteFile(args[0], raw, 0o644); err != nil {
				return usagef("%v", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Package ID: %s\n", pkg.ID(label, raw))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&label, "label", "", "the package's label")
	f.StringVar(&enclave, "enclave", "", "the enclave's program (empty: an ordinary chaincode)")
	f.StringVar(&address, "address", "", "host:port at which the stub, or the ordinary chaincode, will serve")
	tls.add(f)
	f.StringArrayVar(&others, "code-id", nil, "further platform:code id that this version allows (repeat)")
	return cmd
}

// packageTLS says how a peer reaches a service.
type packageTLS struct {
	root, cert, key string
	dial            time.Duration
}

func (t *packageTLS) add(f *pflag.FlagSet) {
	f.DurationVar(&t.dial, "dial-timeout", 10*time.Second, "how long the peer tries to reach what serves at --address")
	f.StringVar(&t.root, "service-tls-root", "", "PEM file with the TLS root certificate of what serves at --address (empty: no TLS)")
	f.StringVar(&t.cert, "peer-tls-cert", "", "PEM file with a TLS certificate for the peer to show the service, with --peer-tls-key")
	f.StringVar(&t.key, "peer-tls-key", "", "PEM file with its key; it goes into the package: keep such a package to the organisation")
}

// connection is how a peer reaches a service; nil if there is none.
func (t *packageTLS) connection(address string) (*pkg.Connection, error) {
	switch {
	case t.dial <= 0:
		return nil, usagef("--dial-timeout %s: it must be longer than nothing", t.dial)
	case address == "" && t.root+t.cert+t.key != "":
		return nil, usagef("TLS is for a service; say where it serves with --address")
	case address == "":
		return nil, nil
	case (t.cert == "") != (t.key == ""):
		return nil, usagef("--peer-tls-cert and --peer-tls-key go together")
	case t.cert != "" && t.root == "":
		return nil, usagef("--peer-tls-cert needs --service-tls-root: without it the peer uses no TLS")
	}
	c := &pkg.Connection{Address: address, DialTimeout: t.dial.String(), TLSRequired: t.root != "", ClientAuthRequired: t.cert != ""}
	for _, file := range []struct {
		flag, path string
		into       *string
	}{{"--service-tls-root", t.root, &c.RootCert}, {"--peer-tls-cert", t.cert, &c.ClientCert}, {"--peer-tls-key", t.key, &c.ClientKey}} {
		if file.path == "" {
			continue
		}
		raw, err := readNamed(file.flag, file.path)
		if err != nil {
			return nil, err
		}
		*file.into = string(raw)
	}
	return c, nil
}

// makePackage builds a package and prints what may run in it.
func makePackage(cmd *cobra.Command, label, enclave string, others []string, connection *pkg.Connection) ([]byte, error) {
	if enclave == "" {
		if connection == nil {
			return nil, usagef("neither --enclave nor --address given: a private chaincode needs its enclave's program, an ordinary one the address where it serves")
		}
		return usable(pkg.BuildCCAAS(label, *connection))
	}
	binary, err := readNamed("--enclave", enclave)
	if err != nil {
		return nil, err
	}
	manifest, err := pkg.SimManifest(binary, others...)
	if err != nil {
		return nil, usagef("--code-id: %v", err)
	}
	for _, entry := range manifest.Entries() {
		fmt.Fprintf(cmd.OutOrStdout(), "Code ID: %s\n", entry)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Version: %s\n", manifest.Version())
	return usable(pkg.BuildFPC(label, pkg.Code{Enclave: binary, Manifest: manifest, Connection: connection}))
}

// usable turns the refusal of a package's parts into a wrong command line.
func usable(raw []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, usagef("%v", err)
	}
	return raw, nil
}
