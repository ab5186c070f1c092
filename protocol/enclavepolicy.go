// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Mode is how a chaincode's results reach the ledger. The committed definition's
// endorsement policy alone tells it.
type Mode string

// The modes.
const (
	ModeLite Mode = "lite" // peers replay what one enclave signed (VAL-1 to VAL-5)
	ModeFull Mode = "full" // enclaves endorse (VAL-6, VAL-7)
)

// CodeBadEnclavePolicy: the endorsement policy of a definition names enclaves, but
// not only this definition's, or nobody has to endorse at all.
const CodeBadEnclavePolicy Code = "bad_enclave_policy"

// enclaveOUPrefix begins every [EnclaveOU]; no other unit may begin so.
const enclaveOUPrefix = "fpc-"

// EnclavePolicy reads the endorsement policy of a committed definition, a
// serialised ApplicationPolicy. In Full mode it returns the policy, each of whose
// principals is an enclave of exactly this channel, chaincode and version: an
// ORGANIZATION_UNIT with their [EnclaveOU], or the IDENTITY of a certificate that
// carries it. A policy that names no enclaves is one of Lite mode, and nil is
// returned with it.
//
// Between the two there is nothing: a policy that a peer could help to satisfy, or
// enclaves of another version, is refused with [CodeBadEnclavePolicy].
func EnclavePolicy(step string, applicationPolicy, channelHash []byte, chaincodeID, version string) (Mode, *common.SignaturePolicyEnvelope, error) {
	application := &peer.ApplicationPolicy{}
	if err := UnmarshalFabric(step, "endorsement policy", applicationPolicy, application); err != nil {
		return "", nil, err
	}
	envelope := application.GetSignaturePolicy()
	own, foreign := 0, 0
	unit := EnclaveOU(channelHash, chaincodeID, version)
	for _, p := range envelope.GetIdentities() {
		units, bound := principalUnits(p)
		switch {
		case bound && slices.Contains(units, unit):
			own++
		case slices.ContainsFunc(units, func(u string) bool { return strings.HasPrefix(u, enclaveOUPrefix) }):
			foreign++
		}
	}
	bad := func(format string, args ...any) (Mode, *common.SignaturePolicyEnvelope, error) {
		return "", nil, Errorf(step, CodeBadEnclavePolicy, "endorsement policy of %s: "+format, append([]any{chaincodeID}, args...)...)
	}
	switch all := len(envelope.GetIdentities()); {
	case own == 0 && foreign == 0:
		return ModeLite, nil, nil
	case foreign > 0:
		return bad("%d of its %d principals are enclaves of another version, chaincode or channel, or of any issuer", foreign, all)
	case own < all:
		return bad("%d of its %d principals are not enclaves of this definition", all-own, all)
	}
	needed, err := leastSignatures(envelope.GetRule(), len(envelope.GetIdentities()), 0)
	if err != nil {
		return bad("%w", err)
	}
	if needed == 0 {
		return bad("it holds without any endorsement")
	}
	return ModeFull, envelope, nil
}

// EnclaveKeyPolicy reads a key's own endorsement policy, a serialised
// SignaturePolicyEnvelope, and demands that nobody but enclaves of exactly this
// channel, chaincode and version satisfies it, by their organisation unit (EX-5):
// who may write a key could otherwise put an old value back.
//
// Codes: malformed, too_large, bad_enclave_policy.
func EnclaveKeyPolicy(step string, keyPolicy, channelHash []byte, chaincodeID, version string) (*common.SignaturePolicyEnvelope, error) {
	envelope := &common.SignaturePolicyEnvelope{}
	if err := UnmarshalFabric(step, "policy", keyPolicy, envelope); err != nil {
		return nil, err
	}
	application, err := marshal(&peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_SignaturePolicy{SignaturePolicy: envelope}})
	if err != nil {
		return nil, Errorf(step, CodeInternal, "encode the policy: %w", err)
	}
	mode, _, err := EnclavePolicy(step, application, channelHash, chaincodeID, version)
	if err != nil || mode != ModeFull {
		return nil, Errorf(step, CodeBadEnclavePolicy, "the policy is not one of this definition's enclaves only")
	}
	for _, p := range envelope.GetIdentities() {
		if p.GetPrincipalClassification() != common.MSPPrincipal_ORGANIZATION_UNIT {
			return nil, Errorf(step, CodeBadEnclavePolicy, "the policy names a certificate, not the enclaves' organisation unit")
		}
	}
	return envelope, nil
}

// principalUnits returns the organisation units that satisfy the principal or
// that its certificate carries, none for other kinds, and whether the principal is
// bound to an issuer, as it must be.
func principalUnits(p *common.MSPPrincipal) (units []string, bound bool) {
	switch p.GetPrincipalClassification() {
	case common.MSPPrincipal_ORGANIZATION_UNIT:
		ou := &common.OrganizationUnit{}
		if proto.Unmarshal(p.GetPrincipal(), ou) != nil {
			return nil, false
		}
		return []string{ou.GetOrganizationalUnitIdentifier()}, len(ou.GetCertifiersIdentifier()) != 0
	case common.MSPPrincipal_IDENTITY:
		_, certPEM, err := msp.ParseSerialized(p.GetPrincipal())
		if err != nil {
			return nil, false
		}
		block, _ := pem.Decode(certPEM)
		if block == nil {
			return nil, false
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, false
		}
		return cert.Subject.OrganizationalUnit, true
	}
	return nil, false
}

