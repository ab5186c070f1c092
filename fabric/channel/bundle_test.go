// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

func TestBundle(t *testing.T) {
	s := newScene(t)
	b := s.bundle
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"channel", b.ChannelID(), channelID},
		{"sequence", b.Sequence(), uint64(0)},
		{"MSPs", b.MSPs().IDs(), []string{"OrdererMSP", "Org1MSP", "Org2MSP", "Org3MSP"}},
		{"batch", b.Batch(), DefaultBatch},
		{"capabilities", b.Capabilities(), DefaultCapabilities},
		{"endpoints", b.OrdererEndpoints(), []string{"localhost:7050"}},
		{"consensus", b.Consensus().Type, "etcdraft"},
		{"consenter", b.Consensus().Raft.Consenters[0].Port, uint32(7050)},
		{"orderer organisation", b.OrdererOrgs()[0].Name, "OrdererOrg"},
		{"anchor", b.ApplicationOrgs()[2].AnchorPeers[0].Port, int32(7051)},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, c.got, c.want)
		}
	}
	if o, ok := b.ApplicationOrg("Org2MSP"); !ok || o.Name != "Org2" || o.MSP.ID() != "Org2MSP" {
		t.Errorf("organisation Org2MSP: got %+v, %t", o, ok)
	}
	if _, ok := b.ApplicationOrg("OrdererMSP"); ok {
		t.Error("orderer organisation among the application's")
	}
}

func TestPolicies(t *testing.T) {
	s := newScene(t)
	claim := func(m *fpctest.Member) policy.SignedData {
		data := []byte("data")
		signature, err := m.Sign(data)
		if err != nil {
			t.Fatal(err)
		}
		return policy.SignedData{Data: data, Identity: m.Creator(), Signature: signature}
	}
	one, two := s.orgs[0], s.orgs[1]
	for _, c := range []struct {
		path    string
		members []*fpctest.Member
		want    bool
	}{
		{policy.ApplicationWriters, []*fpctest.Member{one.Client()}, true},
		{policy.ApplicationWriters, []*fpctest.Member{one.Peer()}, false},
		{policy.ApplicationReaders, []*fpctest.Member{one.Peer()}, true},
		{policy.ApplicationAdmins, []*fpctest.Member{one.Admin()}, false},
		{policy.ApplicationAdmins, []*fpctest.Member{one.Admin(), two.Admin()}, true},
		{policy.Endorsement, []*fpctest.Member{one.Peer(), two.Peer()}, true},
		{policy.Endorsement, []*fpctest.Member{one.Peer()}, false},
		{policy.LifecycleEndorsement, []*fpctest.Member{one.Peer(), two.Peer()}, true},
		{policy.BlockValidation, []*fpctest.Member{s.orderer.Orderer()}, true},
		{policy.BlockValidation, []*fpctest.Member{one.Peer()}, false},
		{"/Channel/Application/Org1/Endorsement", []*fpctest.Member{one.Peer()}, true},
		{"/Channel/Application/Org1/Endorsement", []*fpctest.Member{two.Peer()}, false},
		{"/Channel/Application/None", []*fpctest.Member{one.Admin(), two.Admin()}, false},
	} {
		var claims []policy.SignedData
		for _, m := range c.members {
			claims = append(claims, claim(m))
		}
		p, _ := s.bundle.Policy(c.path)
		if err := p.Evaluate(claims); (err == nil) != c.want {
			t.Errorf("%s by %d members of %s: got %v, want satisfied %t", c.path, len(claims), c.members[0].MSPID, err, c.want)
		}
	}
}

func TestACLs(t *testing.T) {
	s := newScene(t)
	s.profile.ACLs = map[string]string{"peer/Propose": "/Channel/Application/Readers", "event/Block": "Admins", "qscc/GetChainInfo": ""}
	config, err := s.profile.Config()
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewBundle(channelID, config)
	if err != nil {
		t.Fatal(err)
	}
	for resource, want := range map[string]string{
		"peer/Propose": "/Channel/Application/Readers", "event/Block": "/Channel/Application/Admins",
		"qscc/GetChainInfo": "/Channel/Application/Readers", "event/FilteredBlock": "/Channel/Application/Readers",
		"_lifecycle/CommitChaincodeDefinition": "/Channel/Application/Writers", "_lifecycle/InstallChaincode": "",
	} {
		if got, ok := b.ACL(resource); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %t, want %q", resource, got, ok, want)
		}
	}
}

