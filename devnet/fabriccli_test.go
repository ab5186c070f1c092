// SPDX-License-Identifier: Apache-2.0

package devnet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/devnet/peer/external"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// cli is Fabric's command line on an embedded network, in the name of each
// organisation's administrator.
type cli struct {
	t    *testing.T
	ctx  context.Context
	net  *devnet.Network
	orgs []peerCommand
	dir  string
	bin  string
}

func newCLI(t *testing.T) *cli {
	t.Helper()
	bin, _ := fabricPrograms(t)
	c := &cli{t: t, net: up(t, devnet.Config{Dir: t.TempDir(), BatchTimeout: quick, Builders: []external.Builder{serviceBuilder(t)}}), ctx: patience(t), dir: t.TempDir(), bin: bin}
	for i := range c.net.Description().Organizations {
		c.orgs = append(c.orgs, newPeerCommand(bin, c.net.Description(), i))
	}
	return c
}

// peer runs one command as an organisation and wants words in what it prints.
func (c *cli) peer(org int, words string, more []string, wants ...string) string {
	c.t.Helper()
	got := c.orgs[org].must(c.t, c.ctx, join(words, more)...)
	for _, want := range wants {
		if !strings.Contains(got, want) {
			c.t.Errorf("peer %s: got %q, want %q in it", words, got, want)
		}
	}
	return got
}

// block runs a command that fetches a block into a file.
func (c *cli) block(words string, more ...string) *common.Block {
	c.t.Helper()
	file := filepath.Join(c.dir, "fetched.block")
	c.orgs[0].must(c.t, c.ctx, join("channel fetch "+words+" "+file+" -c mychannel", more)...)
	block := new(common.Block)
	if err := proto.Unmarshal(read(c.t, file), block); err != nil {
		c.t.Fatalf("channel fetch %s: %v", words, err)
	}
	return block
}

// A package that Fabric's command made goes the whole life cycle, with every
// question that the command can ask on the way.
func TestFabricsLifecycleCommands(t *testing.T) {
	c := newCLI(t)
	d := c.net.Description()
	define := []string{"-C", "mychannel", "-n", "register", "-v", "1", "--sequence", "1", "--signature-policy", "OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')"}
	var endorsers []string
	for i, o := range d.Organizations {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		file := c.pack(i, l.Addr().String())
		id := strings.TrimSpace(c.peer(i, "lifecycle chaincode calculatepackageid", []string{file}, "register_"+o.MSPID+":"))
		c.peer(i, "lifecycle chaincode install", []string{file})
		if _, err := c.orgs[i].run(c.ctx, "lifecycle", "chaincode", "install", file); err == nil || !strings.Contains(err.Error(), "already successfully installed") {
			t.Errorf("install again: got error %v, want that it is installed", err)
		}
		c.peer(i, "lifecycle chaincode queryinstalled", nil, id)
		c.peer(i, "lifecycle chaincode getinstalledpackage --output-directory", []string{c.dir, "--package-id", id})
		if got, want := read(t, filepath.Join(c.dir, id+".tar.gz")), read(t, file); !bytes.Equal(got, want) {
			t.Errorf("getinstalledpackage: got %d bytes, want the %d installed", len(got), len(want))
		}
		serveChaincode(t, id, l)
		c.peer(i, "lifecycle chaincode approveformyorg --package-id", append([]string{id}, append(define, c.orgs[i].more...)...))
		c.peer(i, "lifecycle chaincode queryapproved -C mychannel -n register", nil, "sequence: 1", id)
		readiness := c.peer(i, "lifecycle chaincode checkcommitreadiness --output json", define)
		var state struct{ Approvals map[string]bool }
		if err := json.Unmarshal([]byte(readiness), &state); err != nil {
			t.Fatal(err)
		}
		for j, other := range d.Organizations {
			if got, want := state.Approvals[other.MSPID], j <= i; got != want {
				t.Errorf("checkcommitreadiness after %s approved: %s is %v, want %v", o.MSPID, other.MSPID, got, want)
			}
		}
		endorsers = append(endorsers, "--peerAddresses", o.PeerAddress, "--tlsRootCertFiles", o.TLSRoot)
	}
	c.peer(0, "lifecycle chaincode commit", append(append(define, c.orgs[0].more...), endorsers...))
	c.peer(1, "lifecycle chaincode querycommitted -C mychannel", nil, "Name: register, Version: 1, Sequence: 1")
	c.peer(2, "lifecycle chaincode querycommitted -C mychannel -n register", nil, "Org1MSP: true, Org2MSP: true, Org3MSP: true")

	c.peer(0, "chaincode invoke --waitForEvent -C mychannel -n register -c", append([]string{`{"Args":["put","k","v"]}`}, append(c.orgs[0].more, endorsers...)...))
	for i := range d.Organizations {
		if got := c.peer(i, "chaincode query -C mychannel -n register -c", []string{`{"Args":["get","k"]}`}); strings.TrimSpace(got) != "v" {
			t.Errorf("query at peer %d: got %q, want v", i, got)
		}
	}
	lone := append([]string{`{"Args":["put","k","w"]}`}, append(c.orgs[0].more, endorsers[:4]...)...)
	_, err := c.orgs[0].run(c.ctx, join("chaincode invoke --waitForEvent -C mychannel -n register -c", lone)...)
	if err == nil || !strings.Contains(err.Error(), "ENDORSEMENT_POLICY_FAILURE") {
		t.Errorf("invoke at one peer: got error %v, want an endorsement policy failure", err)
	}
}

