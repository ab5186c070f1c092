// SPDX-License-Identifier: Apache-2.0

//go:build !nosim && linux

package stub_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

func TestInitEnclaveRefusals(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]struct {
		lie    func(a *protocol.InitEnclave)
		caller []byte
		want   protocol.Code
	}{
		"a client":                     {caller: w.Orgs[scene.Org1].Client().Creator(), want: protocol.CodeNotAdmin},
		"another organisation's admin": {caller: w.Orgs[scene.Org2].Admin().Creator(), want: protocol.CodeForeignCaller},
		"no genesis block":             {lie: func(a *protocol.InitEnclave) { a.GenesisBlock = nil }, want: protocol.CodeMalformed},
		"garbage for a genesis block":  {lie: func(a *protocol.InitEnclave) { a.GenesisBlock = []byte("x") }, want: protocol.CodeMalformed},
		"a later block for genesis":    {lie: func(a *protocol.InitEnclave) { a.GenesisBlock = encode(t, w.ConfigBlock(1)) }, want: protocol.CodeWrongChannel},
		"another channel's genesis":    {lie: func(a *protocol.InitEnclave) { a.GenesisBlock = foreignBlock(t, w.Genesis) }, want: protocol.CodeWrongChannel},
		"altered genesis block": {lie: func(a *protocol.InitEnclave) {
			b := proto.CloneOf(w.Genesis)
			b.Header.DataHash[0] ^= 1
			a.GenesisBlock = encode(t, b)
		}, want: protocol.CodeMalformed},
		"no configuration block":          {lie: func(a *protocol.InitEnclave) { a.ConfigBlock = nil }, want: protocol.CodeMalformed},
		"a block without a configuration": {lie: func(a *protocol.InitEnclave) { a.ConfigBlock = encode(t, block.New(3, nil, nil)) }, want: protocol.CodeMalformed},
		"another channel's configuration": {lie: func(a *protocol.InitEnclave) { a.ConfigBlock = foreignBlock(t, w.ConfigBlock(1)) }, want: protocol.CodeWrongChannel},
		"no peer endpoint":                {lie: func(a *protocol.InitEnclave) { a.PeerEndpoint = "" }, want: protocol.CodeBadArguments},
		"an endpoint that is none":        {lie: func(a *protocol.InitEnclave) { a.PeerEndpoint = "dns:///peer0:7051" }, want: protocol.CodeBadArguments},
		"attestation parameters":          {lie: func(a *protocol.InitEnclave) { a.AttestationParams = []byte("{}") }, want: "attestation"},
	} {
		t.Run(name, func(t *testing.T) {
			args := w.initArgs()
			if test.lie != nil {
				test.lie(&args)
			}
			caller := w.admin()
			if test.caller != nil {
				caller = test.caller
			}
			scene.Code(t, w.evaluate(caller, args.Args()), test.want)
			if w.status().GetInitialized() {
				t.Fatal("the enclave was initialised all the same")
			}
		})
	}
	w.initialise()
}

// foreignBlock returns the block with its channel's name changed.
func foreignBlock(t *testing.T, b *common.Block) []byte {
	t.Helper()
	envelope, payload, header := &common.Envelope{}, &common.Payload{}, &common.ChannelHeader{}
	decode(t, b.GetData().GetData()[0], envelope)
	decode(t, envelope.GetPayload(), payload)
	decode(t, payload.GetHeader().GetChannelHeader(), header)
	header.ChannelId = "otherchannel"
	payload.Header.ChannelHeader = encode(t, header)
	envelope.Payload = encode(t, payload)
	return encode(t, block.New(b.GetHeader().GetNumber(), b.GetHeader().GetPreviousHash(), [][]byte{encode(t, envelope)}))
}

func TestInitEnclaveWithoutADefinition(t *testing.T) {
	w := newWorld(t)
	w.Lifecycle.Remove(scene.Chaincode)
	scene.Code(t, w.evaluate(w.admin(), w.initArgs().Args()), protocol.CodeNoDefinition)
	w.CommitCode(w.CodeID)
	w.initialise()
}

