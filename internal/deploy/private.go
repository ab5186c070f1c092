// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"context"
	"os"
	"path/filepath"

	"github.com/privatechaincode/fpc/builder/pkg"
)

// Private says which private chaincode to deploy.
type Private struct {
	Name     string
	Enclave  string // path of the enclave's program
	Policy   string // how many organisations must replay, empty: the channel's policy; or whose enclaves must endorse (Full mode)
	Hosts    int    // how many organisations, from the first, have an enclave; 0: one
	Sequence int64
	Via      Endpoint
	StubArgs func(org int) []string // further arguments of an organisation's stub; may be nil
}

// code is what its package holds.
func (p Private) code() (pkg.Code, error) {
	binary, err := os.ReadFile(p.Enclave)
	if err != nil {
		return pkg.Code{}, err
	}
	manifest, err := pkg.SimManifest(binary)
	return pkg.Code{Enclave: binary, Manifest: manifest}, err
}

// ServePrivate deploys a private chaincode. The first organisation's stub has
// the enclave, the others' only validate. In Full mode Hosts of them have one, each
// with the ledger enclave of its organisation ([Network.ServeLedgers]). It answers
// the code manifest.
func (n *Network) ServePrivate(ctx context.Context, p Private) (*Service, []byte, error) {
	code, err := p.code()
	if err != nil {
		return nil, nil, err
	}
	s, err := n.Serve(ctx, ServiceSpec{
		Name: p.Name, Version: code.Manifest.Version(), Policy: p.Policy, Sequence: p.Sequence, Via: p.Via,
		Package: func(address string) ([]byte, error) {
			connection := n.connection(address)
			code.Connection = &connection
			return pkg.BuildFPC(p.Name, code)
		},
		Program: func(org int) Program {
			args := append(n.traceArgs(), "--chaincode", p.Name, "--msp-id", n.Orgs[org].MSPID)
			if org < max(p.Hosts, 1) {
				args = append(args, "--enclave", p.Enclave, "--state", n.stateDir(p.Name, org))
				if ofEnclaves(p.Policy) {
					args = append(args, "--ledger", n.LedgerSocket(org))
				}
			}
			if p.StubArgs != nil {
				args = append(args, p.StubArgs(org)...)
			}
			return n.program(p.Name, org, filepath.Join(n.Bin, "fpc-stub"), args...)
		},
	})
	if err != nil {
		return nil, nil, err
	}
	return s, code.Manifest.Bytes(), nil
}

// stateDir is where an organisation's enclave of a chaincode keeps its state.
func (n *Network) stateDir(chaincode string, org int) string {
	dir := filepath.Join(n.Dir, "state."+chaincode)
	if org > 0 {
		dir += "." + n.Orgs[org].MSPID
	}
	return dir
}

func (n *Network) traceArgs() []string {
	if n.Trace == "" {
		return nil
	}
	return []string{"--trace", n.Trace}
}
