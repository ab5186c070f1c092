// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"cmp"
	"context"
	"encoding/pem"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport/session"
)

// fullState is what Full mode adds to the state. It is immutable too.
type fullState struct {
	registry    string           // ERCC's chaincode name
	ledger      session.Attested // the ledger enclave as it was attested (REG-6)
	certificate []byte           // DER; empty: not certified yet (REG-9)
	endorser    []byte           // serialised identity with the certificate

	top   head // as sealed; the highest one seen is in the link
	floor int64
}

// meetLedger makes the first session (REG-5) and the state that follows from it.
func (e *Enclave) meetLedger(ctx context.Context, s *state, registry string, host StateAccess) error {
	s.full = &fullState{registry: cmp.Or(registry, protocol.ERCCName)}
	e.link = newLedgerLink(e.config) // whatever an earlier Init left that failed
	made, err := e.link.first(ctx, s, host)
	if err != nil {
		return err
	}
	s.full.ledger = made.Ledger()
	return nil
}

// meetAgain makes a new session for a refresh (REG-15): the ledger enclave must
// be the attested one, and may have become better. Nil in Lite.
func (e *Enclave) meetAgain(ctx context.Context, s *state, host StateAccess) (*fullState, error) {
	if s.full == nil {
		return nil, nil
	}
	used, err := e.link.use(ctx, s, host)
	if err != nil {
		return nil, err
	}
	if err := e.link.drop(ctx, used); err != nil {
		return nil, err
	}
	if used, err = e.link.use(ctx, s, host); err != nil {
		return nil, err
	}
	next := *s.full
	next.ledger = used.Ledger()
	return &next, nil
}

// attest adds to AttestedData what Full mode attests.
func (f *fullState) attest(data *fpc.AttestedData) {
	if f == nil {
		return
	}
	data.LedgerCodeId = f.ledger.CodeID
	data.StateDatabase = f.ledger.StateDatabase
	data.Registry = f.registry
	data.LedgerTcb = f.ledger.Custody.TCB
	data.LedgerDebug = f.ledger.Custody.Debug
}

// certify returns the state with a certificate in it.
func (s *state) certify(certificate []byte) *fullState {
	next := *s.full
	next.certificate = certificate
	next.endorser = msp.Serialize(s.host.GetMspId(), next.certificatePEM())
	return &next
}

// certificatePEM returns the certificate, nil if there is none.
func (f *fullState) certificatePEM() []byte {
	if f == nil || len(f.certificate) == 0 {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.certificate})
}

func (f *fullState) pb() *fpc.FullState {
	c := f.ledger.Custody
	return &fpc.FullState{
		Registry:      f.registry,
		LedgerCodeId:  f.ledger.CodeID,
		StateDatabase: f.ledger.StateDatabase,
		Ledger:        &fpc.Custody{Platform: c.Platform, Tcb: c.TCB, Debug: c.Debug},
		Certificate:   f.certificate,
		Height:        f.top.height,
		BlockHash:     f.top.hash,
		TimeFloor:     f.floor,
	}
}

func parseFullState(s *state, m *fpc.FullState) *fullState {
	c := m.GetLedger()
	f := &fullState{
		registry: m.GetRegistry(),
		ledger: session.Attested{
			CodeID: m.GetLedgerCodeId(), StateDatabase: m.GetStateDatabase(),
			Custody: protocol.Custody{Platform: c.GetPlatform(), TCB: c.GetTcb(), Debug: c.GetDebug()},
		},
		top:   head{m.GetHeight(), m.GetBlockHash()},
		floor: m.GetTimeFloor(),
	}
	if len(m.GetCertificate()) != 0 {
		withKey := *s
		withKey.full = f
		return withKey.certify(m.GetCertificate())
	}
	return f
}

// restore takes over what was sealed.
func (l *ledgerLink) restore(f *fullState) { l.top, l.floor = f.top, f.floor }

// withHead returns the state with the highest head seen, for sealing.
func (e *Enclave) withHead(ctx context.Context, s *state) (*state, error) {
	if s.full == nil {
		return s, nil
	}
	top, floor, err := e.link.highest(ctx)
	if err != nil {
		return nil, err
	}
	full := *s.full
	full.top, full.floor = top, floor
	next := *s
	next.full = &full
	return &next, nil
}

// sealEvery is after how many blocks the state is sealed anew with the highest
// head: a host that restarts an enclave from what it was given last can put its
// view back no further.
const sealEvery = 32

// sealHead returns the sealed state when the highest head seen has grown by
// sealEvery blocks since it was sealed last; else nil.
func (e *Enclave) sealHead(ctx context.Context, s *state) ([]byte, error) {
	if s.full == nil {
		return nil, nil
	}
	if top, _, err := e.link.highest(ctx); err != nil || top.height < e.sealed.Load()+sealEvery {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seal(ctx, e.state.Load())
}
