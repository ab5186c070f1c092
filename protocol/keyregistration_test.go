// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

var sim = protocol.Custody{Platform: "sim", TCB: 1}

func registration(t testing.TB, vk keys.EnclaveVK) protocol.KeyRegistration {
	_, ek := newChaincodeKeys(t)
	return protocol.KeyRegistration{
		CCParams: ccParams(), ChannelHash: bytes.Repeat([]byte{1}, 32), EnclaveID: vk.ID(),
		Generation: 1, ChaincodeEK: ek, Lineage: protocol.NewLineage(sim),
	}
}

func TestKeyRegistrationVerifies(t *testing.T) {
	sk, vk := newEnclave(t)
	want := registration(t, vk)
	signed, err := protocol.SignKeyRegistration(sk, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := protocol.VerifyKeyRegistration("KEY-3", vk, signed)
	if err != nil {
		t.Fatal(err)
	}
	if got.EnclaveID != want.EnclaveID || got.Generation != 1 || !bytes.Equal(got.ChaincodeEK.ID(), want.ChaincodeEK.ID()) || !got.Lineage.Contains(sim) {
		t.Errorf("got %+v, want %+v", got.KeyRegistration, want)
	}
}

func TestKeyRegistrationIsRefused(t *testing.T) {
	sk, vk := newEnclave(t)
	mallory, malloryVK := newEnclave(t)
	edit := func(f func(*protocol.KeyRegistration)) protocol.KeyRegistration {
		r := registration(t, vk)
		f(&r)
		return r
	}
	tests := []struct {
		name string
		sk   keys.EnclaveSK
		r    protocol.KeyRegistration
		want protocol.Code
	}{
		{"signed by another", mallory, registration(t, vk), protocol.CodeBadSignature},
		{"names another", sk, registration(t, malloryVK), protocol.CodeWrongEnclave},
		{"no generation", sk, edit(func(r *protocol.KeyRegistration) { r.Generation = 0 }), protocol.CodeMalformed},
		{"no parameters", sk, edit(func(r *protocol.KeyRegistration) { r.CCParams = nil }), protocol.CodeMalformed},
		{"no channel", sk, edit(func(r *protocol.KeyRegistration) { r.ChannelHash = nil }), protocol.CodeMalformed},
		{"no key", sk, edit(func(r *protocol.KeyRegistration) { r.ChaincodeEK = keys.ChaincodeEK{} }), protocol.CodeMalformed},
		{"no lineage", sk, edit(func(r *protocol.KeyRegistration) { r.Lineage = protocol.Lineage{} }), protocol.CodeLineage},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			signed, err := protocol.SignKeyRegistration(test.sk, test.r)
			if err != nil {
				t.Fatal(err)
			}
			_, err = protocol.VerifyKeyRegistration("KEY-3", vk, signed)
			wantCode(t, err, test.want)
		})
	}
	t.Run("signature of another label", func(t *testing.T) {
		signed, err := protocol.SignKeyRegistration(sk, registration(t, vk))
		if err != nil {
			t.Fatal(err)
		}
		if signed.Signature, err = sk.Sign(keys.LabelResponse, signed.Message); err != nil {
			t.Fatal(err)
		}
		_, err = protocol.VerifyKeyRegistration("KEY-3", vk, signed)
		wantCode(t, err, protocol.CodeBadSignature)
	})
}

func FuzzParseKeyRegistration(f *testing.F) {
	sk, vk := newEnclave(f)
	signed, err := protocol.SignKeyRegistration(sk, registration(f, vk))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed.Message)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := protocol.ParseKeyRegistration("KEY-3", &pb.Signed{Message: b})
		if err != nil {
			if protocol.CodeOf(err) == "" {
				t.Fatalf("error %v has no code", err)
			}
			return
		}
		if len(r.ChannelHash) != 32 || r.Generation == 0 || r.ChaincodeEK.ID() == nil {
			t.Fatalf("accepted %+v", r)
		}
	})
}

func TestLineage(t *testing.T) {
	hard := protocol.Custody{Platform: "sevsnp", TCB: 7}
	debug := protocol.Custody{Platform: "sevsnp", TCB: 7, Debug: true}
	l := protocol.NewLineage(sim, hard, sim)
	if got := len(l.Custodies()); got != 2 {
		t.Fatalf("lineage has %d custodies, want 2", got)
	}
	if l.HasDebug() || !l.HasPlatform("sim") || l.HasPlatform("tdx") {
		t.Errorf("HasDebug = %v, HasPlatform(sim) = %v, HasPlatform(tdx) = %v, want false, true, false", l.HasDebug(), l.HasPlatform("sim"), l.HasPlatform("tdx"))
	}
	u := protocol.NewLineage(hard).Union(protocol.NewLineage(debug))
	if !u.Contains(hard) || !u.Contains(debug) || !u.HasDebug() || u.Contains(sim) {
		t.Errorf("union = %v, want both custodies of sevsnp", u.Custodies())
	}
	back, err := protocol.LineageFromPB("KEY-3", u.PB())
	if err != nil || len(back.Custodies()) != 2 {
		t.Errorf("LineageFromPB = %v, %v, want %v", back.Custodies(), err, u.Custodies())
	}
	swapped := u.PB()
	swapped.Custodies[0], swapped.Custodies[1] = swapped.Custodies[1], swapped.Custodies[0]
	_, err = protocol.LineageFromPB("KEY-3", swapped)
	wantCode(t, err, protocol.CodeMalformed)
	twice := protocol.NewLineage(sim).PB()
	twice.Custodies = append(twice.Custodies, twice.Custodies[0])
	_, err = protocol.LineageFromPB("KEY-3", twice)
	wantCode(t, err, protocol.CodeMalformed)
}

