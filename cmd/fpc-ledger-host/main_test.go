// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/program"
	"github.com/privatechaincode/fpc/ledgerhost"
)

// organisation makes MSP folders and returns a client's.
func organisation(t *testing.T) string {
	t.Helper()
	org, err := ca.Create(t.TempDir(), ca.Spec{MSPID: "Org1MSP", Domain: "org1.example.com", Users: []string{"User1"}, Hosts: []string{"localhost"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(org.UserDir("User1"), "msp")
}

func TestSettings(t *testing.T) {
	state := t.TempDir()
	reader := organisation(t)
	for _, tc := range []struct {
		name string
		args []string
		env  map[string]string
		want string // in the error; empty: fine
	}{
		{"complete", nil, nil, ""},
		{"no channel", []string{"--channel", ""}, nil, "give --channel"},
		{"no state", []string{"--state", ""}, nil, "give --state"},
		{"unknown flag", []string{"--nonsense"}, nil, "nonsense"},
		{"an argument", []string{"mychannel"}, nil, "unexpected argument"},
		{"unknown database", []string{"--state-database", "oracle"}, nil, "leveldb or couchdb"},
		{"no checkpoints", []string{"--checkpoint-blocks", "0"}, nil, "--checkpoint-blocks"},
		{"no peer", nil, map[string]string{"CORE_PEER_ADDRESS": ""}, "CORE_PEER_ADDRESS"},
		{"no identity", nil, map[string]string{"CORE_PEER_MSPCONFIGPATH": state}, "CORE_PEER_MSPCONFIGPATH"},
		{"TLS perhaps", nil, map[string]string{"CORE_PEER_TLS_ENABLED": "perhaps"}, "true or false"},
		{"TLS off", nil, map[string]string{"CORE_PEER_TLS_ENABLED": "false"}, ""},
		{"TLS without root", nil, map[string]string{"CORE_PEER_TLS_ENABLED": "true"}, "CORE_PEER_TLS_ROOTCERT_FILE is not set"},
		{"TLS with a root that is missing", nil, map[string]string{"CORE_PEER_TLS_ENABLED": "true", "CORE_PEER_TLS_ROOTCERT_FILE": "/nowhere"}, "no such file"},
	} {
		env := map[string]string{"CORE_PEER_ADDRESS": "localhost:7051", "CORE_PEER_LOCALMSPID": "Org1MSP", "CORE_PEER_MSPCONFIGPATH": reader}
		for name, value := range tc.env {
			env[name] = value
		}
		args := append([]string{"--channel", "mychannel", "--state", state}, tc.args...)
		s, err := parse(args, func(name string) string { return env[name] }, &bytes.Buffer{})
		switch {
		case tc.want == "" && (err != nil || s.socket != filepath.Join(state, "mychannel", "ledger.sock")):
			t.Errorf("%s: got %v, %v, want the default socket", tc.name, s, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestExitCodes(t *testing.T) {
	nothing := func(string) string { return "" }
	var stderr bytes.Buffer
	if got := run(context.Background(), []string{"-h"}, nothing, &stderr); got != program.OK || !strings.Contains(stderr.String(), "checkpoint") {
		t.Errorf("-h: got %d and %q, want %d and the flags", got, stderr.String(), program.OK)
	}
	stderr.Reset()
	if got := run(context.Background(), nil, nothing, &stderr); got != program.Usage || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("no flags: got %d and %q, want %d and one line", got, stderr.String(), program.Usage)
	}
}

// A genesis block that is none, or of another channel than the flag says.
func TestGenesisFile(t *testing.T) {
	s := &settings{channel: "mychannel", genesis: "file"}
	empty, err := proto.Marshal(&common.Block{Header: &common.BlockHeader{}, Data: &common.BlockData{}})
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"nothing": nil, "garbage": []byte("genesis"), "no configuration": empty} {
		if err := s.checkGenesis(raw, nil); err == nil || !strings.Contains(err.Error(), "--genesis file") {
			t.Errorf("%s: got %v, want an error that names the file", name, err)
		}
	}
	if _, err := os.Stat("file"); err == nil {
		t.Error("a file was made")
	}
}

func TestProgress(t *testing.T) { synctest.Test(t, testProgress) } // between two words no time passes

func testProgress(t *testing.T) {
	var lines bytes.Buffer
	show, done := showProgress(&bytes.Buffer{}, slog.New(slog.NewTextHandler(&lines, nil)))
	show(ledgerhost.Progress{Height: 5, Peer: 10}) // a few blocks are not worth a word
	show(ledgerhost.Progress{Height: 10, Peer: 10})
	if lines.Len() != 0 {
		t.Errorf("a few blocks behind: got %q, want nothing", lines.String())
	}
	show(ledgerhost.Progress{Height: 100, Peer: 1000, Blocks: 90})
	show(ledgerhost.Progress{Height: 200, Peer: 1000, Blocks: 90}) // too soon for another line
	show(ledgerhost.Progress{Height: 1000, Peer: 1000, Blocks: 90})
	show(ledgerhost.Progress{Height: 1001, Peer: 1001, Blocks: 90})
	done()
	text := lines.String()
	if strings.Count(text, "\n") != 2 || !strings.Contains(text, "height=100 peer=1000") || !strings.Contains(text, "left=10s") || !strings.Contains(text, "caught up") {
		t.Errorf("catching up: got %q, want one line while it does and one when it has", text)
	}
	var terminal bytes.Buffer
	p := &progress{w: &terminal, log: slog.New(slog.DiscardHandler), terminal: true}
	p.show(ledgerhost.Progress{Height: 100, Peer: 1000, Blocks: 90, Transactions: 900})
	p.show(ledgerhost.Progress{Height: 1000, Peer: 1000})
	if text := terminal.String(); !strings.Contains(text, "block 100 of 1000 (10 %), 90 blocks/s, 900 transactions/s, about 10s left") || !strings.HasSuffix(text, "\r\x1b[K") {
		t.Errorf("on a terminal: got %q, want a line that is cleared at the end", text)
	}
}
