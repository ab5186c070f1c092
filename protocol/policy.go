// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// RegistryPolicy is ERCC's policy (LC-5): what the channel's organisations agree
// on before anything is registered. ERCC's definition has the hash of its bytes
// as version, so they approve exactly these bytes.
type RegistryPolicy struct {
	ChannelHash       string            `json:"channel_hash"`       // hex
	MSPIDs            []string          `json:"msp_ids"`            // the application organisations, sorted
	LifecycleMajority int               `json:"lifecycle_majority"` // how many of them are a majority
	MSPRootsHash      string            `json:"msp_roots_hash"`     // hex of MSPRootsHash
	Attestation       AttestationPolicy `json:"attestation"`
	LedgerCodeIDs     []string          `json:"ledger_code_ids"` // `platform:code id`, sorted; Full
	Chaincodes        []ChaincodePolicy `json:"chaincodes"`      // sorted by id
}

// ChaincodePolicy is what the policy says of one private chaincode.
type ChaincodePolicy struct {
	ID            string `json:"id"`
	DesignatedMSP string `json:"designated_msp"` // Lite: designated; Full: generates the keys
}

// AttestationPolicy says which evidence is good enough. A platform without an
// entry is refused, and so is everything if there are no entries.
type AttestationPolicy struct {
	Platforms map[string]PlatformPolicy `json:"platforms"`
}

// PlatformPolicy is what is asked of one platform.
type PlatformPolicy struct {
	MinTCB     uint32 `json:"min_tcb"`     // lowest TCB level
	AllowDebug bool   `json:"allow_debug"` // whether debug mode may be on
}

// ParseRegistryPolicy reads a policy's bytes. Exactly the form that
// [RegistryPolicy.Bytes] writes is accepted, up to white space: unknown, missing
// or repeated fields are refused, since organisations approve the bytes.
func ParseRegistryPolicy(b []byte) (*RegistryPolicy, error) {
	const step = "LC-5"
	if len(b) > 1<<20 {
		return nil, Errorf(step, CodeTooLarge, "policy has %d bytes", len(b))
	}
	p := &RegistryPolicy{}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(p); err != nil {
		return nil, Errorf(step, CodeMalformed, "policy does not decode: %w", err)
	}
	var given bytes.Buffer
	if err := json.Compact(&given, b); err != nil {
		return nil, Errorf(step, CodeMalformed, "policy is not one JSON object: %w", err)
	}
	again, err := json.Marshal(p)
	if err != nil {
		return nil, Errorf(step, CodeInternal, "encode the policy: %w", err)
	}
	if !bytes.Equal(given.Bytes(), again) {
		return nil, Errorf(step, CodeMalformed, "policy is not in its one form: a field is missing, repeated or out of order").
			WithHint("make it with: fpc ercc policy build")
	}
	return p, p.check()
}

func (p *RegistryPolicy) check() error {
	bad := func(format string, args ...any) error {
		return Errorf("LC-5", CodeMalformed, "policy: "+format, args...)
	}
	if _, err := hash32(p.ChannelHash); err != nil {
		return bad("channel_hash is not 32 bytes in hex")
	}
	if _, err := hash32(p.MSPRootsHash); err != nil {
		return bad("msp_roots_hash is not 32 bytes in hex")
	}
	if len(p.MSPIDs) == 0 || !strictlySorted(p.MSPIDs) {
		return bad("msp_ids must be sorted and without repeats")
	}
	if p.LifecycleMajority < 1 || p.LifecycleMajority > len(p.MSPIDs) {
		return bad("lifecycle_majority is %d of %d organisations", p.LifecycleMajority, len(p.MSPIDs))
	}
	if len(p.Attestation.Platforms) == 0 {
		return bad("attestation allows no platform")
	}
	if !strictlySorted(p.LedgerCodeIDs) {
		return bad("ledger_code_ids must be sorted and without repeats")
	}
	var ids []string
	for _, c := range p.Chaincodes {
		if c.ID == "" || !slices.Contains(p.MSPIDs, c.DesignatedMSP) {
			return bad("chaincode %q: designated_msp %q is not among msp_ids", c.ID, c.DesignatedMSP)
		}
		ids = append(ids, c.ID)
	}
	if !strictlySorted(ids) {
		return bad("chaincodes must be sorted by id and without repeats")
	}
	return nil
}

// Bytes returns the policy as it is hashed, approved and stored: indented JSON.
func (p *RegistryPolicy) Bytes() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, Errorf("LC-5", CodeInternal, "encode the policy: %w", err)
	}
	return append(b, '\n'), nil
}

// PolicyVersion is the version of ERCC's definition that approves these policy
// bytes: their hex SHA-256.
func PolicyVersion(policy []byte) string {
	sum := sha256.Sum256(policy)
	return hex.EncodeToString(sum[:])
}

// CheckPolicy parses policy bytes and holds them against the version of ERCC's
// definition (LC-5).
func CheckPolicy(step string, policy []byte, version string) (*RegistryPolicy, error) {
	if v := PolicyVersion(policy); v != version {
		return nil, Errorf(step, CodeWrongPolicy, "policy has hash %s, ERCC's definition has version %s", v, version)
	}
	return ParseRegistryPolicy(policy)
}

// ChannelHashBytes returns channel_hash as bytes.
func (p *RegistryPolicy) ChannelHashBytes() []byte { b, _ := hash32(p.ChannelHash); return b }

// MSPRootsHashBytes returns msp_roots_hash as bytes.
func (p *RegistryPolicy) MSPRootsHashBytes() []byte { b, _ := hash32(p.MSPRootsHash); return b }

// DesignatedMSP returns the organisation that the policy names for a chaincode,
// or false if it names none.
func (p *RegistryPolicy) DesignatedMSP(chaincodeID string) (string, bool) {
	for _, c := range p.Chaincodes {
		if c.ID == chaincodeID {
			return c.DesignatedMSP, true
		}
	}
	return "", false
}

func hash32(s string) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 || hex.EncodeToString(b) != s {
		return nil, Errorf("LC-5", CodeMalformed, "not 32 bytes in lower-case hex")
	}
	return b, nil
}

func strictlySorted(s []string) bool {
	for i := 1; i < len(s); i++ {
		if s[i-1] >= s[i] {
			return false
		}
	}
	return true
}
