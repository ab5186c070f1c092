// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"context"
	"crypto/x509/pkix"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

const stepCertificate = "REG-9"

// roleClient is the NodeOU of an enclave's certificate: an enclave must not pass
// for a peer.
const roleClient = "client"

// CertificateRequest signs the request with which the organisation's CA certifies
// Enclave_VK as an endorser of this chaincode (REG-9).
//
// Codes: not_initialised, wrong_mode.
func (e *Enclave) CertificateRequest(context.Context, *fpc.CertificateRequest) (*fpc.CertificateResponse, error) {
	s, err := e.inFull(stepCertificate)
	if err != nil {
		return nil, err
	}
	csr, err := s.sk.CertificateRequest(pkix.Name{CommonName: s.id, OrganizationalUnit: []string{roleClient, s.enclaveOU()}})
	if err != nil {
		return nil, protocol.Errorf(stepCertificate, protocol.CodeInternal, "%w", err)
	}
	var log steps
	log.add(stepCertificate, stub, enclave, "sign certificate request")
	return &fpc.CertificateResponse{Csr: csr, Steps: log}, nil
}

// InstallCertificate takes what the CA issued: over Enclave_VK, with this
// chaincode's organisation unit and the role of a client, under the attested MSP
// of the enclave's own organisation. A later one replaces it.
//
// Codes: not_initialised, wrong_mode, malformed, wrong_enclave,
// wrong_certificate.
func (e *Enclave) InstallCertificate(ctx context.Context, req *fpc.InstallCertificateRequest) (*fpc.InstallCertificateResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old, err := e.inFull(stepCertificate)
	if err != nil {
		return nil, err
	}
	cert, err := protocol.CheckEnclaveCertificate(stepCertificate, req.GetCertificate(), old.vk.DER(), old.enclaveOU())
	if err != nil {
		return nil, err
	}
	next := *old
	next.full = old.certify(cert.Raw)
	if err := next.checkEndorser(); err != nil {
		return nil, err
	}
	sealed, err := e.become(ctx, &next)
	if err != nil {
		return nil, err
	}
	var log steps
	log.add(stepCertificate, stub, enclave, "install certificate")
	return &fpc.InstallCertificateResponse{SealedState: sealed, Steps: log}, nil
}

// checkEndorser holds the endorser's identity to the attested MSP of the host's
// organisation, as peers will.
func (s *state) checkEndorser() error {
	id, err := s.members.cache.Identity(s.full.endorser)
	if err != nil {
		return protocol.Errorf(stepCertificate, protocol.CodeWrongCertificate, "%s does not vouch for the certificate: %w", s.host.GetMspId(), err)
	}
	if err := id.Satisfies(msp.RolePrincipal(s.host.GetMspId(), common.MSPRole_CLIENT)); err != nil {
		return protocol.Errorf(stepCertificate, protocol.CodeWrongCertificate, "the certificate's role is not client: %w", err)
	}
	return nil
}

// enclaveOU is the organisation unit of this chaincode's enclaves.
func (s *state) enclaveOU() string {
	return protocol.EnclaveOU(s.channelHash, s.params.GetChaincodeId(), s.params.GetVersion())
}

// inFull returns the state, or refuses a step that Lite does not have.
func (e *Enclave) inFull(step string) (*state, error) {
	s, err := e.initialised(step)
	if err == nil && s.full == nil {
		err = protocol.Errorf(step, protocol.CodeWrongMode, "enclave %.12s is of Lite mode", s.id)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}
