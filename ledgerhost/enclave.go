// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/transport"
)

// Enclave is a running ledger enclave's process; *launch.Process is one.
type Enclave interface {
	Call(ctx context.Context, method string, request []byte, serve func(ctx context.Context, request []byte) ([]byte, error)) ([]byte, error)
	// Done is closed when the process has ended.
	Done() <-chan struct{}
	// Err says how it ended, unless it was stopped.
	Err() error
	Stop() error
	PID() int
}

// ErrEnded is wrapped by errors that say that the ledger enclave's process has
// ended by itself. The host starts it anew.
var ErrEnded = errors.New("the ledger enclave has ended")

// RefusedError says that the ledger enclave refused a block. It stays at its
// last good one.
type RefusedError struct {
	Block   uint64
	Failure *transport.Failure
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the ledger enclave refuses block %d: %s [%s]", e.Block, e.Failure.Error(), e.Failure.Code)
}

// Unwrap returns the ledger enclave's own failure.
func (e *RefusedError) Unwrap() error { return e.Failure }

// ask calls a method of the ledger enclave, for the host itself. A failure of the
// enclave is a *transport.Failure; if the process is gone the error wraps
// [ErrEnded].
func ask(ctx context.Context, e Enclave, method string, request, into proto.Message) error {
	raw, err := proto.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode %s: %w", method, err)
	}
	answer, err := e.Call(ctx, method, raw, nil)
	if err != nil {
		return callError(ctx, e, method, err)
	}
	if err := proto.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("the ledger enclave's answer to %s does not decode: %w", method, err)
	}
	return nil
}

// callError tells a failure of the enclave from its end.
func callError(ctx context.Context, e Enclave, method string, err error) error {
	var failure *transport.Failure
	switch {
	case errors.As(err, &failure):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	// The transport broke: the process has ended, or answers nonsense and has to.
	_ = e.Stop() // always nil
	<-e.Done()
	return fmt.Errorf("%w during %s: %w", ErrEnded, method, errors.Join(e.Err(), err))
}

// status asks the ledger enclave how it is.
func status(ctx context.Context, e Enclave) (*fpc.LedgerStatus, error) {
	s := &fpc.LedgerStatus{}
	return s, ask(ctx, e, MethodStatus, &fpc.LedgerStatusRequest{}, s)
}

// ReadStatus reads a ledger enclave's confinement out of its status, for
// launch.Config.
func ReadStatus(answer []byte) ([]string, error) {
	s := &fpc.LedgerStatus{}
	err := proto.Unmarshal(answer, s)
	return s.GetConfinement(), err
}