// PrincipalMSP returns the organisation of an enclave policy's principal, empty
// for kinds that such a policy does not have.
func PrincipalMSP(p *common.MSPPrincipal) string {
	switch p.GetPrincipalClassification() {
	case common.MSPPrincipal_ORGANIZATION_UNIT:
		ou := &common.OrganizationUnit{}
		if proto.Unmarshal(p.GetPrincipal(), ou) != nil {
			return ""
		}
		return ou.GetMspIdentifier()
	case common.MSPPrincipal_IDENTITY:
		mspID, _, err := msp.ParseSerialized(p.GetPrincipal())
		if err != nil {
			return ""
		}
		return mspID
	}
	return ""
}

// maxPolicyDepth bounds how deep an enclave policy's gates nest.
const maxPolicyDepth = 32

// leastSignatures returns how few signatures can satisfy a rule, unsatisfiable
// for a rule that nothing satisfies.
func leastSignatures(rule *common.SignaturePolicy, principals, depth int) (int, error) {
	const unsatisfiable = 1 << 20
	if depth > maxPolicyDepth {
		return 0, fmt.Errorf("it nests more than %d deep", maxPolicyDepth)
	}
	switch kind := rule.GetType().(type) {
	case *common.SignaturePolicy_SignedBy:
		if kind.SignedBy < 0 || int(kind.SignedBy) >= principals {
			return 0, fmt.Errorf("it asks for principal %d and lists %d", kind.SignedBy, principals)
		}
		return 1, nil
	case *common.SignaturePolicy_NOutOf_:
		var least []int
		for _, sub := range kind.NOutOf.GetRules() {
			n, err := leastSignatures(sub, principals, depth+1)
			if err != nil {
				return 0, err
			}
			least = append(least, n)
		}
		slices.Sort(least)
		n := int(kind.NOutOf.GetN())
		if n > len(least) {
			return unsatisfiable, nil
		}
		sum := 0
		for _, l := range least[:max(n, 0)] {
			sum = min(sum+l, unsatisfiable)
		}
		return sum, nil
	default:
		return 0, fmt.Errorf("a part of it is empty or of an unknown kind")
	}
}

// CompileEnclavePolicy makes the endorsement policy of a Full definition, a
// serialised ApplicationPolicy, from a text of the policy language such as
// OutOf(2,'Org1MSP.enclave','Org2MSP.enclave'). Every principal must be an
// enclave. certifiers gives the certifiers identifier of an organisation's CA
// that certifies enclaves ([msp.CertifiersIdentifier], [msp.MSP.Issuers]), so that
// no other CA's certificates count.
func CompileEnclavePolicy(text string, channelHash []byte, chaincodeID, version string,
	certifiers func(mspID string) ([]byte, error),
) ([]byte, error) {
	unit := EnclaveOU(channelHash, chaincodeID, version)
	return compileEnclaves(text, channelHash, chaincodeID, version, func(mspID string) (*common.MSPPrincipal, error) {
		id, err := certifiers(mspID)
		if err != nil {
			return nil, err
		}
		return msp.OUPrincipal(mspID, unit, id), nil
	})
}

// CompilePinnedPolicy is [CompileEnclavePolicy] with exact certificates in place
// of units: certificate gives the serialised identity of an organisation's
// enclave. Each new enclave then needs a new sequence of the definition.
func CompilePinnedPolicy(text string, channelHash []byte, chaincodeID, version string,
	identity func(mspID string) ([]byte, error),
) ([]byte, error) {
	return compileEnclaves(text, channelHash, chaincodeID, version, func(mspID string) (*common.MSPPrincipal, error) {
		serialized, err := identity(mspID)
		if err != nil {
			return nil, err
		}
		return msp.IdentityPrincipal(serialized), nil
	})
}

func compileEnclaves(text string, channelHash []byte, chaincodeID, version string, principal policy.EnclavePrincipal) ([]byte, error) {
	const step = "LC-3"
	envelope, err := policy.ParseEnclaves(text, principal)
	if err != nil {
		return nil, Wrap(step, CodeBadEnclavePolicy, err)
	}
	b, err := marshal(&peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_SignaturePolicy{SignaturePolicy: envelope}})
	if err != nil {
		return nil, Errorf(step, CodeInternal, "encode the endorsement policy: %w", err)
	}
	mode, _, err := EnclavePolicy(step, b, channelHash, chaincodeID, version)
	if err != nil {
		return nil, err
	}
	if mode != ModeFull {
		return nil, Errorf(step, CodeBadEnclavePolicy, "endorsement policy of %s names no enclaves", chaincodeID)
	}
	return b, nil
}
