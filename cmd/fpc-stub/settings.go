// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"time"

	"github.com/privatechaincode/fpc/internal/observe"
	"github.com/privatechaincode/fpc/internal/program"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/stub"
)

// settings are what the command line and the environment say.
type settings struct {
	chaincode, ercc, mspID string
	enclave, state, trace  string
	ledger                 string
	tap, killAt            string
	peerAddress            string
	maxInvocations         int
	timeout                time.Duration
	observe                observe.Flags
	getenv                 func(string) string
	launched               bool // by a peer, which may do so before the former stub has ended
}

// help is what -h says besides the flags.
var help = program.Help{
	Purpose: "the FPC stub of one private chaincode, to its peer a chaincode, to the enclave its host",
	Usage:   "--chaincode NAME [--enclave PROGRAM --state FOLDER --msp-id MSPID] [flags]",
	Example: `  CHAINCODE_SERVER_ADDRESS=127.0.0.1:9901 CHAINCODE_ID=auction:0a1b… \
    fpc-stub --chaincode auction --msp-id Org1MSP --enclave ./auction --state ./state
  CHAINCODE_SERVER_ADDRESS=127.0.0.1:9902 CHAINCODE_ID=auction:0a1b… fpc-stub --chaincode auction`,
	More: "The peer reaches it at CHAINCODE_SERVER_ADDRESS, with CHAINCODE_ID the package's id at that peer.\nWithout --enclave it validates only. A peer can launch it instead: see fpc builder install.\n",
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (*settings, error) {
	s := &settings{getenv: getenv}
	flags := program.Flags("fpc-stub")
	flags.StringVar(&s.chaincode, "chaincode", getenv("FPC_CHAINCODE"), "name under which the private chaincode is defined on the channel (FPC_CHAINCODE)")
	flags.StringVar(&s.ercc, "ercc", protocol.ERCCName, "name under which the enclave registry is defined on the channel")
	flags.StringVar(&s.mspID, "msp-id", getenv("CORE_PEER_LOCALMSPID"), "organisation of the peer, whose administrators may initialise the enclave (CORE_PEER_LOCALMSPID)")
	flags.StringVar(&s.enclave, "enclave", getenv("FPC_ENCLAVE"), "enclave program; empty: this stub only validates (FPC_ENCLAVE)")
	flags.StringVar(&s.state, "state", getenv("FPC_STATE"), "folder for sealed state; one for all chaincodes of a peer will do (FPC_STATE)")
	flags.StringVar(&s.ledger, "ledger", getenv("FPC_LEDGER"), "socket of this peer's fpc-ledger-host, for Full mode; empty: Lite only (FPC_LEDGER)")
	flags.StringVar(&s.trace, "trace", getenv("FPC_TRACE"), "folder to record steps into; empty: none (FPC_TRACE)")
	flags.StringVar(&s.killAt, "kill-at", "", "") // step at which to kill the process that takes it, for tests of crashes
	flags.StringVar(&s.tap, "tap", "", "folder to copy everything into that passes between stub and enclave, for audits; empty: none")
	flags.StringVar(&s.peerAddress, "peer.address", getenv("CORE_PEER_ADDRESS"), "host:port of the peer that launched this program")
	flags.IntVar(&s.maxInvocations, "max-invocations", stub.DefaultMaxInvocations, "invocations that run in the enclave at the same time")
	flags.DurationVar(&s.timeout, "timeout", stub.DefaultTimeout, "longest time for one invocation")
	s.observe.Add(flags, getenv)
	if err := program.Parse(flags, args, stderr, help); err != nil {
		return nil, err
	}
	switch {
	case s.chaincode == "":
		return nil, errors.New("no chaincode named: give --chaincode, the name in its definition")
	case s.enclave != "" && s.state == "":
		return nil, errors.New("no place for sealed state: give --state, a folder that outlives this program")
	case s.enclave != "" && s.mspID == "":
		return nil, errors.New("no organisation named: give --msp-id, the peer's MSP id")
	}
	return s, nil
}
