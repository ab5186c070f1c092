// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// systemChaincodes are names that no chaincode may have.
var systemChaincodes = []string{"cscc", "escc", "lscc", "qscc", "vscc"}

// Validate checks name, version and collections as a peer does before an
// approval or a commit, in Fabric's words; the collections also against those
// of the committed definition, which it reads. Errors are *Error.
func (d Definition) Validate(msps *msp.Manager, public Readable) error {
	if err := CheckName(d.Name); err != nil {
		return err
	}
	if err := CheckVersion(d.Version); err != nil {
		return err
	}
	collections, err := staticCollections(d.Collections)
	if err != nil {
		return err
	}
	if err := checkCollections(collections, msps); err != nil {
		return err
	}
	committed, err := Query(d.Name, public)
	var none NotDefinedError
	if errors.As(err, &none) {
		return nil
	}
	if err != nil {
		return within(err, "could not retrieve committed definition for chaincode '%s'", d.Name)
	}
	return checkSuccessors(collections, committed.Collections)
}

// CheckName says whether a chaincode may have this name: words of letters and
// digits, joined by single dashes or underscores. Errors are *Error.
func CheckName(name string) error {
	ok := name != "" && alphanumeric(name[len(name)-1])
	joint := true // a joint may not come first, nor after another
	for _, c := range []byte(name) {
		isJoint := c == '-' || c == '_'
		ok = ok && (alphanumeric(c) || isJoint && !joint)
		joint = isJoint
	}
	if !ok {
		return fail(CodeBadName, nil, "invalid chaincode name '%s'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics", name)
	}
	if slices.Contains(systemChaincodes, name) {
		return fail(CodeBadName, nil, "chaincode name '%s' is the name of a system chaincode", name)
	}
	return nil
}

// CheckVersion says whether a definition may have this version. Errors are
// *Error.
func CheckVersion(version string) error {
	ok := version != ""
	for _, c := range []byte(version) {
		ok = ok && (alphanumeric(c) || c == '_' || c == '.' || c == '+' || c == '-')
	}
	if !ok {
		return fail(CodeBadVersion, nil, "invalid chaincode version '%s'. Versions can only consist of alphanumerics, '_', '-', '+', and '.'", version)
	}
	return nil
}

func badCollection(format string, args ...any) error {
	return fail(CodeBadCollections, nil, format, args...)
}

func staticCollections(p *peer.CollectionConfigPackage) ([]*peer.StaticCollectionConfig, error) {
	var all []*peer.StaticCollectionConfig
	for _, c := range p.GetConfig() {
		static := c.GetStaticCollectionConfig()
		if static == nil {
			return nil, badCollection("collection configuration is empty")
		}
		all = append(all, static)
	}
	return all, nil
}

func checkCollections(collections []*peer.StaticCollectionConfig, msps *msp.Manager) error {
	seen := make(map[string]bool)
	for _, c := range collections {
		switch {
		case !collectionName(c.Name):
			return badCollection("invalid collection name '%s'. Names can only consist of alphanumerics, '_', and '-' and cannot begin with '_'", c.Name)
		case seen[c.Name]:
			return badCollection("collection-name: %s -- found duplicate in collection configuration", c.Name)
		case c.MaximumPeerCount < c.RequiredPeerCount:
			return badCollection("collection-name: %s -- maximum peer count (%d) cannot be less than the required peer count (%d)", c.Name, c.MaximumPeerCount, c.RequiredPeerCount)
		case c.RequiredPeerCount < 0:
			return badCollection("collection-name: %s -- requiredPeerCount (%d) cannot be less than zero", c.Name, c.RequiredPeerCount)
		}
		seen[c.Name] = true
		if err := checkMembers(c, msps); err != nil {
			return err
		}
	}
	return nil
}

func collectionName(name string) bool {
	ok := name != "" && name[0] != '_'
	for _, c := range []byte(name) {
		ok = ok && (alphanumeric(c) || c == '_' || c == '-')
	}
	return ok
}