// Attack row 29: a key set born in simulation never becomes anything else.
func TestLineageIsHeldAgainstPolicy(t *testing.T) {
	hard := protocol.Custody{Platform: "sevsnp", TCB: 7}
	policy := protocol.AttestationPolicy{Platforms: map[string]protocol.PlatformPolicy{"sevsnp": {MinTCB: 7}}}
	debugging := protocol.AttestationPolicy{Platforms: map[string]protocol.PlatformPolicy{"sevsnp": {MinTCB: 7, AllowDebug: true}}}
	tests := []struct {
		name    string
		lineage protocol.Lineage
		policy  protocol.AttestationPolicy
		want    protocol.Code
	}{
		{"good", protocol.NewLineage(hard), policy, ""},
		{"once in sim", protocol.NewLineage(hard, sim), policy, protocol.CodeLineage},
		{"once in debug", protocol.NewLineage(hard, protocol.Custody{Platform: "sevsnp", TCB: 7, Debug: true}), policy, protocol.CodeLineage},
		{"debug allowed", protocol.NewLineage(protocol.Custody{Platform: "sevsnp", TCB: 7, Debug: true}), debugging, ""},
		{"old TCB", protocol.NewLineage(hard, protocol.Custody{Platform: "sevsnp", TCB: 6}), policy, protocol.CodeLineage},
		{"empty", protocol.Lineage{}, policy, protocol.CodeLineage},
		{"empty policy", protocol.NewLineage(hard), protocol.AttestationPolicy{}, protocol.CodeLineage},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.lineage.Check("KEY-3", test.policy)
			if test.want == "" && err != nil {
				t.Fatalf("got %v, want no error", err)
			}
			if test.want != "" {
				wantCode(t, err, test.want)
			}
		})
	}
}

func TestCredentialsAreStrict(t *testing.T) {
	_, vk := newEnclave(t)
	dk, err := keys.GenerateEnclaveDK(keys.SuiteMLKEM768P256)
	if err != nil {
		t.Fatal(err)
	}
	ek, err := dk.Public()
	if err != nil {
		t.Fatal(err)
	}
	hash := bytes.Repeat([]byte{1}, 32)
	good := func() *pb.AttestedData {
		return &pb.AttestedData{
			CcParams: ccParams(), HostParams: &pb.HostParameters{MspId: "Org1MSP", PeerEndpoint: "p:7051"},
			EnclaveVk: vk.DER(), EnclaveEk: ek.PB(), ChannelHash: hash, MspRootsHash: hash, MspConfigHash: hash, OnCreation: true,
		}
	}
	parse := func(d *pb.AttestedData) (*protocol.Credentials, error) {
		b, err := proto.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		c, err := proto.Marshal(&pb.Credentials{AttestedData: b, Evidence: &pb.Evidence{Platform: "sim"}})
		if err != nil {
			t.Fatal(err)
		}
		return protocol.ParseCredentials("REG-12", c)
	}
	c, err := parse(good())
	if err != nil {
		t.Fatal(err)
	}
	if c.EnclaveID() != vk.ID() || !bytes.Equal(c.EnclaveEK.ID(), ek.ID()) || c.Evidence.GetPlatform() != "sim" {
		t.Errorf("credentials of %s, key %x, platform %q, want %s, %x, sim", c.EnclaveID(), c.EnclaveEK.ID(), c.Evidence.GetPlatform(), vk.ID(), ek.ID())
	}
	for name, edit := range map[string]func(*pb.AttestedData){
		"no VK":             func(d *pb.AttestedData) { d.EnclaveVk = nil },
		"no EK":             func(d *pb.AttestedData) { d.EnclaveEk = nil },
		"EK of no suite":    func(d *pb.AttestedData) { d.EnclaveEk.Suite = "" },
		"no CC_Params":      func(d *pb.AttestedData) { d.CcParams = nil },
		"no Host_Params":    func(d *pb.AttestedData) { d.HostParams = nil },
		"no Channel_hash":   func(d *pb.AttestedData) { d.ChannelHash = nil },
		"short roots hash":  func(d *pb.AttestedData) { d.MspRootsHash = hash[:31] },
		"short config hash": func(d *pb.AttestedData) { d.MspConfigHash = hash[:31] },
		"unknown field":     func(d *pb.AttestedData) { d.CcParams.ProtoReflect().SetUnknown([]byte{0x78, 1}) },
	} {
		d := good()
		edit(d)
		if _, err := parse(d); protocol.CodeOf(err) != protocol.CodeMalformed {
			t.Errorf("%s: got %v, want code %q", name, err, protocol.CodeMalformed)
		}
	}
}

func FuzzParseCredentials(f *testing.F) {
	f.Add([]byte{})
	_, vk := newEnclave(f)
	data, err := proto.Marshal(&pb.AttestedData{CcParams: ccParams(), EnclaveVk: vk.DER()})
	if err != nil {
		f.Fatal(err)
	}
	seed, err := proto.Marshal(&pb.Credentials{AttestedData: data})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := protocol.ParseCredentials("REG-12", b)
		if err != nil {
			if protocol.CodeOf(err) == "" {
				t.Fatalf("error %v has no code", err)
			}
			return
		}
		if c.Statement != protocol.StatementHash(mustAttested(t, b)) {
			t.Fatal("statement is not over the attested bytes")
		}
	})
}

func mustAttested(t *testing.T, credentials []byte) []byte {
	m := &pb.Credentials{}
	if err := proto.Unmarshal(credentials, m); err != nil {
		t.Fatal(err)
	}
	return m.GetAttestedData()
}