func TestRefusedConfigurations(t *testing.T) {
	s := newScene(t)
	set := func(g *common.ConfigGroup, key string, m proto.Message) { g.Values[key].Value = marshal(t, m) }
	app := func(g *common.ConfigGroup) *common.ConfigGroup { return g.Groups["Application"] }
	ord := func(g *common.ConfigGroup) *common.ConfigGroup { return g.Groups["Orderer"] }
	batch := func(count, most, preferred uint32) func(*common.ConfigGroup) {
		return func(g *common.ConfigGroup) {
			set(ord(g), keyBatchSize, &orderer.BatchSize{MaxMessageCount: count, AbsoluteMaxBytes: most, PreferredMaxBytes: preferred})
		}
	}
	deep := func(g *common.ConfigGroup) {
		for range 20 {
			g.Groups = map[string]*common.ConfigGroup{"g": {}}
			g = g.Groups["g"]
		}
	}
	for _, c := range []struct {
		name, code string
		change     func(*common.ConfigGroup)
	}{
		{"nothing changed", "", func(*common.ConfigGroup) {}},
		{"values that do nothing any more", "", func(g *common.ConfigGroup) {
			g.Values[keyConsortium] = &common.ConfigValue{}
			ord(g).Values[keyKafkaBrokers] = &common.ConfigValue{Value: []byte{0xff}}
		}},
		{"unknown hash", CodeBadConfig, func(g *common.ConfigGroup) { set(g, keyHashing, &common.HashingAlgorithm{Name: "MD5"}) }},
		{"no hash", CodeBadConfig, func(g *common.ConfigGroup) { delete(g.Values, keyHashing) }},
		{"width", CodeBadConfig, func(g *common.ConfigGroup) { set(g, keyHashingStructure, &common.BlockDataHashingStructure{Width: 8}) }},
		{"unknown value", CodeBadConfig, func(g *common.ConfigGroup) { g.Values["Weather"] = &common.ConfigValue{} }},
		{"unknown group", CodeBadConfig, func(g *common.ConfigGroup) { g.Groups["Consortiums"] = &common.ConfigGroup{} }},
		{"value garbage", CodeBadConfig, func(g *common.ConfigGroup) { g.Values[keyHashing].Value = []byte{0xff} }},
		{"unknown channel capability", CodeUnknown, func(g *common.ConfigGroup) { set(g, keyCapabilities, capabilitiesMessage([]string{"V9_9"})) }},
		{"unknown application capability", CodeUnknown, func(g *common.ConfigGroup) { set(app(g), keyCapabilities, capabilitiesMessage([]string{"V9_9"})) }},
		{"unknown orderer capability", CodeUnknown, func(g *common.ConfigGroup) { set(ord(g), keyCapabilities, capabilitiesMessage([]string{"V9_9"})) }},
		{"old channel capability", CodeTooOld, func(g *common.ConfigGroup) { set(g, keyCapabilities, capabilitiesMessage([]string{"V1_3"})) }},
		{"old application capability", CodeTooOld, func(g *common.ConfigGroup) { set(app(g), keyCapabilities, capabilitiesMessage([]string{"V1_4_2"})) }},
		{"no application", CodeTooOld, func(g *common.ConfigGroup) { delete(g.Groups, "Application") }},
		{"no messages in a batch", CodeBadConfig, batch(0, 1, 1)},
		{"no bytes in a batch", CodeBadConfig, batch(1, 0, 1)},
		{"no preferred bytes", CodeBadConfig, batch(1, 1, 0)},
		{"more preferred than allowed", CodeBadConfig, batch(1, 1, 2)},
		{"timeout no duration", CodeBadConfig, func(g *common.ConfigGroup) { set(ord(g), keyBatchTimeout, &orderer.BatchTimeout{Timeout: "soon"}) }},
		{"no timeout", CodeBadConfig, func(g *common.ConfigGroup) { set(ord(g), keyBatchTimeout, &orderer.BatchTimeout{Timeout: "0s"}) }},
		{"organisation in an organisation", CodeBadConfig, func(g *common.ConfigGroup) {
			app(g).Groups["Org1"].Groups = map[string]*common.ConfigGroup{"Org4": {}}
		}},
		{"organisation without MSP", CodeBadConfig, func(g *common.ConfigGroup) { delete(app(g).Groups["Org1"].Values, keyMSP) }},
		{"MSP garbage", CodeBadConfig, func(g *common.ConfigGroup) {
			set(app(g).Groups["Org1"], keyMSP, &msp.MSPConfig{Config: []byte{0xff}})
		}},
		{"one MSP in two versions", CodeBadConfig, func(g *common.ConfigGroup) {
			other := fpctest.NewOrg(t, "Org1MSP")
			app(g).Groups["Org4"] = proto.CloneOf(app(g).Groups["Org1"])
			set(app(g).Groups["Org4"], keyMSP, other.MSPConfig())
		}},
		{"one MSP in two groups", "", func(g *common.ConfigGroup) { app(g).Groups["Org4"] = proto.CloneOf(app(g).Groups["Org1"]) }},
		{"anchors of an orderer", CodeBadConfig, func(g *common.ConfigGroup) {
			ord(g).Groups["OrdererOrg"].Values[keyAnchorPeers] = &common.ConfigValue{Value: marshal(t, &peer.AnchorPeers{})}
		}},
		{"policy garbage", CodeBadConfig, func(g *common.ConfigGroup) { g.Policies["Admins"].Policy.Value = []byte{0xff} }},
		{"illegal name", CodeBadConfig, func(g *common.ConfigGroup) { app(g).Policies["a b"] = app(g).Policies["Admins"] }},
		{"empty name", CodeBadConfig, func(g *common.ConfigGroup) { app(g).Policies[""] = app(g).Policies["Admins"] }},
		{"name of dots", CodeBadConfig, func(g *common.ConfigGroup) { app(g).Policies[".."] = app(g).Policies["Admins"] }},
		{"long name", CodeBadConfig, func(g *common.ConfigGroup) {
			app(g).Policies[strings.Repeat("x", 250)] = app(g).Policies["Admins"]
		}},
		{"nested too deep", CodeBadConfig, func(g *common.ConfigGroup) { deep(app(g).Groups["Org1"]) }},
		{"global endpoints under V3_0", CodeBadConfig, func(g *common.ConfigGroup) {
			set(g, keyCapabilities, capabilitiesMessage([]string{"V3_0"}))
			g.Values[keyOrdererAddresses] = &common.ConfigValue{Value: marshal(t, &common.OrdererAddresses{Addresses: []string{"a:1"}})}
		}},
		{"no endpoints under V3_0", CodeBadConfig, func(g *common.ConfigGroup) {
			set(g, keyCapabilities, capabilitiesMessage([]string{"V3_0"}))
			delete(ord(g).Groups["OrdererOrg"].Values, keyEndpoints)
		}},
		{"V3_0", "", func(g *common.ConfigGroup) { set(g, keyCapabilities, capabilitiesMessage([]string{"V3_0"})) }},
	} {
		_, err := NewBundle(channelID, s.edited(c.change))
		wantCode(t, c.name, err, c.code)
	}
	_, err := NewBundle(channelID, &common.Config{})
	wantCode(t, "no group", err, CodeBadConfig)
	_, err = NewBundle(channelID, nil)
	wantCode(t, "no configuration", err, CodeBadConfig)
}

