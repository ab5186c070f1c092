// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/stub/statedir"
	"github.com/privatechaincode/fpc/trace"
	"github.com/privatechaincode/fpc/transport"
)

// Enclave is the enclave process as the stub uses it. The stub's host trusts it
// with nothing: it may crash, hang, or answer garbage.
type Enclave interface {
	// Call sends one request and returns its answer. While it runs, serve
	// answers the enclave's accesses to the state; nil refuses them. The
	// enclave's own refusals are of type *transport.Failure.
	Call(ctx context.Context, method string, request []byte, serve func(ctx context.Context, request []byte) ([]byte, error)) ([]byte, error)
	// Abandoned is how many calls the enclave is still at work on whose caller
	// has gone.
	Abandoned() int
	// Done is closed when the enclave can no longer be called; Err says why.
	Done() <-chan struct{}
	Err() error
	// PID is the process id, for the trace.
	PID() int
	// Stop ends the enclave.
	Stop() error
}

// Methods of the enclave, as host.proto has their messages.
const (
	methodInit           = "init"
	methodRestore        = "restore"
	methodRefresh        = "refresh"
	methodGenerateCCKeys = "generateCCKeys"
	methodInvoke         = "invoke"
	methodStatus         = "status"

	methodCertificateRequest = "certificateRequest"
	methodInstallCertificate = "installCertificate"
	methodPrepareStatement   = "prepareStatement"
	methodExportCCKeys       = "exportCCKeys"
	methodImportCCKeys       = "importCCKeys"
)

// Codes of failures that are neither the enclave's nor the peer's refusals.
const (
	codeEnclaveEnded protocol.Code = "enclave_ended"
	codeTimeout      protocol.Code = "timeout"
)

// startEnclave is INV-6a to INV-6d.
func (s *Stub) startEnclave(ctx context.Context) error {
	s.record("INV-6a", "stub", "start", "")
	var err error
	if s.dir, err = s.openState(ctx); err != nil {
		return err
	}
	secret, err := s.dir.HostSecret()
	if err != nil {
		return err
	}
	s.record("INV-6b", "stub", "read sealed state", "")
	if s.state, err = s.dir.Load(); err != nil {
		return err
	}
	if s.enclave, err = s.config.Start(ctx, secret); err != nil {
		return fmt.Errorf("start enclave: %w", err)
	}
	if s.state == nil {
		return nil
	}
	restored := &fpc.RestoreResponse{}
	if err := s.ask(ctx, "INV-6c", methodRestore, &fpc.RestoreRequest{SealedState: s.state.GetSealedState()}, restored); err != nil {
		return fmt.Errorf("restore enclave from %s: %w", s.dir.Path(), err)
	}
	if cc := restored.GetCcParams().GetChaincodeId(); cc != s.config.Chaincode {
		return fmt.Errorf("the state in %s is of chaincode %q, this stub serves %q", s.dir.Path(), cc, s.config.Chaincode)
	}
	s.recordSteps(restored.GetSteps(), "")
	return nil
}

func (s *Stub) openState(ctx context.Context) (*statedir.Dir, error) {
	if s.config.AwaitState {
		return statedir.OpenWhenFree(ctx, s.config.StateDir)
	}
	return statedir.Open(s.config.StateDir)
}

// watch ends the stub with its enclave.
func (s *Stub) watch() {
	select {
	case <-s.done:
	case <-s.enclave.Done():
		err := s.enclave.Err()
		if err == nil {
			err = errors.New("it closed the connection")
		}
		s.end(fmt.Errorf("the enclave ended: %w", err))
	}
}

// end makes the stub done, once.
func (s *Stub) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
	default:
		if err != nil {
			s.config.Log.Error("the stub ends", "reason", err)
		}
		s.err = err
		close(s.done)
	}
}

// ask calls the enclave without serving state.
func (s *Stub) ask(ctx context.Context, step, method string, request, response proto.Message) error {
	return s.askServing(ctx, step, method, request, response, nil)
}

// askServing calls the enclave. Its refusals keep step and code; step is for
// what fails around it.
func (s *Stub) askServing(ctx context.Context, step, method string, request, response proto.Message, serve func(context.Context, []byte) ([]byte, error)) error {
	b, err := proto.Marshal(request)
	if err != nil {
		return protocol.Errorf(step, protocol.CodeInternal, "encode %s: %w", method, err)
	}
	answer, err := s.enclave.Call(ctx, method, b, serve)
	if err != nil {
		return enclaveError(step, err)
	}
	if err := proto.Unmarshal(answer, response); err != nil {
		return protocol.Errorf(step, protocol.CodeInternal, "the enclave's answer to %s does not decode: %w", method, err)
	}
	return nil
}

// change has the enclave change its state (REG-3, REG-9, REG-15, KEY-1, KEY-7), to the
// end: what it made is lost with its answer, so it does not matter whether the peer
// that passed the call on is still there. Where the enclave does not come to an end
// in time, the stub ends both, and the retry begins where the disk is. The answer is
// to be kept; called with admin held.
func (s *Stub) change(c call, step, method string, request, response proto.Message, serve func(context.Context, []byte) ([]byte, error)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), s.config.Timeout)
	defer cancel()
	err := s.askServing(ctx, step, method, request, response, serve)
	if err != nil && ctx.Err() != nil {
		s.end(err)
		return errors.Join(err, s.enclave.Stop())
	}
	return err
}

// enclaveError says in the flows' terms why a call brought no answer.
func enclaveError(step string, err error) error {
	var failure *transport.Failure
	switch {
	case errors.As(err, &failure):
		return protocol.Errorf(cmp.Or(failure.Step, step), protocol.Code(failure.Code), "%s", failure.Reason).WithHint(failure.Hint)
	case errors.Is(err, context.DeadlineExceeded):
		return protocol.Errorf(step, codeTimeout, "the enclave took too long: %w", err)
	case errors.Is(err, context.Canceled):
		return protocol.Errorf(step, codeTimeout, "the peer gave the call up: %w", err)
	}
	return protocol.Errorf(step, codeEnclaveEnded, "the enclave ended before it answered: %w", err).
		WithHint("try again: stub and enclave start anew")
}

// recordSteps records what the enclave says that it did. It has no clock: a step
// gets the time at which the host was told.
func (s *Stub) recordSteps(steps []*fpc.Step, txID string) {
	for _, step := range steps {
		s.config.Trace.Record(trace.Event{
			Step: step.GetStep(), From: step.GetFrom(), To: step.GetTo(), What: step.GetWhat(),
			Process: s.config.EnclaveProcess, PID: s.enclave.PID(), TxID: txID,
		})
	}
}
