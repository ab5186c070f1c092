// SPDX-License-Identifier: Apache-2.0

package msp_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// A policy of a hundred combined principals inside one another is judged, a
// deeper one is refused: each level costs its sender four bytes.
func TestAttack18NestedPrincipals(t *testing.T) {
	o := fpctest.NewOrg(t, "Org1MSP")
	id := o.Client()
	presented, err := o.MSP().Present(id.Creator())
	if err != nil {
		t.Fatal(err)
	}
	nested := o.Principal(common.MSPRole_CLIENT)
	for depth := 1; depth <= 101; depth++ {
		b, err := proto.Marshal(&common.CombinedPrincipal{Principals: []*common.MSPPrincipal{nested}})
		if err != nil {
			t.Fatal(err)
		}
		nested = &common.MSPPrincipal{PrincipalClassification: common.MSPPrincipal_COMBINED, Principal: b}
		if err := presented.Satisfies(nested); (err == nil) != (depth <= 100) {
			t.Errorf("nested %d deep: got error %v", depth, err)
		}
	}
}
