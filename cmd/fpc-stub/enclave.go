// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"

	"github.com/privatechaincode/fpc/stub"
	"github.com/privatechaincode/fpc/stub/launch"
)

// withEnclave makes the stub host an enclave. Its state directory is named by
// chaincode and code id: sealed state is of use only to the code that sealed it,
// and during an upgrade old and new code run side by side.
func withEnclave(config *stub.Config, s *settings, log *slog.Logger, stderr io.Writer) error {
	measured, err := launch.Measure(s.enclave)
	if err != nil {
		return err
	}
	config.StateDir = filepath.Join(s.state, s.chaincode, measured.String()[:16])
	config.AttestationParams = attestationParams
	toEnclave, fromEnclave, err := openTap(s.tap)
	if err != nil {
		return err
	}
	config.Start = func(ctx context.Context, secret [32]byte) (stub.Enclave, error) {
		p, err := launch.Start(ctx, launch.Config{
			Binary: s.enclave, HostSecret: secret, StartTimeout: startTimeout, Stderr: stderr, ToEnclave: toEnclave, FromEnclave: fromEnclave,
		})
		if err != nil {
			return nil, err
		}
		log.Warn("SIMULATED enclave: it is an ordinary process of this machine and protects nothing")
		log.Info("enclave started", "code", p.CodeID().String(), "pid", p.PID(), "confinement", p.Confinement())
		return p, nil
	}
	return nil
}