// checkMembers: the members of a collection are named by one OR over
// organisations of the channel.
func checkMembers(c *peer.StaticCollectionConfig, msps *msp.Manager) error {
	if c.MemberOrgsPolicy == nil {
		return badCollection("collection member policy is not set for collection '%s'", c.Name)
	}
	members := c.MemberOrgsPolicy.GetSignaturePolicy()
	if members == nil {
		return badCollection("collection member org policy is empty for collection '%s'", c.Name)
	}
	if _, err := policy.Compile(members, msps); err != nil {
		return fail(CodeBadCollections, err, "invalid member org policy for collection '%s'", c.Name)
	}
	if n, ok := onlyOr(members.Rule); !ok {
		return badCollection("collection-name: %s -- error in member org policy: signature policy is not an OR concatenation, NOutOf %d", c.Name, n)
	}
	for _, p := range members.Identities {
		if err := checkMember(c.Name, p, msps); err != nil {
			return err
		}
	}
	return nil
}

// onlyOr says whether a rule is made of ORs alone, or else the first other N of
// its N-out-of rules. The policy compiled, so its depth is bounded.
func onlyOr(rule *common.SignaturePolicy) (n int32, ok bool) {
	some := rule.GetNOutOf()
	if some == nil {
		return 0, true
	}
	if some.N != 1 {
		return some.N, false
	}
	for _, r := range some.Rules {
		if n, ok := onlyOr(r); !ok {
			return n, false
		}
	}
	return 0, true
}

func checkMember(collection string, p *common.MSPPrincipal, msps *msp.Manager) error {
	var id string
	switch p.PrincipalClassification {
	case common.MSPPrincipal_ROLE:
		role := &common.MSPRole{}
		if err := proto.Unmarshal(p.Principal, role); err != nil {
			return fail(CodeBadCollections, err, "collection-name: %s -- cannot unmarshal identity bytes into MSPRole", collection)
		}
		id = role.MspIdentifier
	case common.MSPPrincipal_ORGANIZATION_UNIT:
		ou := &common.OrganizationUnit{}
		if err := proto.Unmarshal(p.Principal, ou); err != nil {
			return fail(CodeBadCollections, err, "collection-name: %s -- cannot unmarshal identity bytes into OrganizationUnit", collection)
		}
		id = ou.MspIdentifier
	case common.MSPPrincipal_IDENTITY:
		if _, err := msps.Present(p.Principal); err != nil {
			return badCollection("collection-name: %s -- contains an identity that is not part of the channel", collection)
		}
		return nil
	default:
		return badCollection("collection-name: %s -- principal type %v is not supported", collection, p.PrincipalClassification)
	}
	if _, ok := msps.MSP(id); !ok {
		return badCollection("collection-name: %s -- collection member '%s' is not part of the channel", collection, id)
	}
	return nil
}

// checkSuccessors: collections once defined stay, with their lifetime.
func checkSuccessors(proposed []*peer.StaticCollectionConfig, committed *peer.CollectionConfigPackage) error {
	if len(committed.GetConfig()) == 0 {
		return nil
	}
	if len(proposed) == 0 {
		return badCollection("the proposed collection config does not contain previously defined collections")
	}
	for _, c := range committed.Config {
		was := c.GetStaticCollectionConfig()
		if was == nil {
			return badCollection("unknown collection configuration type")
		}
		i := slices.IndexFunc(proposed, func(p *peer.StaticCollectionConfig) bool { return p.Name == was.Name })
		if i < 0 {
			return badCollection("existing collection [%s] missing in the proposed collection configuration", was.Name)
		}
		if proposed[i].BlockToLive != was.BlockToLive {
			return badCollection("the BlockToLive in an existing collection [%s] modified. Existing value [%d]", was.Name, was.BlockToLive)
		}
	}
	return nil
}
