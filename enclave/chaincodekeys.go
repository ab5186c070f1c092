// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"context"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// GenerateCCKeys makes the chaincode's keys (KEY-1) and signs their registration
// (KEY-2). The host says which generation they are; the registry accepts only
// the next one (KEY-3). Refused if the enclave holds keys.
//
// Codes: not_initialised, already_provisioned, wrong_generation, bad_arguments.
func (e *Enclave) GenerateCCKeys(ctx context.Context, req *fpc.GenerateCCKeysRequest) (*fpc.GenerateCCKeysResponse, error) {
	const step = "KEY-1"
	e.mu.Lock()
	defer e.mu.Unlock()
	old, err := e.initialised(step)
	if err != nil {
		return nil, err
	}
	if old.keys != nil {
		return nil, protocol.Errorf(step, protocol.CodeAlreadyProvisioned, "enclave %.12s holds keys of generation %d", old.id, old.keys.generation)
	}
	if req.GetGeneration() == 0 {
		return nil, protocol.Errorf(step, protocol.CodeWrongGeneration, "generations begin with 1")
	}
	set, err := generateKeySet(req, protocol.NewLineage(old.custody))
	if err != nil {
		return nil, err
	}
	next := *old
	next.keys = set
	registration, err := next.registration()
	if err != nil {
		return nil, err
	}
	sealed, err := e.become(ctx, &next)
	if err != nil {
		return nil, err
	}
	var log steps
	log.add(step, stub, enclave, "generateCCKeys")
	log.add("KEY-2", enclave, enclave, "sign key registration")
	return &fpc.GenerateCCKeysResponse{Registration: registration, SealedState: sealed, Steps: log}, nil
}

// registration signs what the enclave says of its key set (KEY-2, KEY-7).
func (s *state) registration() (*fpc.Signed, error) {
	return protocol.SignKeyRegistration(s.sk, protocol.KeyRegistration{
		CCParams:    s.params,
		ChannelHash: s.channelHash,
		EnclaveID:   s.id,
		Generation:  s.keys.generation,
		ChaincodeEK: s.keys.ek,
		Lineage:     s.keys.lineage,
	})
}

func generateKeySet(req *fpc.GenerateCCKeysRequest, lineage protocol.Lineage) (*keySet, error) {
	suite, err := keys.ParseSuite(req.GetSuite())
	if err != nil {
		return nil, protocol.Errorf("KEY-1", protocol.CodeBadArguments, "%w", err)
	}
	dk, err := keys.GenerateChaincodeDK(suite)
	if err != nil {
		return nil, protocol.Errorf("KEY-1", protocol.CodeInternal, "%w", err)
	}
	sek, err := keys.NewStateKey()
	if err != nil {
		return nil, protocol.Errorf("KEY-1", protocol.CodeInternal, "%w", err)
	}
	return newKeySet(req.GetGeneration(), sek, dk, lineage)
}
