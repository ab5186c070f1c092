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
