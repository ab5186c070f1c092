// SPDX-License-Identifier: Apache-2.0

package chaincode

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"github.com/privatechaincode/fpc/devnet/peer/external"
)

// connectionOfBuild reads the connection.json that a builder released; nil if it
// released none.
func connectionOfBuild(b *external.Build) (*Connection, error) {
	raw, err := b.Connection()
	if err != nil || raw == nil {
		return nil, err
	}
	return parseConnection(raw)
}

// launch starts the package's process anew. A former one has lost its stream and
// is at its end; it must be gone, for it may hold what the new one needs.
func (r *runtime) launch(built *external.Build) (*external.Process, error) {
	r.mu.Lock()
	former := r.process
	r.mu.Unlock()
	if former != nil {
		former.Stop()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return nil, errShutdown
	}
	p, err := r.support.cfg.External.Run(built)
	if err != nil {
		return nil, err
	}
	r.process = p
	r.support.cfg.Log.Info("chaincode launched", "package", r.packageID, "pid", p.PID())
	go func() {
		<-p.Done()
		r.support.cfg.Log.Info("launched chaincode ended", "package", r.packageID, "pid", p.PID(), "reason", p.Err())
	}()
	return p, nil
}

// awaitRegistration returns when the attempt's context ends: because a process
// registered, or none did in time. A launched one that ends before it registers
// fails the attempt at once; one that is late is stopped.
func (r *runtime) awaitRegistration(ctx context.Context, launched *external.Process) error {
	if launched == nil {
		<-ctx.Done()
		return r.gaveUp(ctx)
	}
	select {
	case <-ctx.Done():
	case <-launched.Done():
		return fmt.Errorf("chaincode %s ended before it registered: %w", r.packageID, ended(launched))
	}
	r.mu.Lock()
	registered := r.live != nil
	r.mu.Unlock()
	if !registered {
		launched.Stop()
	}
	return r.gaveUp(ctx)
}

func ended(p *external.Process) error {
	if err := p.Err(); err != nil {
		return err
	}
	return errors.New("exit status 0")
}

// clientCertificate is what a registering process showed in its TLS handshake, in
// DER; nil if nothing.
func clientCertificate(ctx context.Context) []byte {
	if p, ok := peer.FromContext(ctx); ok {
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok {
			return leaf(info.State.PeerCertificates)
		}
	}
	return nil
}

func leaf(chain []*x509.Certificate) []byte {
	if len(chain) == 0 {
		return nil
	}
	return chain[0].Raw
}
