// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
)

// SealRequest makes ccreq_msg (INV-4): the clear request, with r_key inside,
// encrypted with Chaincode_EK and bound to channel, chaincode and creator.
func SealRequest(ek keys.ChaincodeEK, b keys.RequestBinding, p keys.Padding, clear *pb.ClearRequest) (*pb.Request, error) {
	plaintext, err := marshal(clear)
	if err != nil {
		return nil, Errorf("INV-4", CodeInternal, "encode the request: %w", err)
	}
	sealed, err := ek.SealRequest(b, p, plaintext)
	if err != nil {
		return nil, Errorf("INV-4", CodeInternal, "encrypt the request: %w", err)
	}
	return &pb.Request{ChaincodeEkId: ek.ID(), EncryptedRequest: sealed}, nil
}

// OpenRequest opens ccreq_msg (INV-12) and reads r_key out of it. The binding's
// creator must come from a verified proposal: a request resubmitted by anybody
// else does not open.
//
// Codes: unknown_key (sealed with another Chaincode_EK), request_refused (does
// not open), malformed, too_large.
func OpenRequest(dk keys.ChaincodeDK, b keys.RequestBinding, req *pb.Request) (*pb.ClearRequest, keys.ResponseKey, error) {
	const step = "INV-12"
	ek, err := dk.Public()
	if err != nil {
		return nil, keys.ResponseKey{}, Errorf(step, CodeNotProvisioned, "%w", err)
	}
	if !bytes.Equal(req.GetChaincodeEkId(), ek.ID()) {
		return nil, keys.ResponseKey{}, Errorf(step, CodeUnknownKey, "request is sealed with key %x, this enclave holds %x", short(req.GetChaincodeEkId()), short(ek.ID()))
	}
	plaintext, err := dk.OpenRequest(b, req.GetEncryptedRequest())
	if err != nil {
		return nil, keys.ResponseKey{}, Errorf(step, CodeRequestRefused, "request was altered, or sealed for another channel, chaincode or creator: %w", err)
	}
	clear := &pb.ClearRequest{}
	if err := UnmarshalFabric(step, "request", plaintext, clear); err != nil {
		// The decoder's error might quote what it read.
		return nil, keys.ResponseKey{}, Errorf(step, CodeOf(err), "request does not decode once opened")
	}
	r, err := keys.ParseResponseKey(clear.GetResponseKey())
	if err != nil {
		return nil, keys.ResponseKey{}, Errorf(step, CodeMalformed, "request's response key: %w", err)
	}
	return clear, r, nil
}

// ParseRequest decodes ccreq_msg, the only argument of chaincodeInvoke.
func ParseRequest(b []byte) (*pb.Request, error) {
	m := &pb.Request{}
	if err := Unmarshal("INV-8", "ccreq_msg", b, m); err != nil {
		return nil, err
	}
	if len(m.GetChaincodeEkId()) != 32 || len(m.GetEncryptedRequest()) == 0 {
		return nil, Errorf("INV-8", CodeMalformed, "ccreq_msg lacks key id or ciphertext")
	}
	return m, nil
}

// RequestHash names ccreq_msg by its serialised bytes.
func RequestHash(ccreq []byte) [32]byte { return keys.Digest(keys.LabelRequestHash, ccreq) }
