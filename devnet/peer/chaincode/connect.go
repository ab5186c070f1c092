// SPDX-License-Identifier: Apache-2.0

package chaincode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/privatechaincode/fpc/internal/rpc"
)

const (
	// maxMessage bounds one message of the chaincode protocol, as Fabric does.
	maxMessage = 100 << 20
	// answerTimeout is how long a service that listens may take to answer, after
	// the dial timeout.
	answerTimeout = 30 * time.Second
)

// connect dials a chaincode that is a service, takes its registration and
// leaves a goroutine that serves it until its stream ends.
func (r *runtime) connect(ctx context.Context, to *Connection) error {
	failed := func(err error) error {
		return fmt.Errorf("connection to %s at %s failed: %w", r.packageID, to.Address, err)
	}
	creds, err := to.credentials()
	if err != nil {
		return failed(err)
	}
	cc, err := grpc.NewClient("passthrough:///"+to.Address, grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return failed(err)
	}
	streamCtx, cancel := context.WithCancel(context.Background())
	s, err := r.open(ctx, streamCtx, cancel, cc, to)
	if err != nil {
		cancel()
		_ = cc.Close() // the failure to connect is what matters
		return failed(err)
	}
	go func() {
		_ = r.serve(s) // logged there
		cancel()
		_ = cc.Close()
	}()
	return nil
}

// open begins the protocol: within the dial timeout somebody must listen,
// before ctx ends the chaincode must have registered. Both bounds cancel the
// stream; its own context lives as long as the session.
func (r *runtime) open(ctx, streamCtx context.Context, cancel func(), cc *grpc.ClientConn, to *Connection) (*session, error) {
	expire := context.AfterFunc(ctx, cancel)
	ended := to.patience(ctx, cc, cancel)
	st, err := rpc.ConnectChaincode(streamCtx, cc, grpc.WaitForReady(true))
	if late := ended(); late != nil {
		return nil, late
	}
	if err != nil {
		return nil, errors.Join(r.gaveUp(ctx), err)
	}
	err = handshake(st, r.support.cfg.Params, func(name string) error {
		if name != r.packageID {
			return fmt.Errorf("the chaincode there registered as %q", name)
		}
		return nil
	})
	if !expire() {
		return nil, r.gaveUp(ctx)
	}
	if err != nil {
		return nil, err
	}
	s := r.newSession(st)
	if err := r.adopt(s); err != nil {
		return nil, err
	}
	return s, nil
}

// patience cancels an attempt to connect when the dial timeout has passed, unless
// the function that it returns was called before; that one says why it did. The
// time alone proves nothing on a machine that stood still, where it passes without
// an attempt: a service that does listen then is given a while longer.
func (c *Connection) patience(ctx context.Context, cc *grpc.ClientConn, cancel func()) (ended func() error) {
	var late atomic.Pointer[error]
	done := make(chan struct{})
	give := func(format string, waited time.Duration) {
		if err := fmt.Errorf(format, waited); late.CompareAndSwap(nil, &err) {
			cancel()
		}
	}
	timer := time.AfterFunc(c.dialTimeout(), func() {
		if !listens(ctx, c.Address) {
			give("nothing listens there (waited %s)", c.dialTimeout())
			return
		}
		cc.ResetConnectBackoff()
		select {
		case <-time.After(answerTimeout):
			give("what listens there does not answer (waited %s)", c.dialTimeout()+answerTimeout)
		case <-done:
		}
	})
	return func() error {
		timer.Stop()
		close(done)
		var inTime error
		late.CompareAndSwap(nil, &inTime)
		return *late.Load()
	}
}

// listens tells whether something accepts connections.
func listens(ctx context.Context, address string) bool {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close() // it was only a question
	return true
}

// gaveUp says why an attempt ended before the chaincode registered, nil if it
// did not end.
func (r *runtime) gaveUp(ctx context.Context) error {
	switch {
	case ctx.Err() == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("chaincode %s did not register within %s", r.packageID, r.support.cfg.StartTimeout)
	default:
		return errShutdown
	}
}

// Register serves protos.ChaincodeSupport/Register: a process that the peer or
// its administrator launched registers as an installed package. One that the peer
// launched shows the certificate that it was given. For one that others launched
// only the package's presence vouches, so that the port must be open to the
// peer's own host only.
func (s *Support) Register(st rpc.ChaincodeStream) error {
	registered := make(chan error, 1)
	var r *runtime
	go func() {
		registered <- handshake(st, s.cfg.Params, func(name string) (err error) {
			if r, err = s.installed(name); err != nil {
				return err
			}
			return s.cfg.External.Admit(name, clientCertificate(st.Context()))
		})
	}()
	late := time.NewTimer(s.cfg.StartTimeout)
	defer late.Stop()
	select {
	case err := <-registered:
		if err != nil {
			return err
		}
	case <-late.C:
		// Returning ends the stream, and with it the handshake.
		return fmt.Errorf("chaincode did not register within %s", s.cfg.StartTimeout)
	}
	live := r.newSession(st)
	if err := r.adopt(live); err != nil {
		return err
	}
	s.cfg.Log.Info("chaincode registered", "package", r.packageID)
	return r.serve(live)
}

// installed returns the runtime of an installed package that has no process yet.
func (s *Support) installed(packageID string) (*runtime, error) {
	if _, err := s.cfg.Packages.Package(packageID); err != nil {
		return nil, fmt.Errorf("chaincode %q cannot register: %w", packageID, err)
	}
	r, err := s.runtime(packageID)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live != nil {
		return nil, fmt.Errorf("duplicate chaincodeID: %s", packageID)
	}
	return r, nil
}