func TestChannelIDs(t *testing.T) {
	for id, want := range map[string]bool{
		"mychannel": true, "a": true, "a.b-9": true, strings.Repeat("a", 249): true,
		"": false, "A": false, "9a": false, "-a": false, "a_b": false, "a b": false, strings.Repeat("a", 250): false, "ä": false,
	} {
		if err := CheckChannelID(id); (err == nil) != want {
			t.Errorf("%q: got %v, want allowed %t", id, err, want)
		}
	}
}

func TestGenesis(t *testing.T) {
	s := newScene(t)
	one, err := s.profile.Genesis()
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.profile.Genesis()
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(one, two) {
		t.Error("equal profiles gave different blocks")
	}
	if err := block.Check(one, nil); err != nil {
		t.Error(err)
	}
	if n, err := block.LastConfig(one); n != 0 || err != nil {
		t.Errorf("last configuration: got %d, %v, want 0", n, err)
	}
	b, err := FromBlock(one)
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(b.Config(), s.bundle.Config()) {
		t.Error("the block holds another configuration than the profile describes")
	}
	s.profile.Nonce = []byte("another")
	if other, err := s.profile.Genesis(); err != nil || string(block.Hash(other.Header)) == string(block.Hash(one.Header)) {
		t.Errorf("another nonce: got the same channel, %v", err)
	}
}

