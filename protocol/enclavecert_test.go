// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/protocol"
)

// Roots are those of an organisation that the hash covers, and of no other.
func TestRootsOf(t *testing.T) {
	org, other := fpctest.NewOrg(t, "Org1MSP"), fpctest.NewOrg(t, "Org2MSP")
	rooted := func(orgs ...*fpctest.Org) (roots, hash []byte) {
		t.Helper()
		var configs [][]byte
		for _, o := range orgs {
			config, err := proto.Marshal(o.MSPConfig())
			if err != nil {
				t.Fatal(err)
			}
			configs = append(configs, config)
		}
		all, err := protocol.NewMSPConfigurations(configs, 3)
		if err != nil {
			t.Fatal(err)
		}
		if roots, err = protocol.CertificateRoots(all); err != nil {
			t.Fatal(err)
		}
		parsed, err := protocol.ParseMSPs(all)
		if err != nil {
			t.Fatal(err)
		}
		if hash, err = protocol.MSPRootsHash(parsed); err != nil {
			t.Fatal(err)
		}
		return roots, hash
	}
	roots, hash := rooted(org, other)
	fewer, hashOfFewer := rooted(org)
	for _, c := range []struct {
		name        string
		roots, hash []byte
		msp         string
		want        protocol.Code
	}{
		{"of an organisation", roots, hash, "Org1MSP", ""},
		{"of another one", roots, hash, "Org2MSP", ""},
		{"of none of them", roots, hash, "Org3MSP", protocol.CodeWrongMSP},
		{"of one that was left out", fewer, hash, "Org1MSP", protocol.CodeWrongMSP},
		{"of one that is not among few", fewer, hashOfFewer, "Org2MSP", protocol.CodeWrongMSP},
		{"garbage", []byte("garbage"), hash, "Org1MSP", protocol.CodeMalformed},
	} {
		host, err := protocol.RootsOf("REG-12", c.roots, c.hash, c.msp)
		if got := protocol.CodeOf(err); got != c.want {
			t.Errorf("%s: got %v (code %q), want code %q", c.name, err, got, c.want)
		}
		if err == nil && host.ID() != c.msp {
			t.Errorf("%s: got the MSP %s, want %s", c.name, host.ID(), c.msp)
		}
	}
}
