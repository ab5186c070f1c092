// SPDX-License-Identifier: Apache-2.0

// Package validation is untrusted: it is the validation of FPC Lite (VAL-1 to
// VAL-4), which enough peers run and endorse. It takes what an enclave signed,
// holds it against what the registry knows of that enclave and against the
// current state, and writes what the enclave would have written. It is pure:
// state, registry and the outer proposal come in as arguments, so that all
// honest peers come to the same writes.
package validation

import (
	"bytes"
	"cmp"
	"crypto/sha256"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

const (
	stepClaim  = "VAL-1"
	stepLookup = "VAL-2"
	stepVerify = "VAL-3"
	stepReplay = "VAL-4"
)

// Outer is the validation transaction as the peer shows it.
type Outer struct {
	ChannelID string
	// Chaincode is the chaincode whose state is written: configured, never
	// taken from the proposal, which may be another chaincode's.
	Chaincode string
	// Creator is the serialized identity that signed the outer proposal; the
	// peer verified it.
	Creator []byte
}

// Claim is a ccrsp_msg that nobody has checked yet.
type Claim struct {
	response *fpc.Response
	message  *fpc.EnclaveResponse
}

// Endorsement is what a registered, provisioned enclave signed for the creator
// of the outer transaction. Only Verify makes one.
type Endorsement struct {
	message *fpc.EnclaveResponse
	digest  [32]byte // of what was signed: the marker keeps it
}

// Parse decodes ccrsp_msg (VAL-1). Code: malformed.
func Parse(ccrsp []byte) (*Claim, error) {
	response, err := protocol.ParseResponse(stepClaim, ccrsp)
	if err != nil {
		return nil, err
	}
	message, err := protocol.ParseUnverifiedResponse(stepClaim, response)
	if err != nil {
		return nil, err
	}
	return &Claim{response: response, message: message}, nil
}

// EnclaveID names the enclave that is said to have signed.
func (c *Claim) EnclaveID() string { return c.message.GetEnclaveId() }

// TxID is the inner transaction id, as claimed.
func (c *Claim) TxID() string { return c.message.GetTxId() }

// Verify holds a claim against the registry's view of its enclave (VAL-2) and
// makes every check of VAL-3.
func (k *Known) Verify(c *Claim, outer Outer, view *fpc.ValidationView) (*Endorsement, error) {
	by, err := k.lookUp(c.EnclaveID(), view)
	if err != nil {
		return nil, err
	}
	verified, err := protocol.VerifyResponse(stepVerify, by.credentials.EnclaveVK, c.response)
	if err != nil {
		return nil, err
	}
	if !verified.IsResult() {
		return nil, protocol.Errorf(stepVerify, protocol.CodeErrorResponse, "the enclave signed an error: there is nothing to commit")
	}
	message := verified.Message()
	if err := cmp.Or(
		checkPlace(message, outer, by, view),
		checkKey(message, by),
		k.checkProposal(message, outer),
		checkKeysUsed(message.GetRwset()),
	); err != nil {
		return nil, err
	}
	return &Endorsement{message: message, digest: sha256.Sum256(c.response.GetResponse())}, nil
}

// signer is the enclave that signed, as the registry knows it.
type signer struct {
	credentials *protocol.Credentials
	keyID       []byte // of the registered Chaincode_EK
	generation  uint64
}

// lookUp is VAL-2: registered, provisioned, not revoked.
func (k *Known) lookUp(enclaveID string, view *fpc.ValidationView) (*signer, error) {
	if view.GetCredentials() == nil {
		return nil, protocol.Errorf(stepLookup, protocol.CodeNotRegistered, "enclave %.12s is not registered", enclaveID)
	}
	if view.GetRevoked() {
		return nil, protocol.Errorf(stepLookup, protocol.CodeRevoked, "enclave %.12s is revoked", enclaveID)
	}
	if view.GetProvisioned() == nil || view.GetChaincodeKey() == nil {
		return nil, protocol.Errorf(stepLookup, protocol.CodeNotProvisioned, "enclave %.12s holds no registered chaincode key", enclaveID)
	}
	credentials, err := k.credentialsOf(view.GetCredentials())
	if err != nil {
		return nil, err
	}
	keyID, err := k.keyID(view.GetChaincodeKey().GetChaincodeEk())
	if err != nil {
		return nil, protocol.Errorf(stepLookup, protocol.CodeMalformed, "registered Chaincode_EK: %w", err)
	}
	return &signer{credentials: credentials, keyID: keyID, generation: view.GetChaincodeKey().GetGeneration()}, nil
}

// checkPlace holds channel, chaincode and version against the registration, the
// committed definition and the chaincode that runs.
func checkPlace(m *fpc.EnclaveResponse, outer Outer, by *signer, view *fpc.ValidationView) error {
	p, d := m.GetCcParams(), view.GetDefinition()
	if p.GetChannelId() != outer.ChannelID || d.GetChannelId() != outer.ChannelID || !bytes.Equal(m.GetChannelHash(), by.credentials.Data.GetChannelHash()) {
		return protocol.Errorf(stepVerify, protocol.CodeWrongChannel, "signed for channel %q, this is %q", p.GetChannelId(), outer.ChannelID)
	}
	if p.GetChaincodeId() != outer.Chaincode || d.GetChaincodeId() != outer.Chaincode {
		return protocol.Errorf(stepVerify, protocol.CodeWrongChaincode, "signed for chaincode %q, this is %q", p.GetChaincodeId(), outer.Chaincode)
	}
	if p.GetVersion() != d.GetVersion() {
		return protocol.Errorf(stepVerify, protocol.CodeWrongVersion, "signed by version %q, committed is %q", p.GetVersion(), d.GetVersion())
	}
	return nil
}

// checkKey refuses an enclave whose key set is not the registered one: keys of
// its own making (attack 22), or a restored older generation (attack 13).
func checkKey(m *fpc.EnclaveResponse, by *signer) error {
	if m.GetGeneration() != by.generation {
		return protocol.Errorf(stepVerify, protocol.CodeWrongGeneration, "signed under key generation %d, registered is %d", m.GetGeneration(), by.generation)
	}
	if !bytes.Equal(m.GetChaincodeEkId(), by.keyID) {
		return protocol.Errorf(stepVerify, protocol.CodeUnknownKey, "signed under another Chaincode_EK than the registered one")
	}
	return nil
}

// checkKeysUsed refuses results that touch keys which FPC keeps for itself.
func checkKeysUsed(rw *fpc.ReadWriteSet) error {
	for _, key := range touched(rw) {
		if protocol.IsReservedKey(key) {
			return protocol.Errorf(stepVerify, protocol.CodeReservedKey, "result touches the reserved key %q", key)
		}
	}
	return nil
}

func touched(rw *fpc.ReadWriteSet) []string {
	var all []string
	for _, r := range rw.GetReads() {
		all = append(all, r.GetKey())
	}
	for _, r := range rw.GetRanges() {
		all = append(all, r.GetStart(), r.GetEnd())
		for _, row := range r.GetRows() {
			all = append(all, row.GetKey())
		}
	}
	for _, w := range rw.GetWrites() {
		all = append(all, w.GetKey())
	}
	for _, r := range rw.GetMetadataReads() {
		all = append(all, r.GetKey())
	}
	for _, w := range rw.GetMetadataWrites() {
		all = append(all, w.GetKey())
	}
	return all
}
