// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
)

// Credentials are an enclave's credentials, decoded (REG-8). Nothing in them is
// true until the evidence has been verified over Statement.
type Credentials struct {
	Data      *pb.AttestedData
	Statement [64]byte // what the evidence must cover
	Evidence  *pb.Evidence
	EnclaveVK keys.EnclaveVK
	EnclaveEK keys.EnclaveEK
}

// EnclaveID returns Enclave_Id.
func (c *Credentials) EnclaveID() string { return c.EnclaveVK.ID() }

// ParseCredentials decodes serialised Credentials.
func ParseCredentials(step string, b []byte) (*Credentials, error) {
	m := &pb.Credentials{}
	if err := Unmarshal(step, "credentials", b, m); err != nil {
		return nil, err
	}
	return CredentialsFromPB(step, m)
}

// CredentialsFromPB decodes what credentials contain.
func CredentialsFromPB(step string, m *pb.Credentials) (*Credentials, error) {
	data := &pb.AttestedData{}
	if err := Unmarshal(step, "attested data", m.GetAttestedData(), data); err != nil {
		return nil, err
	}
	vk, err := keys.ParseEnclaveVK(data.GetEnclaveVk())
	if err != nil {
		return nil, Errorf(step, CodeMalformed, "credentials: %w", err)
	}
	ek, err := keys.EnclaveEKFromPB(data.GetEnclaveEk())
	if err != nil {
		return nil, Errorf(step, CodeMalformed, "credentials: Enclave_EK: %w", err)
	}
	if data.GetCcParams() == nil || data.GetHostParams() == nil {
		return nil, Errorf(step, CodeMalformed, "credentials lack CC_Params or Host_Params")
	}
	for _, h := range [][]byte{data.GetChannelHash(), data.GetMspRootsHash(), data.GetMspConfigHash()} {
		if len(h) != 32 {
			return nil, Errorf(step, CodeMalformed, "a hash in the attested data has %d bytes, want 32", len(h))
		}
	}
	return &Credentials{data, StatementHash(m.GetAttestedData()), m.GetEvidence(), vk, ek}, nil
}
