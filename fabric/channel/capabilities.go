// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"maps"
	"slices"

	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Capabilities are the capability names of the channel's three groups, sorted.
type Capabilities struct {
	Channel, Orderer, Application []string
}

// Capabilities that Fabric ever defined. A channel that requires another one
// has rules we do not know, and is refused.
var (
	channelCapabilities     = []string{"V1_1", "V1_3", "V1_4_2", "V1_4_3", "V2_0", "V3_0"}
	ordererCapabilities     = []string{"V1_1", "V1_4_2", "V2_0"}
	applicationCapabilities = []string{
		"V1_1", "V1_2", "V1_3", "V1_4_2", "V2_0", "V2_5",
		"V1_1_PVTDATA_EXPERIMENTAL", "V1_1_RESOURCETREE_EXPERIMENTAL",
	}
)

// Of each group one of these must be there: without, older rules apply to
// memberships, to the ordering service's configuration and to validation.
var (
	modernChannel     = []string{"V1_4_3", "V2_0", "V3_0"}
	modernApplication = []string{"V2_0", "V2_5"}
)

const channelV3 = "V3_0"

func capabilityNames(m *common.Capabilities) []string {
	return slices.Sorted(maps.Keys(m.GetCapabilities()))
}

func (c Capabilities) check() error {
	for _, g := range []struct {
		path          string
		have          []string
		known, modern []string
	}{
		{"/Channel/Capabilities", c.Channel, channelCapabilities, modernChannel},
		{"/Channel/Orderer/Capabilities", c.Orderer, ordererCapabilities, nil},
		{"/Channel/Application/Capabilities", c.Application, applicationCapabilities, modernApplication},
	} {
		modern := g.modern == nil
		for _, name := range g.have {
			if !slices.Contains(g.known, name) {
				return fail(CodeUnknown, g.path, nil, "capability %s is unknown", name)
			}
			modern = modern || slices.Contains(g.modern, name)
		}
		if !modern {
			return fail(CodeTooOld, g.path, nil, "needs one of %v, has %v", g.modern, g.have)
		}
	}
	return nil
}
