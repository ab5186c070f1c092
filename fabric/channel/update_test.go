// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

func (s *scene) timeout(text string) func(*common.ConfigGroup) {
	return func(g *common.ConfigGroup) {
		g.Groups["Orderer"].Values[keyBatchTimeout].Value = marshal(s.t, &orderer.BatchTimeout{Timeout: text})
	}
}

func TestUpdateAuthorisation(t *testing.T) {
	s := newScene(t)
	one, two, three := s.orgs[0], s.orgs[1], s.orgs[2]
	anchors := func(g *common.ConfigGroup) {
		g.Groups["Application"].Groups["Org2"].Values[keyAnchorPeers].Value = marshal(t, &peer.AnchorPeers{})
	}
	fourth := fpctest.NewOrg(t, "Org4MSP")
	newOrg := func(g *common.ConfigGroup) {
		org := proto.CloneOf(g.Groups["Application"].Groups["Org1"])
		org.Values[keyMSP].Value = marshal(t, fourth.MSPConfig())
		g.Groups["Application"].Groups["Org4"] = org
	}
	absolute := func(g *common.ConfigGroup) {
		g.Values[keyCapabilities].ModPolicy = "/Channel/Orderer/Admins"
	}
	for _, c := range []struct {
		name, code string
		change     func(*common.ConfigGroup)
		signers    []msp.Signer
	}{
		{"orderer's value by its admin", "", s.timeout("3s"), []msp.Signer{s.orderer.Admin()}},
		{"orderer's value by others", CodeNotAuthorized, s.timeout("3s"), []msp.Signer{one.Admin(), two.Admin(), three.Admin()}},
		{"by a client", CodeNotAuthorized, s.timeout("3s"), []msp.Signer{s.orderer.Issue(fpctest.Template{Name: "c", OUs: []string{fpctest.RoleClient}})}},
		{"by nobody", CodeNotAuthorized, s.timeout("3s"), nil},
		{"organisation's value by its admin", "", anchors, []msp.Signer{two.Admin()}},
		{"organisation's value by others", CodeNotAuthorized, anchors, []msp.Signer{one.Admin(), three.Admin()}},
		{"new organisation by a majority", "", newOrg, []msp.Signer{one.Admin(), two.Admin()}},
		{"new organisation by a minority", CodeNotAuthorized, newOrg, []msp.Signer{one.Admin()}},
		{"new organisation by itself", CodeNotAuthorized, newOrg, []msp.Signer{one.Admin(), fourth.Admin()}},
		{"the same admin twice", CodeNotAuthorized, newOrg, []msp.Signer{one.Admin(), one.Admin()}},
		{"channel's value by a majority of groups", "", absolute, []msp.Signer{one.Admin(), two.Admin(), s.orderer.Admin()}},
		{"channel's value by one group", CodeNotAuthorized, absolute, []msp.Signer{one.Admin(), two.Admin()}},
		{"unusable result", CodeBadConfig, s.timeout("never"), []msp.Signer{s.orderer.Admin()}},
		{"organisation takes another MSP id", CodeBadTransition, func(g *common.ConfigGroup) {
			g.Groups["Application"].Groups["Org2"].Values[keyMSP].Value = marshal(t, fourth.MSPConfig())
		}, []msp.Signer{two.Admin()}},
		{"orderers leave", CodeBadTransition, func(g *common.ConfigGroup) { delete(g.Groups, "Orderer") }, s.admins},
		{"no mod policy", CodeBadUpdate, func(g *common.ConfigGroup) {
			s.timeout("3s")(g)
			g.Groups["Orderer"].Values[keyBatchTimeout].ModPolicy = ""
		}, s.admins},
		{"illegal mod policy", CodeBadUpdate, func(g *common.ConfigGroup) { g.Groups["Orderer"].ModPolicy = "a b" }, s.admins},
	} {
		config, err := s.bundle.Propose(s.update(c.change, c.signers...))
		wantCode(t, c.name, err, c.code)
		if err == nil {
			checkSuccessor(t, s, config, s.edited(c.change))
		}
	}
}

