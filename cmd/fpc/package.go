// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/builder/pkg"
)

func newPackage() *cobra.Command {
	var label, enclave, address string
	var others []string
	cmd := &cobra.Command{
		Use: "package FILE", Short: "Make the package of a private chaincode (LC-1)",
		Long: `Make the package of a private chaincode from its enclave program, and print code
ids, version and package id. The version is what all organisations approve. The
same input gives the same bytes.

With --address the stub is a service that the peer reaches there.`,
		Example: "  fpc lifecycle chaincode package auction.tar.gz --label auction --enclave bin/samples/auction --address 127.0.0.1:9901",
		Args:    exactArgs(1, "the package's file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if label == "" {
				return usagef("no label given; give one with --label")
			}
			binary, err := readNamed("--enclave", enclave)
			if err != nil {
				return err
			}
			code := pkg.Code{Enclave: binary}
			if code.Manifest, err = pkg.SimManifest(binary, others...); err != nil {
				return usagef("--code-id: %v", err)
			}
			if address != "" {
				code.Connection = &pkg.Connection{Address: address, DialTimeout: "10s"}
			}
			raw, err := pkg.BuildFPC(label, code)
			if err != nil {
				return usagef("%v", err)
			}
			if err := os.WriteFile(args[0], raw, 0o644); err != nil {
				return usagef("%v", err)
			}
			w := cmd.OutOrStdout()
			for _, entry := range code.Manifest.Entries() {
				fmt.Fprintf(w, "Code ID: %s\n", entry)
			}
			fmt.Fprintf(w, "Version: %s\nPackage ID: %s\n", code.Manifest.Version(), pkg.ID(label, raw))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&label, "label", "", "the package's label")
	f.StringVar(&enclave, "enclave", "", "the enclave's program")
	f.StringVar(&address, "address", "", "host:port at which the stub will serve")
	f.StringArrayVar(&others, "code-id", nil, "further platform:code id that this version allows (repeat)")
	return cmd
}
