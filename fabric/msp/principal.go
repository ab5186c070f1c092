// SPDX-License-Identifier: Apache-2.0

package msp

import (
	"bytes"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Satisfies returns nil if the identity satisfies the principal. Each kind of
// principal decides, as in Fabric, whether the identity must be valid: all do,
// but a listed admin and NOMINAL anonymity.
func (p *Presented) Satisfies(principal *common.MSPPrincipal) error {
	switch kind := principal.GetPrincipalClassification(); kind {
	case common.MSPPrincipal_ROLE:
		return p.satisfiesRole(principal.GetPrincipal())
	case common.MSPPrincipal_ORGANIZATION_UNIT:
		return p.satisfiesOU(principal.GetPrincipal())
	case common.MSPPrincipal_IDENTITY:
		return p.satisfiesIdentity(principal.GetPrincipal())
	case common.MSPPrincipal_ANONYMITY:
		return p.satisfiesAnonymity(principal.GetPrincipal())
	case common.MSPPrincipal_COMBINED:
		return p.satisfiesCombined(principal.GetPrincipal())
	default:
		return p.mismatch("unknown kind of principal %d", int32(kind))
	}
}

func (p *Presented) mismatch(format string, args ...any) error {
	return p.msp.fail(CodePrincipal, nil, format, args...)
}

func (p *Presented) satisfiesRole(principal []byte) error {
	role := &common.MSPRole{}
	if err := proto.Unmarshal(principal, role); err != nil {
		return p.mismatch("malformed role principal")
	}
	if role.GetMspIdentifier() != p.msp.id {
		return p.mismatch("the principal is of MSP %q", role.GetMspIdentifier())
	}
	// Setup checked the listed admins, and so they stay admins under any
	// circumstances, a later revocation of the same configuration included.
	if role.GetRole() == common.MSPRole_ADMIN && p.msp.isListedAdmin(p) {
		return nil
	}
	ou, err := p.msp.roleOU(role.GetRole())
	if err != nil {
		return err
	}
	if _, err := p.Validate(); err != nil {
		return err
	}
	if role.GetRole() != common.MSPRole_MEMBER && !p.hasRole(ou) {
		return p.mismatch("the identity is no %s", role.GetRole())
	}
	return nil
}

// roleOU returns the OU that an identity of a role must carry: none for members.
func (m *MSP) roleOU(role common.MSPRole_MSPRoleType) (*OU, error) {
	var ou *OU
	switch role {
	case common.MSPRole_MEMBER:
		return nil, nil
	case common.MSPRole_ADMIN:
		ou = m.nodeOUs.admin
	case common.MSPRole_CLIENT:
		ou = m.nodeOUs.client
	case common.MSPRole_PEER:
		ou = m.nodeOUs.peer
	case common.MSPRole_ORDERER:
		ou = m.nodeOUs.orderer
	default:
		return nil, m.fail(CodePrincipal, nil, "unknown role %d", int32(role))
	}
	if !m.nodeOUs.enforced || ou == nil {
		return nil, m.fail(CodePrincipal, nil, "the MSP does not tell %ss apart", role)
	}
	return ou, nil
}

func (p *Presented) satisfiesOU(principal []byte) error {
	ou := &common.OrganizationUnit{}
	if err := proto.Unmarshal(principal, ou); err != nil {
		return p.mismatch("malformed organizational unit principal")
	}
	if ou.GetMspIdentifier() != p.msp.id {
		return p.mismatch("the principal is of MSP %q", ou.GetMspIdentifier())
	}
	if _, err := p.Validate(); err != nil {
		return err
	}
	for _, unit := range p.OUs() {
		if unit.Name == ou.GetOrganizationalUnitIdentifier() && bytes.Equal(unit.CertifiersIdentifier, ou.GetCertifiersIdentifier()) {
			return nil
		}
	}
	return p.mismatch("the identity does not carry the organizational unit %q of that issuer", ou.GetOrganizationalUnitIdentifier())
}

func (p *Presented) satisfiesIdentity(principal []byte) error {
	other, err := p.msp.Present(principal)
	if err != nil {
		return p.msp.fail(CodePrincipal, err, "identity principal")
	}
	if !bytes.Equal(other.cert.Raw, p.cert.Raw) {
		return p.mismatch("the certificates differ")
	}
	_, err = p.Validate()
	return err
}

func (p *Presented) satisfiesAnonymity(principal []byte) error {
	anonymity := &common.MSPIdentityAnonymity{}
	if err := proto.Unmarshal(principal, anonymity); err != nil {
		return p.mismatch("malformed anonymity principal")
	}
	switch kind := anonymity.GetAnonymityType(); kind {
	case common.MSPIdentityAnonymity_NOMINAL:
		return nil // every certificate names its subject
	case common.MSPIdentityAnonymity_ANONYMOUS:
		return p.mismatch("a certificate is never anonymous")
	default:
		return p.mismatch("unknown kind of anonymity %d", int32(kind))
	}
}

// maxCombined bounds how deep combined principals nest. Fabric has no bound of
// its own; each level costs at least four bytes and protobuf's decoder work, and
// no tool writes more than one.
const maxCombined = 100

func (p *Presented) satisfiesCombined(principal []byte) error {
	all, err := flatten(principal, 0)
	if err != nil {
		return p.msp.fail(CodePrincipal, err, "combined principal")
	}
	for _, single := range all {
		if err := p.Satisfies(single); err != nil {
			return err
		}
	}
	return nil
}

// flatten lists the principals inside a combined one. All of it must be well
// formed before any part is judged.
func flatten(principal []byte, depth int) ([]*common.MSPPrincipal, error) {
	if depth >= maxCombined {
		return nil, fmt.Errorf("nested more than %d deep", maxCombined)
	}
	combined := &common.CombinedPrincipal{}
	if err := proto.Unmarshal(principal, combined); err != nil {
		return nil, err
	}
	if len(combined.GetPrincipals()) == 0 {
		return nil, fmt.Errorf("it combines nothing")
	}
	var all []*common.MSPPrincipal
	for _, single := range combined.GetPrincipals() {
		if single.GetPrincipalClassification() != common.MSPPrincipal_COMBINED {
			all = append(all, single)
			continue
		}
		inner, err := flatten(single.GetPrincipal(), depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, inner...)
	}
	return all, nil
}

// RolePrincipal is the principal "has this role in this MSP".
func RolePrincipal(mspID string, role common.MSPRole_MSPRoleType) *common.MSPPrincipal {
	return principal(common.MSPPrincipal_ROLE, &common.MSPRole{MspIdentifier: mspID, Role: role})
}

// OUPrincipal is the principal "carries this OU, certified by this CA chain".
func OUPrincipal(mspID, ou string, certifiersIdentifier []byte) *common.MSPPrincipal {
	return principal(common.MSPPrincipal_ORGANIZATION_UNIT, &common.OrganizationUnit{
		MspIdentifier: mspID, OrganizationalUnitIdentifier: ou, CertifiersIdentifier: certifiersIdentifier,
	})
}

// IdentityPrincipal is the principal "is exactly this identity".
func IdentityPrincipal(serialized []byte) *common.MSPPrincipal {
	return &common.MSPPrincipal{PrincipalClassification: common.MSPPrincipal_IDENTITY, Principal: serialized}
}

// principal wraps a message; one with strings that are not UTF-8 becomes an
// empty principal, which nobody satisfies.
func principal(kind common.MSPPrincipal_Classification, m proto.Message) *common.MSPPrincipal {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return &common.MSPPrincipal{PrincipalClassification: kind}
	}
	return &common.MSPPrincipal{PrincipalClassification: kind, Principal: b}
}
