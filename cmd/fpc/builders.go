// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/privatechaincode/fpc/builder"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/devnet/peer/external"
)

// builderFlags give the embedded network's peers external builders.
type builderFlags struct {
	dirs    []string
	peerEnv []string
}

func (b *builderFlags) add(f *pflag.FlagSet) {
	f.StringArrayVar(&b.dirs, "builder", nil, `folder of an external builder, as "fpc builder install" makes it, with which peers launch stubs (repeat)`)
	f.StringArrayVar(&b.peerEnv, "peer-env", nil, "MSPID:NAME=VALUE, a variable of one peer's environment, for builders (repeat)")
}

func (b *builderFlags) args() []string {
	var args []string
	for _, dir := range b.dirs {
		args = append(args, "--builder", dir)
	}
	for _, variable := range b.peerEnv {
		args = append(args, "--peer-env", variable)
	}
	return args
}

// apply adds the builders to a network that records steps into a folder.
func (b *builderFlags) apply(c *devnet.Config, traceDir string) error {
	traceDir, err := filepath.Abs(traceDir)
	if err != nil {
		return usagef("--data: %v", err)
	}
	for _, dir := range b.dirs {
		path, err := filepath.Abs(dir)
		if err != nil {
			return usagef("--builder: %v", err)
		}
		c.Builders = append(c.Builders, external.Builder{Name: filepath.Base(path), Path: path, PropagateEnvironment: builder.Environment()})
	}
	c.Environment = map[string]map[string]string{"": {builder.EnvTrace: traceDir}}
	for _, text := range b.peerEnv {
		mspID, variable, found := strings.Cut(text, ":")
		name, value, set := strings.Cut(variable, "=")
		if !found || !set || mspID == "" || name == "" {
			return usagef("--peer-env %q is not of the form MSPID:NAME=VALUE, such as Org1MSP:FPC_STATE=/var/lib/fpc", text)
		}
		if c.Environment[mspID] == nil {
			c.Environment[mspID] = map[string]string{}
		}
		c.Environment[mspID][name] = value
	}
	return nil
}
