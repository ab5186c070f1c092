// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// policyInWords is a definition's endorsement policy as --signature-policy and
// --channel-config-policy take it, and below it who the enclaves in it are.
func policyInWords(parameter []byte) []string {
	const head = "Endorsement policy: "
	application := &peer.ApplicationPolicy{}
	if err := proto.Unmarshal(parameter, application); err != nil {
		return []string{head + "it does not decode; -O json shows its bytes"}
	}
	if reference := application.GetChannelConfigPolicyReference(); reference != "" {
		return []string{head + reference + " of the channel's configuration"}
	}
	envelope := application.GetSignaturePolicy()
	text, err := policy.FormatNamed(envelope, enclavePrincipal)
	var why *policy.Error
	if errors.As(err, &why) {
		return []string{head + why.Reason + "; -O json shows its bytes"}
	}
	lines := []string{head + text}
	for _, p := range envelope.GetIdentities() {
		if who := enclaveInWords(p); who != "" && !slices.Contains(lines, who) {
			lines = append(lines, who)
		}
	}
	return lines
}

// enclavePrincipal names an enclave as --signature-policy does; it is empty for
// other principals.
func enclavePrincipal(p *common.MSPPrincipal) string {
	if enclaveInWords(p) == "" {
		return ""
	}
	return "'" + protocol.PrincipalMSP(p) + ".enclave'"
}

// enclaveInWords says which certificates an enclave's principal accepts; it is
// empty for other principals.
func enclaveInWords(p *common.MSPPrincipal) string {
	name := "  '" + protocol.PrincipalMSP(p) + ".enclave': "
	switch p.GetPrincipalClassification() {
	case common.MSPPrincipal_ORGANIZATION_UNIT:
		unit := &common.OrganizationUnit{}
		if proto.Unmarshal(p.GetPrincipal(), unit) != nil || !strings.HasPrefix(unit.GetOrganizationalUnitIdentifier(), privateVersion) {
			return ""
		}
		issuer := "of any issuer"
		if chain := unit.GetCertifiersIdentifier(); len(chain) != 0 {
			issuer = fmt.Sprintf("issued by the CA with the certifiers identifier %x", chain)
		}
		return name + "certificates of the unit " + unit.GetOrganizationalUnitIdentifier() + ", " + issuer
	case common.MSPPrincipal_IDENTITY:
		_, raw, err := msp.ParseSerialized(p.GetPrincipal())
		block, _ := pem.Decode(raw)
		if err != nil || block == nil {
			return ""
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return ""
		}
		return fmt.Sprintf("%sthe certificate with the SHA-256 %x, of the unit %s", name, sha256.Sum256(cert.Raw), strings.Join(cert.Subject.OrganizationalUnit, ", "))
	}
	return ""
}
