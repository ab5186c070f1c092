// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/protocol"
)

func TestChannelHashNamesTheWholeGenesisBlock(t *testing.T) {
	genesis := block.New(0, nil, [][]byte{[]byte("configuration")})
	got, err := protocol.ChannelHash(genesis)
	if err != nil {
		t.Fatal(err)
	}
	if want := block.Hash(genesis.Header); !bytes.Equal(got, want) {
		t.Errorf("ChannelHash = %x, want %x", got, want)
	}
	tests := map[string]struct {
		block *common.Block
		want  protocol.Code
	}{
		"nothing":     {nil, protocol.CodeMalformed},
		"later block": {block.New(1, got, [][]byte{[]byte("x")}), protocol.CodeWrongChannel},
		"other data":  {&common.Block{Header: genesis.Header, Data: &common.BlockData{Data: [][]byte{[]byte("other")}}}, protocol.CodeMalformed},
		"two entries": {block.New(0, nil, [][]byte{[]byte("a"), []byte("b")}), protocol.CodeMalformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := protocol.ChannelHash(test.block)
			wantCode(t, err, test.want)
		})
	}
}

func serializedMSP(t *testing.T, c *msp.FabricMSPConfig, kind int32) []byte {
	t.Helper()
	inner, err := proto.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := proto.Marshal(&msp.MSPConfig{Type: kind, Config: inner})
	if err != nil {
		t.Fatal(err)
	}
	return outer
}

func TestMSPConfigurations(t *testing.T) {
	one, two := fpctest.NewOrg(t, "Org1MSP"), fpctest.NewOrg(t, "Org2MSP")
	a, b := serializedMSP(t, one.Config(), 0), serializedMSP(t, two.Config(), 0)
	m, err := protocol.NewMSPConfigurations([][]byte{b, a}, 7)
	if err != nil {
		t.Fatal(err)
	}
	if m.ConfigSequence != 7 || len(m.MspConfigs) != 2 || !bytes.Equal(m.MspConfigs[0], a) {
		t.Errorf("sequence %d, %d configurations, want 7 and the two sorted by MSP id", m.ConfigSequence, len(m.MspConfigs))
	}
	for name, bad := range map[string][][]byte{
		"none":     nil,
		"unsorted": {b, a},
		"repeated": {a, a},
		"garbage":  {[]byte("\xff")},
		"other":    {serializedMSP(t, one.Config(), 1)},
	} {
		if _, err := protocol.ParseMSPs(&pb.MSPConfigurations{MspConfigs: bad}); protocol.CodeOf(err) == "" {
			t.Errorf("%s: got %v, want an error with a code", name, err)
		}
	}
	if _, err := protocol.NewMSPConfigurations([][]byte{a, a}, 0); protocol.CodeOf(err) != protocol.CodeMalformed {
		t.Errorf("two of one name: got %v, want code %q", err, protocol.CodeMalformed)
	}
}

func TestMSPHashes(t *testing.T) {
	one, two, stranger := fpctest.NewOrg(t, "Org1MSP"), fpctest.NewOrg(t, "Org2MSP"), fpctest.NewOrg(t, "Org2MSP")
	roots := func(configs ...*msp.FabricMSPConfig) string {
		h, err := protocol.MSPRootsHash(configs)
		if err != nil {
			t.Fatal(err)
		}
		return string(h)
	}
	whole := func(configs ...*msp.FabricMSPConfig) string {
		var serialized [][]byte
		for _, c := range configs {
			serialized = append(serialized, serializedMSP(t, c, 0))
		}
		m, err := protocol.NewMSPConfigurations(serialized, 0)
		if err != nil {
			t.Fatal(err)
		}
		h, err := protocol.MSPConfigHash(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(h)
	}
	before, wholeBefore := roots(one.Config(), two.Config()), whole(one.Config(), two.Config())
	if roots(one.Config(), stranger.Config()) == before {
		t.Error("another root under the same MSP id gives the same hash")
	}
	if roots(one.Config()) == before {
		t.Error("an organisation left out gives the same hash")
	}
	two.Revoke(two.Client("mallory"))
	if roots(one.Config(), two.Config()) != before {
		t.Error("a revocation changes the hash of the roots")
	}
	if whole(one.Config(), two.Config()) == wholeBefore {
		t.Error("a revocation does not change the hash of the configurations")
	}
	_, err := protocol.MSPRootsHash([]*msp.FabricMSPConfig{{Name: "x", RootCerts: [][]byte{[]byte("no PEM")}}})
	wantCode(t, err, protocol.CodeMalformed)
}

func TestMarkerIsReserved(t *testing.T) {
	if !protocol.IsReservedKey(protocol.MarkerKey(txID)) || protocol.IsReservedKey("fpc/tx") {
		t.Error("the marker must be reserved, and plain keys not")
	}
}

func TestArguments(t *testing.T) {
	init := protocol.InitEnclave{PeerEndpoint: "p:7051", AttestationParams: []byte("a"), GenesisBlock: []byte("g"), ConfigBlock: []byte("c")}
	if got, err := protocol.ParseInitEnclave(init.Args()[1:]); err != nil || got.PeerEndpoint != init.PeerEndpoint || string(got.ConfigBlock) != "c" {
		t.Errorf("ParseInitEnclave = %+v, %v, want %+v", got, err, init)
	}
	for name, parse := range map[string]func([][]byte) error{
		"initEnclave":     func(a [][]byte) error { _, err := protocol.ParseInitEnclave(a); return err },
		"refreshEnclave":  func(a [][]byte) error { _, err := protocol.ParseRefreshEnclave(a); return err },
		"registerEnclave": func(a [][]byte) error { _, err := protocol.ParseRegisterEnclave(a); return err },
		"registerCCKeys":  func(a [][]byte) error { _, err := protocol.ParseRegisterCCKeys(a); return err },
		"chaincodeInvoke": func(a [][]byte) error { _, err := protocol.ParseInvoke(a); return err },
		"validate":        func(a [][]byte) error { _, err := protocol.ParseValidate(a); return err },
		"generateCCKeys":  func(a [][]byte) error { _, err := protocol.ParseGenerateCCKeys(a); return err },
	} {
		if err := parse(make([][]byte, 9)); protocol.CodeOf(err) != protocol.CodeBadArguments {
			t.Errorf("%s with nine arguments: got %v, want code %q", name, err, protocol.CodeBadArguments)
		}
	}
	if suite, err := protocol.ParseGenerateCCKeys(nil); err != nil || suite != "" {
		t.Errorf("ParseGenerateCCKeys() = %q, %v, want the default suite", suite, err)
	}
}
