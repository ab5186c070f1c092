// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
)

// KeyRegistration is what an enclave says of a key set that it holds (KEY-2).
type KeyRegistration struct {
	CCParams    *pb.CCParameters
	ChannelHash []byte // 32 bytes
	EnclaveID   string
	Generation  uint64 // from 1
	ChaincodeEK keys.ChaincodeEK
	Lineage     Lineage
}

// VerifiedKeyRegistration is one whose signature was found good.
type VerifiedKeyRegistration struct{ KeyRegistration }

// SignKeyRegistration signs a registration (KEY-2).
func SignKeyRegistration(sk keys.EnclaveSK, r KeyRegistration) (*pb.Signed, error) {
	const step = "KEY-2"
	b, err := marshal(&pb.KeyRegistration{
		CcParams:    r.CCParams,
		ChannelHash: r.ChannelHash,
		EnclaveId:   r.EnclaveID,
		Generation:  r.Generation,
		ChaincodeEk: r.ChaincodeEK.PB(),
		Lineage:     r.Lineage.PB(),
	})
	if err != nil {
		return nil, Errorf(step, CodeInternal, "encode the key registration: %w", err)
	}
	sig, err := sk.Sign(keys.LabelKeyRegistration, b)
	if err != nil {
		return nil, Errorf(step, CodeInternal, "sign the key registration: %w", err)
	}
	return &pb.Signed{Message: b, Signature: sig}, nil
}

// ParseKeyRegistration decodes a registration without checking who signed it,
// for finding out which enclave's key should verify it.
func ParseKeyRegistration(step string, s *pb.Signed) (KeyRegistration, error) {
	m := &pb.KeyRegistration{}
	if err := Unmarshal(step, "key registration", s.GetMessage(), m); err != nil {
		return KeyRegistration{}, err
	}
	ek, err := keys.ChaincodeEKFromPB(m.GetChaincodeEk())
	if err != nil {
		return KeyRegistration{}, Errorf(step, CodeMalformed, "Chaincode_EK: %w", err)
	}
	lineage, err := LineageFromPB(step, m.GetLineage())
	if err != nil {
		return KeyRegistration{}, err
	}
	if m.GetCcParams() == nil || len(m.GetChannelHash()) != 32 || m.GetGeneration() == 0 {
		return KeyRegistration{}, Errorf(step, CodeMalformed, "key registration lacks chaincode, channel or generation")
	}
	return KeyRegistration{m.GetCcParams(), m.GetChannelHash(), m.GetEnclaveId(), m.GetGeneration(), ek, lineage}, nil
}

// VerifyKeyRegistration checks that the enclave with this key signed the
// registration, and named itself in it (KEY-3, INV-5).
//
// Codes: malformed, wrong_enclave, bad_signature, and lineage for an empty one.
func VerifyKeyRegistration(step string, vk keys.EnclaveVK, s *pb.Signed) (VerifiedKeyRegistration, error) {
	r, err := ParseKeyRegistration(step, s)
	if err != nil {
		return VerifiedKeyRegistration{}, err
	}
	if r.EnclaveID != vk.ID() {
		return VerifiedKeyRegistration{}, Errorf(step, CodeWrongEnclave, "key registration names enclave %.12s, expected %.12s", r.EnclaveID, vk.ID())
	}
	if err := vk.Verify(keys.LabelKeyRegistration, s.GetMessage(), s.GetSignature()); err != nil {
		return VerifiedKeyRegistration{}, Errorf(step, CodeBadSignature, "enclave %.12s did not sign this key registration: %w", vk.ID(), err)
	}
	if len(r.Lineage.custodies) == 0 {
		return VerifiedKeyRegistration{}, Errorf(step, CodeLineage, "key registration has no lineage")
	}
	return VerifiedKeyRegistration{r}, nil
}