func TestRefusedProfiles(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Profile)
		code   string
	}{
		"channel id":        {func(p *Profile) { p.ChannelID = "My Channel" }, CodeBadChannelID},
		"two of one name":   {func(p *Profile) { p.Application[1].Name = "Org1" }, CodeBadConfig},
		"no orderer's MSP":  {func(p *Profile) { p.Orderer.MSP = nil }, CodeBadConfig},
		"capability":        {func(p *Profile) { p.Capabilities.Application = []string{"V7_0"} }, CodeUnknown},
		"batch":             {func(p *Profile) { p.Batch = Batch{MaxMessages: 1} }, CodeBadConfig},
		"organisation name": {func(p *Profile) { p.Application[0].Name = "Org 1" }, CodeBadConfig},
	} {
		p := newScene(t).profile
		c.change(&p)
		_, err := p.Genesis()
		wantCode(t, name, err, c.code)
	}
}

func TestFromBlockRefuses(t *testing.T) {
	for name, data := range map[string][][]byte{
		"empty": nil, "two": {{}, {}}, "garbage": {{0xff}}, "no payload": {{}},
		"endorser transaction": {marshal(t, &common.Envelope{Payload: marshal(t, &common.Payload{Header: &common.Header{
			ChannelHeader: marshal(t, &common.ChannelHeader{Type: int32(common.HeaderType_ENDORSER_TRANSACTION)}),
		}})})},
		"config garbage": {marshal(t, &common.Envelope{Payload: marshal(t, &common.Payload{
			Header: &common.Header{ChannelHeader: marshal(t, &common.ChannelHeader{Type: int32(common.HeaderType_CONFIG)})}, Data: []byte{0xff},
		})})},
	} {
		_, err := FromBlock(&common.Block{Data: &common.BlockData{Data: data}})
		wantCode(t, name, err, CodeNotConfig)
	}
	if _, err := FromBlock(nil); err == nil {
		t.Error("no block: got no error, want one")
	}
}

func TestVerifyBlock(t *testing.T) {
	s := newScene(t)
	b := block.New(1, []byte("previous"), [][]byte{[]byte("tx")})
	if err := s.bundle.VerifyBlock(b); err == nil {
		t.Error("block without signatures: got no error, want one")
	}
	if err := block.Sign(b, 0, nil, []byte("nonce"), s.orderer.Orderer()); err != nil {
		t.Fatal(err)
	}
	if err := s.bundle.VerifyBlock(b); err != nil {
		t.Error(err)
	}
	if err := block.Sign(b, 0, nil, []byte("nonce"), s.orgs[0].Admin()); err != nil {
		t.Fatal(err)
	}
	if err := s.bundle.VerifyBlock(b); err == nil {
		t.Error("block signed by an application's admin: got no error, want one")
	}
}

func TestErrorText(t *testing.T) {
	cause := errors.New("cause")
	err := fail(CodeBadConfig, "/Channel", cause, "reason %d", 1)
	if got, want := err.Error(), "channel config /Channel: reason 1: cause"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
}