// pack has Fabric's command pack a folder. It makes packages of languages only, so
// the folder goes as a Node module that holds where the chaincode serves.
func (c *cli) pack(org int, address string) string {
	c.t.Helper()
	source := c.t.TempDir()
	connection := `{"address":"` + address + `","dial_timeout":"10s","tls_required":false}`
	if err := os.WriteFile(filepath.Join(source, "connection.json"), []byte(connection), 0o644); err != nil {
		c.t.Fatal(err)
	}
	file := filepath.Join(c.t.TempDir(), "register.tar.gz")
	label := "register_" + c.net.Description().Organizations[org].MSPID
	c.peer(org, "lifecycle chaincode package --lang node --path", []string{source, "--label", label, file})
	return file
}

// serviceBuilder is an external builder for what pack makes.
func serviceBuilder(t *testing.T) external.Builder {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{
		"detect":  `test -f "$1/src/connection.json"`,
		"build":   `cp "$1/src/connection.json" "$3/"`,
		"release": `mkdir -p "$2/chaincode/server" && cp "$1/connection.json" "$2/chaincode/server/"`,
	} {
		if err := os.WriteFile(filepath.Join(dir, "bin", name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return external.Builder{Name: "service", Path: dir}
}

// Channel commands show what the ledger holds, asked at the peer and at the
// orderer alike.
func TestFabricsChannelCommands(t *testing.T) {
	c := newCLI(t)
	c.peer(0, "channel list", nil, "mychannel")
	c.peer(0, "channel getinfo -c mychannel", nil, `"height":1`)
	atOrderer := c.orgs[0].more
	for _, which := range []string{"oldest", "newest", "0", "config"} {
		for _, at := range [][]string{nil, atOrderer} {
			got := c.block(which, at...)
			if !proto.Equal(got.GetHeader(), c.net.Genesis().GetHeader()) || !proto.Equal(got.GetData(), c.net.Genesis().GetData()) {
				t.Errorf("channel fetch %s %v: got block %d, want the genesis block", which, at, got.GetHeader().GetNumber())
			}
		}
	}
	if _, err := c.orgs[0].run(c.ctx, "channel", "fetch", "newest", filepath.Join(c.dir, "x"), "-c", "elsewhere"); err == nil || !strings.Contains(err.Error(), "NOT_FOUND") {
		t.Errorf("channel fetch of a channel that is none: got error %v, want NOT_FOUND", err)
	}
	if _, err := c.orgs[0].run(c.ctx, "channel", "getinfo", "-c", "elsewhere"); err == nil {
		t.Error("channel getinfo of a channel that is none: got no error")
	}
}

// configtxlator decodes our configuration and blocks; what it encodes of the text
// again are the same bytes, but for maps, whose order is nobody's.
func TestConfigtxlatorReadsTheConfiguration(t *testing.T) {
	c := newCLI(t)
	deployed := connect(t, c.net.Description())
	deployed.deploy(t, "register", 3)
	decode := func(kind string, raw []byte) []byte {
		t.Helper()
		cmd := exec.CommandContext(c.ctx, filepath.Join(c.bin, "configtxlator"), "proto_decode", "--type", kind)
		cmd.Stdin = bytes.NewReader(raw)
		var problems bytes.Buffer
		cmd.Stderr = &problems
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("configtxlator proto_decode %s: %v: %s", kind, err, problems.String())
		}
		return out
	}
	genesis, err := proto.Marshal(c.block("config"))
	if err != nil {
		t.Fatal(err)
	}
	text := decode("common.Block", genesis)
	for _, want := range []string{`"Org1MSP"`, `"OrdererMSP"`, `"channel_id": "mychannel"`, `"V2_0"`, `"BlockValidation"`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the configuration block as text lacks %s", want)
		}
	}
	own, _ := c.net.Ledger("Org1MSP")
	for number := range own.Height() {
		block, err := own.Block(number)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := proto.Marshal(block)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(c.ctx, filepath.Join(c.bin, "configtxlator"), "proto_encode", "--type", "common.Block")
		cmd.Stdin = bytes.NewReader(decode("common.Block", raw))
		encoded, err := cmd.Output()
		if err != nil {
			t.Fatalf("configtxlator proto_encode of block %d: %v", number, err)
		}
		again := new(common.Block)
		if err := proto.Unmarshal(encoded, again); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(again.GetHeader(), block.GetHeader()) || len(again.GetData().GetData()) != len(block.GetData().GetData()) {
			t.Errorf("block %d after decoding and encoding: got header %v, want %v", number, again.GetHeader(), block.GetHeader())
		}
		if number > 0 && !proto.Equal(again, block) {
			t.Errorf("block %d after decoding and encoding is another", number)
		}
	}
}
