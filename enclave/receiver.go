// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"context"
	"time"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// receiver is an enclave that may get the keys, and how it enters their lineage.
type receiver struct {
	*protocol.Credentials
	custody protocol.Custody
}

// checkReceiver returns an enclave that may get the keys.
func (e *Enclave) checkReceiver(s *state, id string, r *fpc.EndorserReply, policy *fpc.PolicyReply, at time.Time) (*receiver, error) {
	c, err := s.checkColleague(stepExport, id, r)
	if err != nil {
		return nil, err
	}
	if r.GetProvisioned() {
		return nil, protocol.Errorf(stepExport, protocol.CodeAlreadyProvisioned, "enclave %.12s holds the keys already", id)
	}
	custody, err := e.judge(c, policy, at)
	if err != nil {
		return nil, err
	}
	return &receiver{c, custody}, nil
}

// judge holds a receiver to ERCC's policy in force, by the rules of its
// registration (REG-12): it may have been registered under another policy. ERCC
// does so too (KEY-6), but then this enclave's host has the sealed keys already,
// and whoever broke the receiver opens them.
func (e *Enclave) judge(c *protocol.Credentials, r *fpc.PolicyReply, at time.Time) (protocol.Custody, error) {
	none := protocol.Custody{}
	if refused := r.GetRefused(); refused != nil {
		return none, fromFailure(refused)
	}
	policy, err := protocol.ParseRegistryPolicy(r.GetPolicy())
	if err != nil {
		return none, err
	}
	claims, err := attest.Verify(c.Evidence, c.Statement, policy.Attestation, e.config.Verifiers, at)
	if err != nil {
		return none, protocol.Errorf(stepExport, protocol.CodeOf(err), "enclave %.12s is not what the registry's policy asks for now: %w", c.EnclaveID(), err).
			WithHint("refresh that enclave (fpc enclave refresh), or revoke it")
	}
	if err := protocol.CheckLedger(stepExport, c.Data, policy.LedgerCodeIDs, policy.Attestation); err != nil {
		return none, err
	}
	return claims.Custody(), nil
}

// noEarlier is the host's time, but not before what evidence proved: an enclave
// has no clock, see docs/security.md.
func (e *Enclave) noEarlier(ctx context.Context, told int64) (time.Time, error) {
	_, floor, err := e.link.highest(ctx)
	return time.Unix(max(told, floor), 0), err
}
