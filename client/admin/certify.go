// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"strings"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/registration"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// Authority is an organisation's CA (REG-9). It can issue what it likes: the
// certificate is held against the request before it is used, by administrator,
// enclave, registry and clients alike.
type Authority interface {
	// Issue certifies the key of a PKCS #10 request (DER), for a subject of this
	// common name with these organisational units and no others, PEM.
	Issue(ctx context.Context, csr []byte, commonName string, units []string) ([]byte, error)
}

const stepCertify = "REG-9"

// roleClient is the NodeOU role of enclaves: never peer, or an enclave would pass
// for one.
const roleClient = "client"

// Certification is one enclave's request for a certificate as an endorser of its
// chaincode (REG-9).
type Certification struct {
	Facts       registration.Facts
	Credentials *pb.Credentials
	CSR         []byte // PKCS #10, DER, as the enclave signed it
	Roots       []byte // of the organisations (protocol.CertificateRoots)
}

// NotCertified is the refusal of an enclave that has no certificate yet. It names
// what certifying it takes at a Fabric CA server: the enclave's id and its unit, out
// of credentials that nobody needs to have verified.
func NotCertified(credentials *pb.Credentials) error {
	c, err := protocol.CredentialsFromPB(stepCertify, credentials)
	if err != nil {
		return err
	}
	id, unit := c.EnclaveID(), unitOf(c.Data)
	return protocol.Errorf(stepCertify, protocol.CodeNotCertified, "enclave %s, unit %s, is initialised and has no certificate yet, and no CA is named", id, unit).
		WithHint("name the organisation's CA with --ca-cert and --ca-key, or have its operator run: fpc enclave certify; at a Fabric CA server, named with --fabric-ca, its operator registers the enclave first: " +
			strings.Join(FabricCACommands(id, unit), "; "))
}

// unitOf is the organisational unit of an enclave's certificate.
func unitOf(data *pb.AttestedData) string {
	return protocol.EnclaveOU(data.GetChannelHash(), data.GetCcParams().GetChaincodeId(), data.GetCcParams().GetVersion())
}

// Verify holds the enclave's evidence against all of REG-12's checks, as the
// operator of a CA does before the enclave is registered or certified there: what an
// administrator of enclaves says counts for nothing. Codes: those of REG-12, and
// wrong_mode.
func (c Certification) Verify() (*registration.Enclave, error) {
	enclave, err := registration.Check(stepCertify, c.Facts, c.Credentials)
	if err != nil {
		return nil, err
	}
	if enclave.Mode != protocol.ModeFull {
		return nil, protocol.Errorf(stepCertify, protocol.CodeWrongMode, "enclaves of %s endorse nothing: its definition is of mode %s", c.Facts.Definition.GetChaincodeId(), enclave.Mode)
	}
	return enclave, nil
}

// Certify has the authority certify the enclave, but only if its evidence passes
// [Certification.Verify], and if it asks for its own attested key. It returns the
// certificate, PEM, verified.
func (c Certification) Certify(ctx context.Context, authority Authority) ([]byte, error) {
	enclave, err := c.Verify()
	if err != nil {
		return nil, err
	}
	if err := ownKey(c.CSR, enclave); err != nil {
		return nil, protocol.Errorf(stepCertify, protocol.CodeWrongEnclave, "certificate request: %w", err)
	}
	certificate, err := authority.Issue(ctx, c.CSR, enclave.EnclaveID(), []string{roleClient, unitOf(enclave.Data)})
	if err != nil {
		return nil, err
	}
	return certificate, enclave.CheckCertificate(stepCertify, certificate, c.Roots)
}

// Certify runs REG-9 at a host: the enclave's request, the authority's certificate,
// which the enclave then keeps. It returns the credentials with it.
func (h Host) Certify(ctx context.Context, c Certification, authority Authority, recorder trace.Recorder) (*pb.Credentials, error) {
	received := func(from, to, what string) {
		if recorder != nil {
			recorder.Record(trace.Event{Step: stepCertify, From: from, To: to, What: what})
		}
	}
	var err error
	if c.CSR, err = h.CertificateRequest(ctx); err != nil {
		return nil, err
	}
	received("stub", "admin", "certificate request")
	received("admin", "ca", "certify")
	certificate, err := c.Certify(ctx, authority)
	if err != nil {
		return nil, err
	}
	received("ca", "admin", "certificate")
	return h.InstallCertificate(ctx, certificate)
}

// ownKey demands a request for the attested Enclave_VK, signed with its key.
func ownKey(der []byte, enclave *registration.Enclave) error {
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	if err := csr.CheckSignature(); err != nil {
		return err
	}
	if !bytes.Equal(csr.RawSubjectPublicKeyInfo, enclave.EnclaveVK.DER()) {
		return errors.New("it is for another key than the attested Enclave_VK")
	}
	return nil
}
