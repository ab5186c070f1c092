// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/observe"
	"github.com/privatechaincode/fpc/internal/program"
	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/protocol"
)

// settings are what the command line and the environment say. The peer and the
// identity are named by the variables of Fabric's peer command.
type settings struct {
	channel, genesis, ercc string
	enclave, state, socket string
	stateDatabase          string
	trace, killAt          string
	mspID                  string
	signer                 msp.Signer
	peer                   fabric.Endpoint
	checkpointBlocks       uint64
	checkpointEvery        time.Duration
	observe                observe.Flags
	getenv                 func(string) string
}

// help is what -h says besides the flags.
var help = program.Help{
	Purpose: "the host of the ledger enclave of one peer and channel",
	Usage:   "--channel NAME --state FOLDER [flags]",
	Example: "  eval \"$(fpc network up --data ./net)\"\n  fpc-ledger-host --channel mychannel --state ./state --genesis \"$FPC_GENESIS\"",
	More:    "The peer and the identity that may read its blocks: CORE_PEER_ADDRESS, CORE_PEER_LOCALMSPID,\nCORE_PEER_MSPCONFIGPATH, CORE_PEER_TLS_… as for Fabric's peer command.\n",
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (*settings, error) {
	s := &settings{getenv: getenv}
	flags := program.Flags("fpc-ledger-host")
	flags.StringVar(&s.channel, "channel", getenv("FPC_CHANNEL"), "channel to follow (FPC_CHANNEL)")
	flags.StringVar(&s.genesis, "genesis", getenv("FPC_GENESIS"), "file with the channel's genesis block; empty: the peer is asked for it (FPC_GENESIS)")
	flags.StringVar(&s.ercc, "ercc", protocol.ERCCName, "name under which the enclave registry is defined on the channel")
	flags.StringVar(&s.enclave, "enclave", getenv("FPC_LEDGER_ENCLAVE"), "the ledger enclave's program; empty: fpc-ledger beside this program (FPC_LEDGER_ENCLAVE)")
	flags.StringVar(&s.state, "state", getenv("FPC_STATE"), "folder for checkpoints; one for all channels of a peer will do (FPC_STATE)")
	flags.StringVar(&s.socket, "socket", getenv("FPC_LEDGER"), "path of the socket for stubs, beside which is the ledger enclave's own, PATH.enclave; empty: ledger.sock in the state folder of the channel (FPC_LEDGER)")
	flags.StringVar(&s.stateDatabase, "state-database", "leveldb", "kind of the peers' state database: leveldb or couchdb; all peers of a channel must have the same")
	flags.StringVar(&s.trace, "trace", getenv("FPC_TRACE"), "folder to record steps into; empty: none (FPC_TRACE)")
	flags.StringVar(&s.killAt, "kill-at", "", "") // step at which to kill the process that takes it, for tests of crashes
	flags.Uint64Var(&s.checkpointBlocks, "checkpoint-blocks", ledgerhost.DefaultCheckpointBlocks, "blocks between checkpoints")
	flags.DurationVar(&s.checkpointEvery, "checkpoint-every", ledgerhost.DefaultCheckpointEvery, "longest time from a block to a checkpoint")
	s.observe.Add(flags, getenv)
	if err := program.Parse(flags, args, stderr, help); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	s.enclave = cmp.Or(s.enclave, besides())
	if s.socket == "" {
		s.socket = filepath.Join(s.state, s.channel, "ledger.sock")
	}
	return s, s.identify()
}

func (s *settings) check() error {
	switch {
	case s.channel == "":
		return errors.New("no channel named: give --channel")
	case s.state == "":
		return errors.New("no place for checkpoints: give --state, a folder that outlives this program")
	case s.stateDatabase != "leveldb" && s.stateDatabase != "couchdb":
		return fmt.Errorf("--state-database %.20q: it must be leveldb or couchdb", s.stateDatabase)
	case s.checkpointBlocks == 0 || s.checkpointEvery <= 0:
		return errors.New("--checkpoint-blocks and --checkpoint-every must be above zero")
	}
	return nil
}

// identify reads the variables of Fabric's peer command.
func (s *settings) identify() (err error) {
	s.peer.Address, s.mspID = s.getenv("CORE_PEER_ADDRESS"), s.getenv("CORE_PEER_LOCALMSPID")
	folder := s.getenv("CORE_PEER_MSPCONFIGPATH")
	if s.peer.Address == "" || s.mspID == "" || folder == "" {
		return errors.New("no peer named: set CORE_PEER_ADDRESS, CORE_PEER_LOCALMSPID and CORE_PEER_MSPCONFIGPATH")
	}
	if s.signer, err = fabric.LoadIdentity(s.mspID, folder); err != nil {
		return fmt.Errorf("CORE_PEER_MSPCONFIGPATH: %w", err)
	}
	for _, flag := range []struct {
		name string
		then []file
	}{
		{"CORE_PEER_TLS_ENABLED", []file{{"CORE_PEER_TLS_ROOTCERT_FILE", &s.peer.RootCerts}}},
		{"CORE_PEER_TLS_CLIENTAUTHREQUIRED", []file{{"CORE_PEER_TLS_CLIENTCERT_FILE", &s.peer.ClientCert}, {"CORE_PEER_TLS_CLIENTKEY_FILE", &s.peer.ClientKey}}},
	} {
		if err := s.read(flag.name, flag.then); err != nil {
			return err
		}
	}
	s.peer.ServerName = s.getenv("CORE_PEER_TLS_SERVERHOSTOVERRIDE")
	return nil
}

// file is a variable that names a file, and where its content belongs.
type file struct {
	name string
	to   *[]byte
}

// read reads the files if a variable says true.
func (s *settings) read(name string, files []file) error {
	text := s.getenv(name)
	if text == "" {
		return nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return fmt.Errorf("%s is %.20q; it must be true or false", name, text)
	}
	for _, f := range files {
		if !on {
			break
		}
		path := s.getenv(f.name)
		if path == "" {
			return fmt.Errorf("%s is true and %s is not set", name, f.name)
		}
		if *f.to, err = os.ReadFile(path); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// besides is where the ledger enclave lies after make build.
func besides() string {
	own, err := os.Executable()
	if err != nil {
		return "fpc-ledger"
	}
	return filepath.Join(filepath.Dir(own), "fpc-ledger")
}
