// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"context"
	"fmt"

	"github.com/privatechaincode/fpc/builder/pkg"
)

// LaunchPrivate deploys a private chaincode whose stubs the peers launch by their
// external builder, when they need them. Which peers host an enclave is said in
// their environments (builder.EnvState). Via and StubArgs must be nil: nobody
// here starts a program. The service has no processes; all organisations have the
// same package. It answers the code manifest.
func (n *Network) LaunchPrivate(ctx context.Context, p Private) (*Service, []byte, error) {
	if p.Via != nil || p.StubArgs != nil {
		return nil, nil, fmt.Errorf("%s: Via and StubArgs are for stubs that are services", p.Name)
	}
	code, err := p.code()
	if err != nil {
		return nil, nil, err
	}
	raw, err := pkg.BuildFPC(p.Name, code)
	if err != nil {
		return nil, nil, err
	}
	d, err := n.definition(ctx, p.Name, code.Manifest.Version(), p.Policy, p.Sequence)
	if err != nil {
		return nil, nil, err
	}
	n.recordPackage()
	s := &Service{Name: p.Name}
	if s.Packages, err = n.Install(ctx, func(int) ([]byte, error) { return raw, nil }); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	return s, code.Manifest.Bytes(), n.Define(ctx, d, s.Packages)
}
