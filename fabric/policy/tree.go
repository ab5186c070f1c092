// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Paths of the policies that Fabric's own components evaluate.
const (
	ChannelReaders       = "/Channel/Readers"
	ChannelWriters       = "/Channel/Writers"
	ChannelAdmins        = "/Channel/Admins"
	ApplicationReaders   = "/Channel/Application/Readers"
	ApplicationWriters   = "/Channel/Application/Writers"
	ApplicationAdmins    = "/Channel/Application/Admins"
	Endorsement          = "/Channel/Application/Endorsement"
	LifecycleEndorsement = "/Channel/Application/LifecycleEndorsement"
	BlockValidation      = "/Channel/Orderer/BlockValidation"
	OrdererAdmins        = "/Channel/Orderer/Admins"
)

// Tree holds the compiled policies of a configuration group and of the groups
// below it.
type Tree struct{}

// NewTree compiles every policy of the group; root is its name ("Channel").
// Implicit meta policies refer to the policies of the direct sub-groups.
func NewTree(root string, group *common.ConfigGroup, ids msp.Resolver) (*Tree, error) {
	return nil, errors.New("policy: not implemented")
}

// Policy returns the policy at an absolute ("/Channel/Application/Writers") or
// relative ("Application/Writers") path. Where there is none it returns a policy
// that rejects everything, and false.
func (t *Tree) Policy(path string) (Policy, bool) { return nil, false }

// Group returns the sub-tree of a direct or deeper group.
func (t *Tree) Group(names ...string) (*Tree, bool) { return nil, false }
