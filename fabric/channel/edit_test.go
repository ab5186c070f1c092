// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// editedBundle applies an edit to the test channel's configuration.
func editedBundle(t *testing.T, config *common.Config, edit Edit) (*Bundle, error) {
	t.Helper()
	edited := proto.CloneOf(config)
	if err := edit(edited); err != nil {
		return nil, err
	}
	return NewBundle(channelID, edited)
}

func TestEdits(t *testing.T) {
	scene := newScene(t)
	config, org1, org4 := scene.bundle.Config(), scene.orgs[0], fpctest.NewOrg(t, "Org4MSP")
	client := org1.Client("revoked")
	org1.Revoke(client)
	crl := org1.Config().RevocationList

	t.Run("CRL", func(t *testing.T) {
		bundle, err := editedBundle(t, config, SetCRLs("Org1MSP", crl...))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bundle.MSPs().Identity(client.Creator()); err == nil {
			t.Error("a revoked client: valid, want refused")
		}
		if _, err := bundle.MSPs().Identity(org1.Client("other").Creator()); err != nil {
			t.Errorf("another client: %v, want valid", err)
		}
	})
	t.Run("organisation", func(t *testing.T) {
		bundle, err := editedBundle(t, config, AddOrg(ApplicationOrg{Name: "Org4", MSP: org4.Config()}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bundle.MSPs().Identity(org4.Client("c").Creator()); err != nil {
			t.Errorf("the new organisation's client: %v, want valid", err)
		}
		if _, ok := bundle.Policy("/Channel/Application/Org4/Endorsement"); !ok {
			t.Error("the new organisation has no Endorsement policy")
		}
	})
	t.Run("policy", func(t *testing.T) {
		for _, rule := range []string{"ANY Endorsement", "OR('Org1MSP.admin')"} {
			if _, err := editedBundle(t, config, SetPolicy("/Channel/Application/Endorsement", rule)); err != nil {
				t.Errorf("%s: %v", rule, err)
			}
		}
	})
	for name, edit := range map[string]Edit{
		"unknown MSP":               SetCRLs("NoMSP", crl...),
		"organisation twice":        AddOrg(ApplicationOrg{Name: "Org1", MSP: org4.Config()}),
		"MSP twice":                 AddOrg(ApplicationOrg{Name: "Org4", MSP: org1.Config()}),
		"relative path":             SetPolicy("Application/Endorsement", "ANY Endorsement"),
		"no such group":             SetPolicy("/Channel/Nowhere/Endorsement", "ANY Endorsement"),
		"group instead of a policy": SetPolicy("/Channel/", "ANY Endorsement"),
		"rule of neither language":  SetPolicy("/Channel/Application/Endorsement", "SOME Endorsement"),
		"broken rule":               SetPolicy("/Channel/Application/Endorsement", "OR('Org1MSP.admin'"),
	} {
		if _, err := editedBundle(t, config, edit); err == nil {
			t.Errorf("%s: no error, want one", name)
		}
	}
}
