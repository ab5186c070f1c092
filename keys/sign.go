// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
)

// EnclaveSK is an enclave's signing key, Enclave_SK: ECDSA P-256 with SHA-256.
// It never leaves the enclave except sealed.
type EnclaveSK struct {
	key *ecdsa.PrivateKey
	vk  EnclaveVK
}

// EnclaveVK verifies what its EnclaveSK signed, Enclave_VK.
type EnclaveVK struct {
	key *ecdsa.PublicKey
	der []byte
}

// halfOrder is half the order of P-256: a signature's S may not be above it.
var halfOrder = new(big.Int).Rsh(elliptic.P256().Params().N, 1)

// ecdsaSignature is the ASN.1 form of a signature (RFC 3279 section 2.2.3).
type ecdsaSignature struct{ R, S *big.Int }

// NewEnclaveSK generates a signing key (REG-4).
func NewEnclaveSK() (EnclaveSK, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return EnclaveSK{}, fmt.Errorf("keys: generate Enclave_SK: %w", err)
	}
	return newEnclaveSK(key)
}

func newEnclaveSK(key *ecdsa.PrivateKey) (EnclaveSK, error) {
	vk, err := newEnclaveVK(&key.PublicKey)
	return EnclaveSK{key, vk}, err
}

// ParseEnclaveSK reads what [EnclaveSK.MarshalSecret] wrote.
func ParseEnclaveSK(b []byte) (EnclaveSK, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), b)
	if err != nil {
		return EnclaveSK{}, fmt.Errorf("%w: Enclave_SK", ErrMalformed)
	}
	return newEnclaveSK(key)
}

// MarshalSecret returns the key as 32 bytes, to be sealed and nothing else.
func (sk EnclaveSK) MarshalSecret() ([]byte, error) {
	if sk.key == nil {
		return nil, ErrNoKey
	}
	return sk.key.Bytes()
}

// VK returns the verification key.
func (sk EnclaveSK) VK() (EnclaveVK, error) {
	if sk.key == nil {
		return EnclaveVK{}, ErrNoKey
	}
	return sk.vk, nil
}

// Sign signs msg under label: ECDSA over [Digest](label, msg), ASN.1 DER, low-S.
func (sk EnclaveSK) Sign(label Label, msg []byte) ([]byte, error) {
	if sk.key == nil {
		return nil, ErrNoKey
	}
	return sk.signDigest(Digest(label, msg))
}

// SignEndorsement signs as Fabric's endorsers do (INV-16 in Full mode): ECDSA
// over SHA-256 of the payload followed by the endorser's serialised identity,
// ASN.1 DER, low-S. There is no label: the payload is a ProposalResponsePayload,
// whose first byte (0x0a) no labelled encoding begins with.
func (sk EnclaveSK) SignEndorsement(payload, identity []byte) ([]byte, error) {
	if sk.key == nil {
		return nil, ErrNoKey
	}
	if len(payload) == 0 || payload[0] != endorsedTag {
		return nil, fmt.Errorf("%w: not a ProposalResponsePayload", ErrMalformed)
	}
	return sk.signDigest(endorsementDigest(payload, identity))
}

// endorsedTag begins a ProposalResponsePayload: field 1, the proposal hash.
// Labelled encodings begin with the label's length in eight bytes, so with 0.
const endorsedTag = 0x0a

func endorsementDigest(payload, identity []byte) [32]byte {
	h := sha256.New()
	h.Write(payload)
	h.Write(identity)
	return [32]byte(h.Sum(nil))
}

// CertificateRequest returns a PKCS #10 request over the key, DER, that asks for
// this subject (REG-9).
func (sk EnclaveSK) CertificateRequest(subject pkix.Name) ([]byte, error) {
	if sk.key == nil {
		return nil, ErrNoKey
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: subject, SignatureAlgorithm: x509.ECDSAWithSHA256,
	}, sk.key)
	if err != nil {
		return nil, fmt.Errorf("keys: certificate request: %w", err)
	}
	return csr, nil
}

func (sk EnclaveSK) signDigest(digest [32]byte) ([]byte, error) {
	sig, err := ecdsa.SignASN1(rand.Reader, sk.key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("keys: sign: %w", err)
	}
	var rs ecdsaSignature
	if _, err := asn1.Unmarshal(sig, &rs); err != nil {
		return nil, fmt.Errorf("keys: sign: %w", err)
	}
	if rs.S.Cmp(halfOrder) <= 0 {
		return sig, nil
	}
	rs.S.Sub(elliptic.P256().Params().N, rs.S)
	return asn1.Marshal(rs)
}

// Format implements fmt.Formatter: no verb prints the key.
func (sk EnclaveSK) Format(f fmt.State, _ rune) { redact(f, "keys.EnclaveSK") }

func newEnclaveVK(key *ecdsa.PublicKey) (EnclaveVK, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return EnclaveVK{}, fmt.Errorf("keys: Enclave_VK: %w", err)
	}
	return EnclaveVK{key, der}, nil
}

// ParseEnclaveVK reads an Enclave_VK as PKIX DER. Only the one encoding that
// [EnclaveVK.DER] returns is accepted, so that a key has one Enclave_Id.
func ParseEnclaveVK(der []byte) (EnclaveVK, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return EnclaveVK{}, fmt.Errorf("%w: Enclave_VK: %w", ErrMalformed, err)
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return EnclaveVK{}, fmt.Errorf("%w: Enclave_VK is not an ECDSA P-256 key", ErrMalformed)
	}
	vk, err := newEnclaveVK(key)
	if err != nil {
		return EnclaveVK{}, err
	}
	if string(vk.der) != string(der) {
		return EnclaveVK{}, fmt.Errorf("%w: Enclave_VK is not in its canonical encoding", ErrMalformed)
	}
	return vk, nil
}

// DER returns the key as PKIX DER.
func (vk EnclaveVK) DER() []byte { return append([]byte(nil), vk.der...) }

// ID returns Enclave_Id: the lower-case hex SHA-256 of the key as PKIX DER.
func (vk EnclaveVK) ID() string {
	sum := sha256.Sum256(vk.der)
	return hex.EncodeToString(sum[:])
}

// Verify checks a signature that [EnclaveSK.Sign] made under the same label. A
// high-S signature is refused, as Fabric's MSP does.
func (vk EnclaveVK) Verify(label Label, msg, sig []byte) error {
	return vk.verifyDigest(Digest(label, msg), sig)
}

// VerifyEndorsement checks what [EnclaveSK.SignEndorsement] made.
func (vk EnclaveVK) VerifyEndorsement(payload, identity, sig []byte) error {
	return vk.verifyDigest(endorsementDigest(payload, identity), sig)
}

func (vk EnclaveVK) verifyDigest(digest [32]byte, sig []byte) error {
	if vk.key == nil {
		return ErrNoKey
	}
	var rs ecdsaSignature
	if rest, err := asn1.Unmarshal(sig, &rs); err != nil || len(rest) != 0 {
		return ErrSignature
	}
	if rs.S.Cmp(halfOrder) > 0 || !ecdsa.VerifyASN1(vk.key, digest[:], sig) {
		return ErrSignature
	}
	return nil
}
