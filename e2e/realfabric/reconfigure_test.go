// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"fmt"
	"time"

	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// reconfigure changes the channel between two rounds: how blocks are cut, a rule by
// which organisations endorse, or who is revoked. What was endorsed before comes
// after it, too.
func (g *generator) reconfigure(count int) {
	f := g.f
	t, orgs := f.t, f.n.Orgs
	var (
		change func(*common.ConfigGroup)
		signer msp.Signer
	)
	switch turn := count / 3; count % 3 { // each turn differs from the one before
	case 0:
		change, signer = setBatchTimeout(t, fmt.Sprintf("%dms", 40+10*(turn%5))), f.n.ordererAdmin(t)
	case 1:
		rule := []string{"OR('Org3MSP.peer','Org3MSP.client')", "OR('Org3MSP.member')", "OR('Org3MSP.peer')"}[turn%3]
		change, signer = edited(t, channel.SetPolicy("/Channel/Application/Org3/Endorsement", rule)), orgs[2].Admin
	case 2:
		name := fmt.Sprintf("second%d", len(g.seconds))
		second := f.n.newMember(t, 1, name, ca.RolePeer)
		if len(g.seconds) == 0 {
			g.seconds = append(g.seconds, second)
			return
		}
		change, signer = edited(t, channel.SetCRLs("Org2MSP", g.revoked())), orgs[1].Admin
		g.seconds = append(g.seconds, second)
	}
	f.take(f.submit(f.configUpdate(change, []msp.Signer{signer})))
}

// revoked lists all second peers there have been.
func (g *generator) revoked() []byte {
	var certificates [][]byte
	for _, member := range g.seconds {
		_, certificate, err := msp.ParseSerialized(member.Creator())
		g.forger.must(err)
		certificates = append(certificates, certificate)
	}
	list, err := g.f.n.orgs[1].CA.Revoke(int64(len(certificates)), time.Now(), certificates...)
	g.forger.must(err)
	return list
}