// checkSuccessor: a config transaction is what the update asked for, with the
// next sequence, and a validator accepts it.
func checkSuccessor(t testing.TB, s *scene, config *common.ConfigEnvelope, want *common.Config) {
	t.Helper()
	if config.Config.Sequence != s.bundle.Sequence()+1 {
		t.Errorf("got sequence %d, want %d", config.Config.Sequence, s.bundle.Sequence()+1)
	}
	if got, want := withoutVersions(config.Config.ChannelGroup), withoutVersions(want.ChannelGroup); !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	next, err := s.bundle.Apply(config)
	if err != nil {
		t.Errorf("the validator refuses what the orderer proposes: %v", err)
	} else if next.Sequence() != config.Config.Sequence {
		t.Errorf("applied: got sequence %d, want %d", next.Sequence(), config.Config.Sequence)
	}
}

func withoutVersions(g *common.ConfigGroup) *common.ConfigGroup {
	g = proto.CloneOf(g)
	clearVersions(g)
	return g
}

func clearVersions(g *common.ConfigGroup) {
	g.Version = 0
	for _, v := range g.Values {
		v.Version = 0
	}
	for _, p := range g.Policies {
		p.Version = 0
	}
	for _, sub := range g.Groups {
		clearVersions(sub)
	}
}

