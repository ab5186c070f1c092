// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"context"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// Refresh attests the same keys anew (REG-15): fresh evidence, and the channel's
// MSP configurations as they are now (absent: unchanged). Known MSPs must keep
// their root certificates, and the configuration's sequence may not go back.
// Invocations under way end under the configurations they began with. In Full the
// ledger enclave must be the one attested before, at least as trustworthy: what
// was registered with it would otherwise speak for another one.
//
// Codes: not_initialised, malformed, wrong_msp, attestation, and in Full
// ledger_unreachable and those of the session.
func (e *Enclave) Refresh(ctx context.Context, req *fpc.RefreshRequest, host StateAccess) (*fpc.RefreshResponse, error) {
	const step = "REG-15"
	e.mu.Lock()
	defer e.mu.Unlock()
	old, err := e.initialised(step)
	if err != nil {
		return nil, err
	}
	next := *old
	if req.GetMsps() != nil {
		if next.members, err = newMembership(req.GetMsps()); err != nil {
			return nil, err
		}
		if next.roots, err = next.members.pinRoots(old.roots); err != nil {
			return nil, err
		}
		if was, is := old.msps.GetConfigSequence(), req.GetMsps().GetConfigSequence(); is < was {
			return nil, protocol.Errorf(step, protocol.CodeWrongMSP, "configuration %d is older than %d, which this enclave has", is, was)
		}
		next.msps = req.GetMsps()
	}
	if next.full, err = e.meetAgain(ctx, &next, host); err != nil {
		return nil, err
	}
	credentials, err := e.attest(&next, false, req.GetAttestationParams())
	if err != nil {
		return nil, err
	}
	if old.keys != nil {
		// From now on the keys are held by an enclave so attested.
		held := *old.keys
		held.lineage = held.lineage.Union(protocol.NewLineage(next.custody))
		next.keys = &held
	}
	sealed, err := e.become(ctx, &next)
	if err != nil {
		return nil, err
	}
	var log steps
	log.add(step, stub, enclave, "refresh")
	log.add("REG-6", enclave, enclave, "attest AttestedData")
	return &fpc.RefreshResponse{Credentials: credentials, SealedState: sealed, Steps: log}, nil
}
