// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"context"
	"encoding/binary"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// sealedVersion is the version of sealed state that this code writes and reads.
const sealedVersion = 1

// seal returns the state for the host's disk (REG-7), in Full with the highest
// head seen. A host can put back an older one: then the keys in it are registered
// or they are not, and what was never registered nobody encrypts to.
func (e *Enclave) seal(ctx context.Context, s *state) ([]byte, error) {
	const step = "REG-7"
	s, err := e.withHead(ctx, s)
	if err != nil {
		return nil, err
	}
	plain, err := s.marshal()
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "encode state: %w", err)
	}
	p := e.config.Platform
	m := &fpc.SealedState{Version: sealedVersion, Platform: p.Name(), CodeId: p.CodeID(), EnclaveId: s.id}
	if m.Check, err = p.SealingKey().Seal(keys.LabelSealedState, checkAAD(m), nil); err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "seal: %w", err)
	}
	if m.Sealed, err = p.SealingKey().Seal(keys.LabelSealedState, stateAAD(m), plain); err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "seal: %w", err)
	}
	out, err := marshal(m)
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "encode sealed state: %w", err)
	}
	if s.full != nil {
		e.sealed.Store(s.full.top.height)
	}
	return out, nil
}

// become makes s this enclave's state, and returns it sealed: the host stores that
// before anybody hears of what changed. Where sealing fails, nothing changes. The
// caller holds the lock.
func (e *Enclave) become(ctx context.Context, s *state) (sealed []byte, err error) {
	if sealed, err = e.seal(ctx, s); err != nil {
		return nil, err
	}
	e.state.Store(s)
	return sealed, nil
}

func checkAAD(m *fpc.SealedState) []byte {
	return keys.Encode("check", []byte(m.GetPlatform()), []byte(m.GetCodeId()))
}

func stateAAD(m *fpc.SealedState) []byte {
	return keys.Encode("state", binary.BigEndian.AppendUint32(nil, m.GetVersion()),
		[]byte(m.GetPlatform()), []byte(m.GetCodeId()), []byte(m.GetEnclaveId()), m.GetCheck())
}

// Restore unseals an earlier state (INV-6c, INV-6d). On any error the enclave is
// as it was: one that holds keys keeps them.
//
// Codes: already_initialised, and of sealed state: sealed_truncated (does not
// decode), sealed_version, sealed_other_platform, sealed_other_code,
// sealed_other_host (another platform secret), sealed_tampered.
func (e *Enclave) Restore(_ context.Context, req *fpc.RestoreRequest) (*fpc.RestoreResponse, error) {
	const step = "INV-6d"
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.state.Load(); s != nil {
		return nil, protocol.Errorf(step, protocol.CodeAlreadyInitialised, "this is enclave %.12s of chaincode %q", s.id, s.params.GetChaincodeId())
	}
	s, err := e.unseal(step, req.GetSealedState())
	if err != nil {
		return nil, err
	}
	if s.full != nil {
		e.link.restore(s.full)
		e.sealed.Store(s.full.top.height)
	}
	e.state.Store(s)
	var log steps
	log.add("INV-6c", stub, enclave, "restore")
	log.add(step, enclave, enclave, "unseal state")
	response := &fpc.RestoreResponse{EnclaveId: s.id, CcParams: s.params, HostParams: s.host, Steps: log}
	if s.keys != nil {
		response.Provisioned, response.Generation = true, s.keys.generation
	}
	return response, nil
}

func (e *Enclave) unseal(step string, b []byte) (*state, error) {
	m := &fpc.SealedState{}
	if err := proto.Unmarshal(b, m); err != nil || len(b) == 0 || len(m.GetSealed()) == 0 || len(m.GetCheck()) == 0 {
		return nil, protocol.Errorf(step, CodeSealedTruncated, "%d bytes are no sealed state, or not all of it", len(b))
	}
	p := e.config.Platform
	switch {
	case m.GetVersion() != sealedVersion:
		return nil, protocol.Errorf(step, CodeSealedVersion, "sealed state is of version %d, this code reads %d", m.GetVersion(), sealedVersion)
	case m.GetPlatform() != p.Name():
		return nil, protocol.Errorf(step, CodeSealedOtherPlatform, "state was sealed on platform %q, this is %q", m.GetPlatform(), p.Name())
	case m.GetCodeId() != p.CodeID():
		return nil, protocol.Errorf(step, CodeSealedOtherCode, "state was sealed by code %.12s, this is %.12s", m.GetCodeId(), p.CodeID()).
			WithHint("run the binary that sealed it; new code is registered as a new enclave")
	}
	if _, err := p.SealingKey().Open(keys.LabelSealedState, checkAAD(m), m.GetCheck()); err != nil {
		return nil, protocol.Errorf(step, CodeSealedOtherHost, "state was sealed on another host, or with another host secret: %w", err)
	}
	plain, err := p.SealingKey().Open(keys.LabelSealedState, stateAAD(m), m.GetSealed())
	if err != nil {
		return nil, protocol.Errorf(step, CodeSealedTampered, "sealed state was altered: %w", err)
	}
	s, err := parseState(step, plain)
	if err == nil && s.id != m.GetEnclaveId() {
		err = errors.New("it names another enclave")
	}
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeSealedState, "sealed state is not of this program's making: %w", err)
	}
	return s, nil
}
