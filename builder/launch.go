// SPDX-License-Identifier: Apache-2.0

package builder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/peer"
)

// Launch says how the stub starts that a peer launches.
type Launch struct {
	Chaincode string            // its name on the channel
	MSPID     string            // of the peer's organisation
	Client    peer.ClientConfig // how it registers
	// Enclave is the enclave's program and State the folder for sealed state;
	// both empty: the stub only validates.
	Enclave, State string
	// Args are further flags of fpc-stub, of [EnvArgs].
	Args []string
}

// codeEnvironment: the peer's environment is not as it must be.
const codeEnvironment protocol.Code = "environment"

// ReadLaunch reads what a peer hands to run: the build's output, the folder with
// chaincode.json, and the environment. Both folders are only read, and not needed
// later but for the enclave's program. Errors are *protocol.StepError.
func ReadLaunch(output, run string, getenv func(string) string) (*Launch, error) {
	config, err := readRunConfig(run)
	if err != nil {
		return nil, protocol.Wrap("INV-6a", protocol.CodeMalformed, err)
	}
	l := &Launch{MSPID: config.MSPID, Args: strings.Fields(getenv(EnvArgs))}
	if l.Client, err = config.Client(); err != nil {
		return nil, err
	}
	if l.Chaincode, err = ChaincodeName(config.Label(), getenv(EnvNames)); err != nil {
		return nil, err
	}
	hosts, err := hostsEnclave(l.Chaincode, getenv)
	if err != nil || !hosts {
		return l, err
	}
	l.Enclave, l.State = filepath.Join(output, filepath.FromSlash(pkg.EnclaveFile)), getenv(EnvState)
	if _, err := os.Stat(l.Enclave); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w; was the package built by this builder?", err)
		}
		return nil, protocol.Errorf("INV-6a", protocol.CodeMalformed, "the enclave's program: %w", err)
	}
	return l, nil
}

// hostsEnclave tells whether the enclave of a chaincode runs at this peer.
func hostsEnclave(chaincode string, getenv func(string) string) (bool, error) {
	state, names := getenv(EnvState), list(getenv(EnvEnclaves))
	wanted := slices.Contains(names, chaincode)
	switch {
	case state == "" && wanted:
		return false, protocol.Errorf("INV-6b", codeEnvironment, "%s names %s, but %s names no folder for its sealed state", EnvEnclaves, chaincode, EnvState).
			WithHint("set " + EnvState + " in the peer's environment, and have core.yaml propagate it")
	case state == "" || len(names) > 0 && !wanted:
		return false, nil
	}
	for _, name := range []string{EnvState, EnvLedger} {
		if path := getenv(name); path != "" && !filepath.IsAbs(path) {
			return false, protocol.Errorf("INV-6b", codeEnvironment, "%s is %q: want an absolute path, because a peer runs its programs wherever it runs itself", name, path)
		}
	}
	return true, nil
}
