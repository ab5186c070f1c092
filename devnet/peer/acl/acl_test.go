// SPDX-License-Identifier: Apache-2.0

package acl_test

import (
	"errors"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/peer/acl"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
)

// start makes a channel of two organisations that sets some rules itself, and a
// checker on the first's peer.
func start(t *testing.T, rules map[string]string) (*acl.Checker, []*fpctest.Org) {
	t.Helper()
	orgs := []*fpctest.Org{fpctest.NewOrg(t, "Org1MSP"), fpctest.NewOrg(t, "Org2MSP")}
	tls := fpctest.NewCA(t, "tls").CertPEM
	profile := channel.Profile{
		ChannelID: "mychannel",
		Orderer:   channel.OrdererOrg{Name: "OrdererOrg", MSP: fpctest.NewOrg(t, "OrdererMSP").Config(), Endpoints: []string{"127.0.0.1:7050"}},
		Raft: &orderer.RaftConfigMetadata{
			Consenters: []*orderer.RaftConsenter{{Host: "127.0.0.1", Port: 7050, ClientTlsCert: tls, ServerTlsCert: tls}},
			Options:    &orderer.RaftOptions{TickInterval: "500ms", ElectionTick: 10, HeartbeatTick: 1, MaxInflightBlocks: 5, SnapshotIntervalSize: 1 << 20},
		},
		ACLs: rules, Timestamp: time.Now(), Nonce: devtest.Nonce(t),
	}
	for _, org := range orgs {
		profile.Application = append(profile.Application, channel.ApplicationOrg{Name: org.MSPID, MSP: org.Config()})
	}
	genesis, err := profile.Genesis()
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := channel.FromBlock(genesis)
	if err != nil {
		t.Fatal(err)
	}
	find := func(id string) (*channel.Bundle, bool) { return bundle, id == "mychannel" }
	return &acl.Checker{Local: orgs[0].MSP(), Bundle: find}, orgs
}

func claim(t *testing.T, m *fpctest.Member) policy.SignedData {
	t.Helper()
	data := []byte("request")
	signature, err := m.Sign(data)
	if err != nil {
		t.Fatal(err)
	}
	return policy.SignedData{Data: data, Identity: m.Creator(), Signature: signature}
}

func TestRules(t *testing.T) {
	checker, orgs := start(t, map[string]string{
		"qscc/GetChainInfo": "/Channel/Application/Org1MSP/Admins", // stricter than the default
		"peer/Propose":      policy.ApplicationReaders,
		"cscc/JoinChain":    policy.ApplicationReaders, // no channel's business
	})
	client, admin, peer := orgs[0].Client(), orgs[0].Admin(), orgs[0].Peer()
	for _, c := range []struct {
		name, resource, channel string
		who                     *fpctest.Member
		want                    bool
	}{
		{"default readers", "qscc/GetBlockByNumber", "mychannel", peer, true},
		{"default writers", acl.ChaincodeToChaincode, "mychannel", client, true},
		{"a peer does not write", acl.ChaincodeToChaincode, "mychannel", peer, false},
		{"the channel is stricter", "qscc/GetChainInfo", "mychannel", client, false},
		{"the channel is stricter, administrator", "qscc/GetChainInfo", "mychannel", admin, true},
		{"the channel is laxer", acl.Propose, "mychannel", peer, true},
		{"another organisation's client", acl.CommitStatus, "mychannel", orgs[1].Client(), true},
		{"unknown channel", acl.CommitStatus, "elsewhere", client, false},
		{"own administrator", "cscc/JoinChain", "", admin, true},
		{"own client", "cscc/JoinChain", "", client, false},
		{"own administrator, whatever the channel", "_lifecycle/InstallChaincode", "mychannel", admin, true},
		{"another's administrator", "_lifecycle/InstallChaincode", "mychannel", orgs[1].Admin(), false},
		{"own member", "cscc/GetChannels", "", peer, true},
		{"another's member", "cscc/GetChannels", "", orgs[1].Client(), false},
		{"no such resource", "qscc/Nope", "mychannel", admin, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := checker.Check(c.resource, c.channel, claim(t, c.who)); (err == nil) != c.want {
				t.Errorf("Check: got %v, want allowed %t", err, c.want)
			}
			id, err := fpctest.NewManager(t, orgs...).Present(c.who.Creator())
			if err != nil {
				t.Fatal(err)
			}
			if err := checker.CheckVerified(c.resource, c.channel, claim(t, c.who), id); (err == nil) != c.want {
				t.Errorf("CheckVerified: got %v, want allowed %t", err, c.want)
			}
		})
	}
}

// A proposer whose signature was verified is judged by the same rule.
func TestMayPropose(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules map[string]string
		want  bool
	}{
		{"default: a peer does not write", nil, false},
		{"the channel is laxer", map[string]string{acl.Propose: policy.ApplicationReaders}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			checker, orgs := start(t, c.rules)
			id, err := orgs[0].MSP().Present(orgs[0].Peer().Creator())
			if err != nil {
				t.Fatal(err)
			}
			if err := checker.MayPropose("mychannel", id); (err == nil) != c.want {
				t.Errorf("got %v, want allowed %t", err, c.want)
			}
			if err := checker.MayPropose("elsewhere", id); err == nil {
				t.Error("unknown channel: got allowed")
			}
		})
	}
}

// A signature that is not over the request opens nothing.
func TestForgedClaims(t *testing.T) {
	checker, orgs := start(t, nil)
	for _, resource := range []string{acl.Propose, "cscc/JoinChain"} {
		forged := claim(t, orgs[0].Admin())
		forged.Data = []byte("another request")
		err := checker.Check(resource, "mychannel", forged)
		var denied *acl.DeniedError
		if !errors.As(err, &denied) || denied.Resource != resource {
			t.Errorf("%s: got %v, want DeniedError", resource, err)
		}
	}
}