// Refreshed credentials replace the registered ones, and the keys stay
// (REG-15, attack 28).
func TestAttack28Refresh(t *testing.T) {
	w := newProvisionedWorld(t)
	w.commit(w.client(), "put", "k", "v")
	w.Orgs[scene.Org3].Revoke(w.Orgs[scene.Org3].Client("other")) // a changed MSP

	args := protocol.RefreshEnclave{AttestationParams: w.attestationParams(), ConfigBlock: encode(t, w.ConfigBlock(1))}.Args()
	scene.Code(t, w.evaluate(w.client(), args), protocol.CodeNotAdmin)
	credentials := &fpc.Credentials{}
	decode(t, scene.Accepted(t, w.evaluate(w.admin(), args)), credentials)
	w.register(credentials)
	parsed, err := protocol.CredentialsFromPB("REG-15", credentials)
	if err != nil {
		t.Fatal(err)
	}
	if parsed.Data.GetOnCreation() || parsed.Data.GetConfigSequence() != 1 || parsed.EnclaveID() != w.status().GetEnclaveId() {
		t.Errorf("refreshed: got %v, want the same enclave at configuration 1, not on creation", parsed.Data)
	}
	for _, when := range []string{"after the refresh", "after a restart"} {
		if got := w.commit(w.client(), "get", "k"); got != "v" {
			t.Errorf("%s: got %q, want v", when, got)
		}
		ccreq, _ := w.request(w.Orgs[scene.Org3].Client("other").Creator(), "get", "k")
		scene.Code(t, w.evaluate(w.Orgs[scene.Org3].Client("other").Creator(), protocol.InvokeArgs(ccreq)), protocol.CodeRevokedCreator)
		w.restart()
	}
}

func TestGenerateKeysRefusals(t *testing.T) {
	w := newWorld(t)
	w.initialise()
	for name, test := range map[string]struct {
		caller []byte
		want   protocol.Code
	}{
		"a client":                     {w.client(), protocol.CodeNotAdmin},
		"another organisation's admin": {w.Orgs[scene.Org2].Admin().Creator(), protocol.CodeForeignCaller},
	} {
		scene.Code(t, w.evaluate(test.caller, protocol.GenerateCCKeysArgs("")), test.want)
		if w.status().GetProvisioned() {
			t.Fatalf("%s had the enclave make keys", name)
		}
	}
}

func TestRefreshBeforeRegistration(t *testing.T) {
	w := newWorld(t)
	scene.Accepted(t, w.evaluate(w.admin(), w.initArgs().Args()))
	args := protocol.RefreshEnclave{AttestationParams: w.attestationParams(), ConfigBlock: encode(t, w.ConfigBlock(1))}.Args()
	scene.Code(t, w.evaluate(w.admin(), args), protocol.CodeNotRegistered)
	w.register(w.status().GetCredentials())
	scene.Accepted(t, w.evaluate(w.admin(), args))
}

// A committed new version is a cause for generation 2, which the new code's
// enclave makes by itself (KEY-8 in Lite).
func TestNextVersionBeginsTheNextGeneration(t *testing.T) {
	w := newProvisionedWorld(t)
	w.commit(w.client(), "put", "k", "v")
	last := w.invoke(w.client(), "put", "k", "too late").ccrsp
	if err := w.stub.Close(); err != nil {
		t.Fatal(err)
	}
	code := measure(t, secondEnclave)
	w.CommitCode(code)
	w.config.Start, w.config.StateDir = w.launcher(secondEnclave), t.TempDir()
	w.start()
	w.initialise()
	registration := w.provision()
	parsed, err := protocol.ParseKeyRegistration("KEY-3", registration)
	if err != nil || parsed.Generation != 2 {
		t.Fatalf("registration: got generation %d and error %v, want 2", parsed.Generation, err)
	}
	before := w.state()
	scene.Code(t, w.validate(w.client(), last), protocol.CodeWrongVersion)
	w.unchanged(before)
	if got := w.commit(w.client(), "get", "k"); got != "" {
		t.Errorf("a value of generation 1: got %q, want absent", got)
	}
	w.commit(w.client(), "put", "k", "again")
	if got := w.commit(w.client(), "get", "k"); got != "again" {
		t.Errorf("a value of generation 2: got %q, want again", got)
	}
}
