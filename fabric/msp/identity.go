// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// Presented is an identity somebody presents: its certificate parsed and, signed
// with ECDSA, chains to the MSP (or is any self-signed CA, which Validate
// refuses). It may be revoked, or carry no acceptable OU. It can verify
// signatures, and satisfies a principal exactly where Fabric says so. Code that
// asks "is this a member?" wants an [Identity].
type Presented struct {
	msp  *MSP
	cert *x509.Certificate // low-S normalised
	id   string

	// chain is from the certificate to a root. Where it is nil, chainErr says
	// why the certificate cannot stand for a member.
	chain    []*x509.Certificate
	chainErr error

	validate    sync.Once
	validateErr error
}

// Identity is a valid identity: chain, revocation and OU rules hold. Only
// verification constructs one. Expiry is not judged (validators have no clock).
type Identity struct {
	*Presented
}

// present parses a certificate of this MSP.
func (m *MSP) present(certPEM []byte) (*Presented, error) {
	cert, err := parsePEM(certPEM)
	if err != nil {
		return nil, m.fail(CodeMalformed, err, "the identity holds no certificate")
	}
	if !supportedKey(cert) {
		return nil, m.fail(CodeKeyType, nil, "certificate keys of type %s are not supported", cert.PublicKeyAlgorithm)
	}
	subject := cert.Subject
	if cert, err = m.trust.sanitise(cert); err != nil {
		return nil, m.fail(CodeChain, err, "certificate of %q", subject)
	}
	h := m.hashIdentity()
	h.Write(cert.Raw)
	p := &Presented{msp: m, cert: cert, id: hex.EncodeToString(h.Sum(nil))}
	p.chain, p.chainErr = m.memberChain(cert)
	return p, nil
}

// supportedKey tells whether Fabric reads certificates with such a key. RSA is
// there for RSA CAs; an RSA key verifies no signature here.
func supportedKey(cert *x509.Certificate) bool {
	switch cert.PublicKey.(type) {
	case *ecdsa.PublicKey, *rsa.PublicKey:
		return true
	default:
		return false
	}
}

// memberChain returns the chain of a member's certificate: it is no CA's, and its
// issuer certifies members, not CAs.
func (m *MSP) memberChain(cert *x509.Certificate) ([]*x509.Certificate, error) {
	if cert.IsCA {
		return nil, m.fail(CodeCA, nil, "the certificate of CA %q cannot be used as an identity", cert.Subject)
	}
	chain, err := m.trust.chain(cert)
	if err != nil {
		return nil, m.fail(CodeChain, err, "certificate of %q", cert.Subject)
	}
	if len(chain) < 2 {
		return nil, m.fail(CodeChain, nil, "certificate of %q is itself a root", cert.Subject)
	}
	if m.internalNodes[string(chain[1].Raw)] {
		return nil, m.fail(CodeChain, nil, "certificate of %q is issued by a CA that certifies other CAs", cert.Subject)
	}
	return chain, nil
}

// Validate applies the chain, revocation and OU rules.
func (p *Presented) Validate() (*Identity, error) {
	p.validate.Do(func() { p.validateErr = p.msp.check(p) })
	if p.validateErr != nil {
		return nil, p.validateErr
	}
	return &Identity{p}, nil
}

func (m *MSP) check(p *Presented) error {
	if _, ok := p.cert.PublicKey.(*ecdsa.PublicKey); !ok {
		return m.fail(CodeKeyType, nil, "certificate of %q has a key of type %s, members need ECDSA", p.cert.Subject, p.cert.PublicKeyAlgorithm)
	}
	if p.chainErr != nil {
		return p.chainErr
	}
	if err := m.checkRevocation(p.cert, p.chain[1]); err != nil {
		return err
	}
	return m.checkOUs(p.OUs())
}

// MSPID returns the identifier of the MSP that the identity belongs to.
func (p *Presented) MSPID() string { return p.msp.id }

// ID identifies the certificate: lower-case hex of the hash (by default SHA-256)
// of its DER after low-S normalisation. All serializations of one certificate
// have one ID.
func (p *Presented) ID() string { return p.id }

// Certificate returns the certificate, low-S normalised. It must not be changed.
func (p *Presented) Certificate() *x509.Certificate { return p.cert }

// Serialized returns the identity as Fabric's own Serialize gives it: MSP id and
// PEM of the normalised certificate. It may differ from the bytes presented.
func (p *Presented) Serialized() []byte {
	return Serialize(p.msp.id, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw}))
}

// Expiry returns the certificate's NotAfter. Peers' proposal filters and
// orderers' broadcast filters compare it with their clock, validators never do.
func (p *Presented) Expiry() time.Time { return p.cert.NotAfter }

// OUs returns the organizational units that the certificate claims, with the CA
// chain that certifies them; none if the certificate does not chain.
func (p *Presented) OUs() []OU {
	if p.chain == nil {
		return nil
	}
	certifiers := p.msp.hashChain(p.chain[1:])
	units := make([]OU, len(p.cert.Subject.OrganizationalUnit))
	for i, name := range p.cert.Subject.OrganizationalUnit {
		units[i] = OU{Name: name, CertifiersIdentifier: certifiers}
	}
	return units
}

// hasRole tells whether the certificate carries a role's OU; who certified it is
// a matter of Validate.
func (p *Presented) hasRole(role *OU) bool {
	return role != nil && p.chain != nil && slices.Contains(p.cert.Subject.OrganizationalUnit, role.Name)
}

// Verify checks an ECDSA signature over the SHA-256 (or what the MSP says) of
// message. High-S is refused; bytes after the signature are ignored, as in
// Fabric.
func (p *Presented) Verify(message, signature []byte) error {
	if p.msp.hashMessage == nil {
		return p.msp.fail(CodeBadConfig, nil, "the configuration names an unknown signature hash family")
	}
	key, ok := p.cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return p.msp.fail(CodeKeyType, nil, "keys of type %s verify no signature here", p.cert.PublicKeyAlgorithm)
	}
	h := p.msp.hashMessage()
	h.Write(message)
	if err := verifyDigest(key, h.Sum(nil), signature); err != nil {
		return p.msp.fail(CodeSignature, err, "signature of %q", p.cert.Subject)
	}
	return nil
}

// Serialize returns the serialized identity of an MSP id and a PEM certificate.
// The two are not checked.
func Serialize(mspID string, certPEM []byte) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(&msppb.SerializedIdentity{Mspid: mspID, IdBytes: certPEM})
	if err != nil { // only an MSP id that is not UTF-8
		return nil
	}
	return b
}

// ParseSerialized splits a serialized identity into MSP id and PEM certificate,
// checking only its form.
func ParseSerialized(serialized []byte) (mspID string, certPEM []byte, err error) {
	id := &msppb.SerializedIdentity{}
	if err := proto.Unmarshal(serialized, id); err != nil {
		return "", nil, &Error{Code: CodeMalformed, Reason: "not a serialized identity", Err: err}
	}
	return id.GetMspid(), id.GetIdBytes(), nil
}
