// SPDX-License-Identifier: Apache-2.0

//go:build nosim

package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newDemo() *cobra.Command {
	return &cobra.Command{
		Use: "demo", Short: "Needs simulated enclaves, which this program was built without",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("the demo runs simulated enclaves, and this program was built with the tag nosim; build it without")
		},
	}
}
