// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
)

// KeyExport is a key set on its way from one enclave to another (KEY-5).
type KeyExport struct {
	CCParams      *pb.CCParameters // the sender's
	ChannelHash   []byte           // 32 bytes
	Generation    uint64           // from 1
	Sender        string           // Enclave_Id
	Receiver      string           // Enclave_Id
	ChaincodeEK   keys.ChaincodeEK
	Lineage       Lineage // of the key set as the sender holds it
	EncryptedKeys []byte  // KeySet, sealed to the receiver's Enclave_EK
}

// VerifiedKeyExport is one whose signature was found good.
type VerifiedKeyExport struct{ KeyExport }

func (x KeyExport) binding() keys.ExportBinding {
	return keys.ExportBinding{
		ChannelHash: x.ChannelHash,
		ChaincodeID: x.CCParams.GetChaincodeId(),
		Version:     x.CCParams.GetVersion(),
		Generation:  x.Generation,
		Sender:      x.Sender,
		Receiver:    x.Receiver,
	}
}

// Seal puts the keys into the export, for the receiver alone. Everything but the
// lineage must be set: it is bound.
func (x *KeyExport) Seal(receiver keys.EnclaveEK, set *pb.KeySet) error {
	const step = "KEY-5"
	b, err := marshal(set)
	if err != nil {
		return Errorf(step, CodeInternal, "encode the key set: %w", err)
	}
	if x.EncryptedKeys, err = receiver.SealExport(x.binding(), b); err != nil {
		return Errorf(step, CodeInternal, "encrypt the key set: %w", err)
	}
	return nil
}

// Open takes the keys out (KEY-7). Code: export_refused.
func (x VerifiedKeyExport) Open(dk keys.EnclaveDK) (*pb.KeySet, error) {
	const step = "KEY-7"
	b, err := dk.OpenExport(x.binding(), x.EncryptedKeys)
	if err != nil {
		return nil, Errorf(step, CodeExportRefused, "exported keys were altered, or sealed to another enclave: %w", err)
	}
	set := &pb.KeySet{}
	if err := proto.Unmarshal(b, set); err != nil { // its error might quote a key
		return nil, Errorf(step, CodeExportRefused, "exported keys do not decode once opened")
	}
	return set, nil
}

// SignKeyExport signs an export (KEY-5).
func SignKeyExport(sk keys.EnclaveSK, x KeyExport) (*pb.Signed, error) {
	const step = "KEY-5"
	b, err := marshal(&pb.KeyExport{
		CcParams:      x.CCParams,
		ChannelHash:   x.ChannelHash,
		Generation:    x.Generation,
		Sender:        x.Sender,
		Receiver:      x.Receiver,
		ChaincodeEk:   x.ChaincodeEK.PB(),
		Lineage:       x.Lineage.PB(),
		EncryptedKeys: x.EncryptedKeys,
	})
	if err != nil {
		return nil, Errorf(step, CodeInternal, "encode the key export: %w", err)
	}
	sig, err := sk.Sign(keys.LabelKeyExport, b)
	if err != nil {
		return nil, Errorf(step, CodeInternal, "sign the key export: %w", err)
	}
	return &pb.Signed{Message: b, Signature: sig}, nil
}

// ParseKeyExport decodes an export without checking who signed it, for finding
// out which enclave's key should verify it. Codes: malformed, too_large, lineage.
func ParseKeyExport(step string, s *pb.Signed) (KeyExport, error) {
	m := &pb.KeyExport{}
	if err := Unmarshal(step, "key export", s.GetMessage(), m); err != nil {
		return KeyExport{}, err
	}
	ek, err := keys.ChaincodeEKFromPB(m.GetChaincodeEk())
	if err != nil {
		return KeyExport{}, Errorf(step, CodeMalformed, "Chaincode_EK: %w", err)
	}
	lineage, err := LineageFromPB(step, m.GetLineage())
	if err != nil {
		return KeyExport{}, err
	}
	switch {
	case m.GetCcParams() == nil || len(m.GetChannelHash()) != 32 || m.GetGeneration() == 0:
		return KeyExport{}, Errorf(step, CodeMalformed, "key export lacks chaincode, channel or generation")
	case m.GetSender() == "" || m.GetReceiver() == "" || m.GetSender() == m.GetReceiver():
		return KeyExport{}, Errorf(step, CodeMalformed, "key export does not go from one enclave to another")
	case len(m.GetEncryptedKeys()) == 0:
		return KeyExport{}, Errorf(step, CodeMalformed, "key export carries no keys")
	case len(lineage.custodies) == 0:
		return KeyExport{}, Errorf(step, CodeLineage, "key export has no lineage")
	}
	return KeyExport{
		CCParams: m.GetCcParams(), ChannelHash: m.GetChannelHash(), Generation: m.GetGeneration(),
		Sender: m.GetSender(), Receiver: m.GetReceiver(), ChaincodeEK: ek, Lineage: lineage, EncryptedKeys: m.GetEncryptedKeys(),
	}, nil
}

// VerifyKeyExport checks that the enclave with this key signed the export, and
// named itself its sender (KEY-6, KEY-7).
//
// Codes: malformed, too_large, lineage, wrong_enclave, bad_signature.
func VerifyKeyExport(step string, vk keys.EnclaveVK, s *pb.Signed) (VerifiedKeyExport, error) {
	x, err := ParseKeyExport(step, s)
	if err != nil {
		return VerifiedKeyExport{}, err
	}
	if x.Sender != vk.ID() {
		return VerifiedKeyExport{}, Errorf(step, CodeWrongEnclave, "key export names sender %.12s, expected %.12s", x.Sender, vk.ID())
	}
	if err := vk.Verify(keys.LabelKeyExport, s.GetMessage(), s.GetSignature()); err != nil {
		return VerifiedKeyExport{}, Errorf(step, CodeBadSignature, "enclave %.12s did not sign this key export: %w", vk.ID(), err)
	}
	return VerifiedKeyExport{x}, nil
}