// What ComputeUpdate would never make.
func TestUpdateVersions(t *testing.T) {
	s := newScene(t)
	good := func() *common.ConfigUpdate {
		u, err := ComputeUpdate(channelID, s.bundle.Config(), s.edited(s.timeout("3s")))
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	written := func(u *common.ConfigUpdate) *common.ConfigValue {
		return u.WriteSet.Groups["Orderer"].Values[keyBatchTimeout]
	}
	for _, c := range []struct {
		name, code string
		spoil      func(*common.ConfigUpdate)
	}{
		{"nothing spoilt", "", func(*common.ConfigUpdate) {}},
		{"other channel", CodeBadUpdate, func(u *common.ConfigUpdate) { u.ChannelId = "other" }},
		{"version skipped", CodeWrongVersion, func(u *common.ConfigUpdate) { written(u).Version = 2 }},
		{"version of now", CodeWrongVersion, func(u *common.ConfigUpdate) { written(u).Version = 0 }},
		{"stale read", CodeWrongVersion, func(u *common.ConfigUpdate) { u.ReadSet.Groups["Orderer"].Version = 7 }},
		{"read of what is not there", CodeWrongVersion, func(u *common.ConfigUpdate) { u.ReadSet.Groups["Weather"] = &common.ConfigGroup{} }},
		{"new at another version than 0", CodeWrongVersion, func(u *common.ConfigUpdate) {
			u.WriteSet.Groups["Orderer"].Values["New"] = &common.ConfigValue{Version: 1, ModPolicy: "Admins"}
		}},
		{"no effect", CodeNoEffect, func(u *common.ConfigUpdate) { u.WriteSet = proto.CloneOf(u.ReadSet) }},
		{"empty", CodeNoEffect, func(u *common.ConfigUpdate) { u.ReadSet, u.WriteSet = nil, nil }},
		{"member without its group naming it", CodeBadConfig, func(u *common.ConfigUpdate) {
			// A new member counts only if its group names it at a new version;
			// this group does not, so the member is lost, as in Fabric, but what
			// remains must still be a configuration.
			u.WriteSet.Groups["Orderer"].Version, u.WriteSet.Groups["Orderer"].ModPolicy = 1, "Admins"
		}},
	} {
		u := good()
		c.spoil(u)
		_, err := s.bundle.Propose(s.envelope(u, s.admins...))
		wantCode(t, c.name, err, c.code)
	}
}

func TestMalformedUpdates(t *testing.T) {
	s := newScene(t)
	good := s.update(s.timeout("3s"), s.orderer.Admin())
	spoilt := func(change func(*common.Payload)) *common.Envelope {
		p := &common.Payload{}
		if err := proto.Unmarshal(good.Payload, p); err != nil {
			t.Fatal(err)
		}
		change(p)
		return &common.Envelope{Payload: marshal(t, p), Signature: good.Signature}
	}
	for name, env := range map[string]*common.Envelope{
		"none": nil, "empty": {}, "garbage": {Payload: []byte{0xff}},
		"other type": spoilt(func(p *common.Payload) {
			p.Header.ChannelHeader = marshal(t, &common.ChannelHeader{Type: int32(common.HeaderType_CONFIG)})
		}),
		"data garbage": spoilt(func(p *common.Payload) { p.Data = []byte{0xff} }),
		"update garbage": spoilt(func(p *common.Payload) {
			p.Data = marshal(t, &common.ConfigUpdateEnvelope{ConfigUpdate: []byte{0xff}})
		}),
		"signature header garbage": spoilt(func(p *common.Payload) {
			var e common.ConfigUpdateEnvelope
			if err := proto.Unmarshal(p.Data, &e); err != nil {
				t.Fatal(err)
			}
			e.Signatures[0].SignatureHeader = []byte{0xff}
			p.Data = marshal(t, &e)
		}),
	} {
		_, err := s.bundle.Propose(env)
		wantCode(t, name, err, CodeBadUpdate)
	}
}

func TestApplyRefuses(t *testing.T) {
	s := newScene(t)
	good := func() *common.ConfigEnvelope {
		e, err := s.bundle.Propose(s.update(s.timeout("3s"), s.orderer.Admin()))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, c := range []struct {
		name, code string
		spoil      func(*common.ConfigEnvelope)
	}{
		{"nothing spoilt", "", func(*common.ConfigEnvelope) {}},
		{"no configuration", CodeBadUpdate, func(e *common.ConfigEnvelope) { e.Config = nil }},
		{"sequence", CodeWrongSequence, func(e *common.ConfigEnvelope) { e.Config.Sequence = 7 }},
		{"no update", CodeBadUpdate, func(e *common.ConfigEnvelope) { e.LastUpdate = nil }},
		{"more than the update says", CodeUpdateMismatch, func(e *common.ConfigEnvelope) {
			e.Config.ChannelGroup.Groups["Orderer"].Values[keyBatchTimeout].Value = marshal(t, &orderer.BatchTimeout{Timeout: "9s"})
		}},
		{"not authorised", CodeNotAuthorized, func(e *common.ConfigEnvelope) {
			e.LastUpdate = s.update(s.timeout("3s"), s.orgs[0].Admin())
		}},
	} {
		e := good()
		c.spoil(e)
		_, err := s.bundle.Apply(e)
		wantCode(t, c.name, err, c.code)
	}
	_, err := s.bundle.Apply(nil)
	wantCode(t, "nothing", err, CodeBadUpdate)
}

// Channels made by Fabric 1.0 have elements that nobody can change; an update
// mends them on the way.
func TestUnsetModPolicyIsMended(t *testing.T) {
	s := newScene(t)
	config := s.edited(func(g *common.ConfigGroup) { g.Groups["Application"].Groups["Org1"].Values[keyMSP].ModPolicy = "" })
	var err error
	if s.bundle, err = NewBundle(channelID, config); err != nil {
		t.Fatal(err)
	}
	e, err := s.bundle.Propose(s.update(s.timeout("3s"), s.orderer.Admin()))
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Config.ChannelGroup.Groups["Application"].Groups["Org1"].Values[keyMSP].ModPolicy; got != "Admins" {
		t.Errorf("got mod policy %q, want Admins", got)
	}
}

func TestComputeNoUpdate(t *testing.T) {
	s := newScene(t)
	_, err := ComputeUpdate(channelID, s.bundle.Config(), proto.CloneOf(s.bundle.Config()))
	wantCode(t, "equal configurations", err, CodeNoEffect)
	_, err = ComputeUpdate(channelID, s.bundle.Config(), &common.Config{})
	wantCode(t, "nothing", err, CodeBadConfig)
}

// drawEdit draws changes to a configuration that leave it usable.
func drawEdit(t *rapid.T, config *common.Config) *common.Config {
	to := proto.CloneOf(config)
	app := to.ChannelGroup.Groups["Application"]
	for range rapid.IntRange(1, 4).Draw(t, "changes") {
		org := app.Groups[rapid.SampledFrom([]string{"Org1", "Org2", "Org3"}).Draw(t, "org")]
		switch rapid.IntRange(0, 7).Draw(t, "change") {
		case 0:
			to.ChannelGroup.Groups["Orderer"].Values[keyBatchTimeout].Value = mustMarshal(t, &orderer.BatchTimeout{
				Timeout: fmt.Sprint(rapid.IntRange(1, 9).Draw(t, "seconds"), "s"),
			})
		case 1:
			org.Values[keyAnchorPeers] = &common.ConfigValue{ModPolicy: "Admins", Value: mustMarshal(t, &peer.AnchorPeers{
				AnchorPeers: []*peer.AnchorPeer{{Host: "h", Port: int32(rapid.IntRange(1, 9).Draw(t, "port"))}},
			})}
		case 2:
			delete(org.Values, keyAnchorPeers)
		case 3:
			name := rapid.SampledFrom([]string{"Extra", "Other"}).Draw(t, "policy")
			org.Policies[name] = proto.CloneOf(org.Policies["Admins"])
		case 4:
			delete(org.Policies, rapid.SampledFrom([]string{"Extra", "Endorsement"}).Draw(t, "policy"))
		case 5:
			org.ModPolicy = rapid.SampledFrom([]string{"Admins", "Writers", "/Channel/Application/Admins"}).Draw(t, "mod policy")
		case 6:
			org.Values[keyMSP].ModPolicy = rapid.SampledFrom([]string{"Admins", "/Channel/Application/Admins"}).Draw(t, "mod policy")
		case 7:
			app.Groups["Clone"] = proto.CloneOf(app.Groups["Org1"])
		}
	}
	return to
}

func mustMarshal(t *rapid.T, m proto.Message) []byte {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A computed update, signed by everybody, leads to the configuration it was
// computed for, several times in a row.
func TestComputedUpdatesApply(t *testing.T) {
	s := newScene(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := *s
		for range rapid.IntRange(1, 3).Draw(rt, "updates") {
			to := drawEdit(rt, s.bundle.Config())
			u, err := ComputeUpdate(channelID, s.bundle.Config(), to)
			if err != nil {
				continue // the changes cancelled out
			}
			config, err := s.bundle.Propose(s.envelope(u, s.admins...))
			if err != nil {
				rt.Fatal(err)
			}
			if got, want := withoutVersions(config.Config.ChannelGroup), withoutVersions(to.ChannelGroup); !proto.Equal(got, want) {
				rt.Fatalf("got %v, want %v", got, want)
			}
			if s.bundle, err = s.bundle.Apply(config); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

// Fabric's own configtxlator computes the same updates.
func TestComputeAsConfigtxlator(t *testing.T) {
	bin := os.Getenv("FABRIC_BIN")
	if bin == "" {
		t.Skip("SKIPPED: FABRIC_BIN does not name Fabric's released programs, configtxlator among them")
	}
	version, err := exec.Command(filepath.Join(bin, "configtxlator"), "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", version)
	s := newScene(t)
	dir := t.TempDir()
	write := func(name string, m proto.Message) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, marshal(t, m), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		if runs++; runs > 20 {
			return // each costs a process
		}
		from := drawEdit(rt, s.bundle.Config())
		to := drawEdit(rt, from)
		got, err := ComputeUpdate(channelID, from, to)
		if err != nil {
			return
		}
		out := filepath.Join(dir, "update")
		cmd := exec.Command(filepath.Join(bin, "configtxlator"), "compute_update", "--channel_id", channelID,
			"--original", write("from", from), "--updated", write("to", to), "--output", out)
		if text, err := cmd.CombinedOutput(); err != nil {
			rt.Fatalf("configtxlator: %v: %s", err, text)
		}
		raw, err := os.ReadFile(out)
		if err != nil {
			rt.Fatal(err)
		}
		want := &common.ConfigUpdate{}
		if err := proto.Unmarshal(raw, want); err != nil {
			rt.Fatal(err)
		}
		if !proto.Equal(got, want) {
			rt.Fatalf("got %v, configtxlator says %v", got, want)
		}
	})
}

// The profile of configtxgen's block gives configtxgen's configuration.
func TestProfileAsConfigtxgen(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "configtxgen-2.5.16.block"))
	if err != nil {
		t.Fatal(err)
	}
	b := &common.Block{}
	if err := proto.Unmarshal(raw, b); err != nil {
		t.Fatal(err)
	}
	theirs, err := FromBlock(b)
	if err != nil {
		t.Fatal(err)
	}
	p := Profile{ChannelID: theirs.ChannelID(), Batch: theirs.Batch(), Raft: theirs.Consensus().Raft}
	for _, o := range theirs.ApplicationOrgs() {
		p.Application = append(p.Application, ApplicationOrg{Name: o.Name, MSP: mspOf(t, o), AnchorPeers: o.AnchorPeers})
	}
	o := theirs.OrdererOrgs()[0]
	p.Orderer = OrdererOrg{Name: o.Name, MSP: mspOf(t, o), Endpoints: o.Endpoints}
	ours, err := p.Config()
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(ours, theirs.Config()) {
		t.Errorf("got %v, want %v", ours, theirs.Config())
	}
	genesis, err := p.Genesis()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := genesis.Metadata, b.Metadata; !slices.EqualFunc(got.Metadata, want.Metadata, slices.Equal[[]byte]) {
		t.Errorf("block metadata: got %x, want %x", got.Metadata, want.Metadata)
	}
}
