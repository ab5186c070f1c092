// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// FuzzCompile: whatever stands in a definition or at a key as its policy, it is
// refused or judged, and nobody satisfies it by not being there.
func FuzzCompile(f *testing.F) {
	o := fpctest.NewOrg(f, "Org1MSP")
	manager, err := msp.NewManager(o.MSP())
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{"OR('Org1MSP.member')", "AND('Org1MSP.client', 'Org2MSP.peer')", "OutOf(2, 'Org1MSP.admin', OR('Org1MSP.peer', 'Org3MSP.member'))"} {
		parsed, err := policy.Parse(text)
		if err != nil {
			f.Fatal(err)
		}
		b, err := proto.Marshal(parsed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	client := o.Client()
	data := []byte("data")
	signature, err := client.Sign(data)
	if err != nil {
		f.Fatal(err)
	}
	claim := []policy.SignedData{{Data: data, Identity: client.Creator(), Signature: signature}}
	f.Fuzz(func(t *testing.T, b []byte) {
		parsed := &common.SignaturePolicyEnvelope{}
		if proto.Unmarshal(b, parsed) != nil {
			return
		}
		p, err := policy.Compile(parsed, manager)
		if err != nil {
			return
		}
		one, twice := p.Evaluate(claim), p.Evaluate(append(claim, claim...))
		if (one == nil) != (twice == nil) {
			t.Fatalf("one signature: %v; the same twice: %v", one, twice)
		}
	})
}
