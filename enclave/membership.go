// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"
	"errors"
	"maps"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	mspb "github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/protocol"
)

// cachedCreators is how many creators' identities are kept ready.
const cachedCreators = 1024

// membership knows who may propose, from the MSP configurations that were
// attested by hash (REG-6).
type membership struct {
	configs []*mspb.FabricMSPConfig
	cache   *msp.Cache
}

// newMembership compiles the configurations. Codes: malformed, wrong_msp.
func newMembership(m *fpc.MSPConfigurations) (*membership, error) {
	configs, err := protocol.ParseMSPs(m)
	if err != nil {
		return nil, err
	}
	all := make([]*msp.MSP, len(configs))
	for i, c := range configs {
		if all[i], err = msp.New(c); err != nil {
			return nil, protocol.Errorf("REG-3", protocol.CodeWrongMSP, "configuration of MSP %q: %w", c.GetName(), err)
		}
	}
	manager, err := msp.NewManager(all...)
	if err != nil {
		return nil, protocol.Errorf("REG-3", protocol.CodeWrongMSP, "%w", err)
	}
	return &membership{configs, msp.NewCache(manager, cachedCreators)}, nil
}

// proposer returns the identity of a proposal's creator if it may propose: it is
// a valid member of one of the attested MSPs, and neither a peer nor an orderer.
// That is what Fabric's default Application/Writers policies (the ACL of
// peer/Propose) admit; a channel's own policy is not known in here. Nor is the
// time: an expired certificate passes.
//
// Codes: foreign_creator, revoked_creator.
func (m *membership) proposer(creator []byte) (*msp.Identity, error) {
	id, err := m.cache.Identity(creator)
	if err != nil {
		code := protocol.CodeForeignCreator
		var e *msp.Error
		if errors.As(err, &e) && e.Code == msp.CodeRevoked {
			code = protocol.CodeRevokedCreator
		}
		return nil, protocol.Errorf("INV-10", code, "creator: %w", err)
	}
	for _, role := range []common.MSPRole_MSPRoleType{common.MSPRole_PEER, common.MSPRole_ORDERER} {
		if id.Satisfies(msp.RolePrincipal(id.MSPID(), role)) == nil {
			return nil, protocol.Errorf("INV-10", protocol.CodeForeignCreator, "creator is a %s of %s: only clients and administrators propose", role, id.MSPID())
		}
	}
	return id, nil
}

// pinRoots returns the roots' hashes of all MSPs ever known, the new ones added,
// and refuses an MSP that is known with other roots. The enclave has no view of
// the channel, so whoever hosts it could otherwise swap an organisation's CA for
// one of his own and ask in that organisation's name. What remains possible to
// such a host is to name a new MSP (which is nobody the chaincode knows), to
// leave one out, and to hide revocations until somebody compares the attested
// hash.
func (m *membership) pinRoots(known map[string][]byte) (map[string][]byte, error) {
	pinned := maps.Clone(known)
	if pinned == nil {
		pinned = make(map[string][]byte, len(m.configs))
	}
	for _, c := range m.configs {
		roots, err := protocol.MSPRootsHash([]*mspb.FabricMSPConfig{c})
		if err != nil {
			return nil, err
		}
		if was, ok := known[c.GetName()]; ok && !bytes.Equal(was, roots) {
			return nil, protocol.Errorf("REG-15", protocol.CodeWrongMSP, "MSP %q has other root certificates than those attested before", c.GetName()).
				WithHint("an enclave in Lite cannot tell a new CA from a false one: register a new enclave")
		}
		pinned[c.GetName()] = roots
	}
	return pinned, nil
}
