// SPDX-License-Identifier: Apache-2.0

//go:build !nosim && linux

package stub_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/shimtest"
	"github.com/privatechaincode/fpc/stub"
	"github.com/privatechaincode/fpc/trace"
)

func TestInvokeAndValidate(t *testing.T) {
	w := newProvisionedWorld(t)
	if got := w.commit(w.client(), "put", "k", "a secret bid"); got != "" {
		t.Errorf("answer to put: got %q, want none", got)
	}
	if got := w.commit(w.client(), "get", "k"); got != "a secret bid" {
		t.Errorf("answer to get: got %q, want the bid", got)
	}
	for key, value := range w.state() {
		if strings.Contains(value, "a secret bid") {
			t.Errorf("key %q holds the bid in clear", key)
		}
	}
	if got := w.commit(w.client(), "rows", "a", "z", "count"); got != "k" {
		t.Errorf("answer to rows: got %q, want k", got)
	}
}

// The steps of a run are recorded where they are received, stub and enclave in
// processes of their own.
func TestTraceOfARun(t *testing.T) {
	w := newWorld(t)
	w.events.Take()
	w.initialise()
	w.provision()
	wantSteps(t, w.events.Take(), "REG-1 stub", "REG-2 stub", "REG-3 enclave", "REG-4 enclave", "REG-6 enclave", "REG-7 stub",
		"REG-11 ercc", "REG-12 ercc", "REG-13 ercc", "KEY-1 stub", "KEY-1 ercc", "KEY-1 enclave", "KEY-2 enclave", "REG-7 stub", "KEY-3 ercc")

	ccreq, _ := w.request(w.client(), "copy", "a", "b")
	w.events.Take()
	ccrsp := scene.Accepted(t, w.evaluate(w.client(), protocol.InvokeArgs(ccreq)))
	invoked := w.events.Take()
	wantSteps(t, invoked, "INV-7 stub", "INV-8 enclave", "INV-10 enclave", "INV-12 enclave", "INV-14 enclave", "EX-1 stub",
		"EX-2 enclave", "INV-15 enclave", "INV-16 enclave", "INV-17 stub")
	if !slices.IsSortedFunc(invoked, func(a, b trace.Event) int { return a.Time.Compare(b.Time) }) {
		t.Error("the steps' times are not in their order")
	}
	for _, e := range invoked {
		if e.TxID == "" {
			t.Errorf("%s carries no transaction id", e.Step)
		}
		if inEnclave := e.PID != os.Getpid(); inEnclave != (e.Process == "enclave") || inEnclave && e.PID != w.enclave.PID() {
			t.Errorf("%s: process %s with pid %d; the stub's is %d, the enclave's %d", e.Step, e.Process, e.PID, os.Getpid(), w.enclave.PID())
		}
	}
	scene.Accepted(t, w.validate(w.client(), ccrsp))
	wantSteps(t, w.events.Take(), "VAL-1 stub", "VAL-2 ercc", "VAL-3 stub", "VAL-4 stub")

	w.restart()
	wantSteps(t, w.events.Take(), "INV-6a stub", "INV-6b stub", "INV-6c enclave", "INV-6d enclave")
}

func wantSteps(t *testing.T, got []trace.Event, want ...string) {
	t.Helper()
	var steps []string
	for _, e := range got {
		steps = append(steps, e.Step+" "+e.Process)
	}
	if !slices.Equal(steps, want) {
		t.Errorf("steps:\ngot  %q\nwant %q", steps, want)
	}
}

func TestManyInvocationsAtATime(t *testing.T) {
	w := newProvisionedWorld(t)
	w.commit(w.client(), "put", "k", "v")
	type job struct {
		ccreq []byte
		done  chan shimtest.Result
	}
	var jobs []job
	for range 40 {
		ccreq, _ := w.request(w.client(), "get", "k")
		j := job{ccreq, make(chan shimtest.Result, 1)}
		jobs = append(jobs, j)
		go func() { j.done <- w.evaluate(w.client(), protocol.InvokeArgs(j.ccreq)) }()
	}
	for _, j := range jobs {
		scene.Accepted(t, <-j.done)
	}
}

func TestStubWithoutEnclaveOnlyValidates(t *testing.T) {
	w := newProvisionedWorld(t)
	ccrsp := w.invoke(w.client(), "put", "k", "v").ccrsp
	host := w.stub
	validator, err := stub.New(t.Context(), stub.Config{Chaincode: scene.Chaincode, MSPID: scene.Org2})
	if err != nil {
		t.Fatal(err)
	}
	w.stub = validator
	for _, args := range [][][]byte{
		w.initArgs().Args(),
		protocol.RefreshEnclave{}.Args(),
		protocol.GenerateCCKeysArgs(""),
		shimtest.Args(protocol.FuncEnclaveStatus),
		protocol.InvokeArgs([]byte("x")),
	} {
		scene.Code(t, w.evaluate(w.admin(), args), "no_enclave")
	}
	scene.Accepted(t, w.validate(w.client(), ccrsp))
	w.stub = host
	if got := w.commit(w.client(), "get", "k"); got != "v" {
		t.Errorf("after another organisation's stub validated: got %q, want v", got)
	}
}

func TestFunctionsAndArguments(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]struct {
		args [][]byte
		want protocol.Code
	}{
		"no function":           {nil, protocol.CodeUnknownFunction},
		"the chaincode's own":   {shimtest.Args("put", "k", "v"), protocol.CodeUnknownFunction},
		"invoke without":        {shimtest.Args(protocol.FuncInvoke), protocol.CodeBadArguments},
		"validate with two":     {shimtest.Args(protocol.FuncValidate, "x", "y"), protocol.CodeBadArguments},
		"validate garbage":      {shimtest.Args(protocol.FuncValidate, "x"), protocol.CodeMalformed},
		"init with two":         {shimtest.Args(protocol.FuncInitEnclave, "x", "y"), protocol.CodeBadArguments},
		"invoke before init":    {protocol.InvokeArgs([]byte("x")), protocol.CodeNotInitialised},
		"generate before init":  {protocol.GenerateCCKeysArgs(""), protocol.CodeNotInitialised},
		"refresh before init":   {protocol.RefreshEnclave{ConfigBlock: encode(t, w.Genesis)}.Args(), protocol.CodeNotInitialised},
		"generate, no suite so": {protocol.GenerateCCKeysArgs("rot13"), protocol.CodeNotInitialised},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.state()
			scene.Code(t, w.evaluate(w.admin(), test.args), test.want)
			w.unchanged(before)
		})
	}
}

func TestTransientDataIsRefused(t *testing.T) {
	w := newProvisionedWorld(t)
	ccreq, _ := w.request(w.client(), "get", "k")
	tx := w.tx(w.client(), protocol.InvokeArgs(ccreq))
	tx.Transient = map[string][]byte{"bid": []byte("100")}
	result := w.cc.Evaluate(tx)
	scene.Code(t, result, protocol.CodeTransientData)
	if refused, _ := protocol.ParseError(result.Response.GetMessage()); refused.Step != "INV-7" {
		t.Errorf("refused at %s, want INV-7: the enclave is not even asked", refused.Step)
	}
}

// A chaincode that calls this one shows its own proposal, and has an enclave and
// keys of its own, all in order: its enclave's results are not written here.
func TestResultOfACallingChaincode(t *testing.T) {
	const other = "other"
	w := newProvisionedWorld(t)
	policy := w.Policy()
	policy.Chaincodes = append(policy.Chaincodes, protocol.ChaincodePolicy{ID: other, DesignatedMSP: scene.Org1})
	set := [][]byte{[]byte(protocol.FuncSetPolicy), w.CommitPolicy(policy)}
	scene.Accepted(t, w.registry.Submit(w.tx(w.admin(), set)))
	w.Lifecycle.Commit(other, w.Version())
	foreign := w.NewEnclave(scene.Org1)
	foreign.Data.CcParams.ChaincodeId = other
	w.register(foreign.Credentials())
	args, err := protocol.RegisterCCKeysArgs(foreign.KeyRegistration())
	if err != nil {
		t.Fatal(err)
	}
	scene.Accepted(t, w.registry.Submit(w.tx(w.admin(), args)))

	request := w.Request(w.client(), []byte("ccreq_msg"))
	request.Chaincode = other
	writes := &fpc.ReadWriteSet{Writes: []*fpc.Write{{Key: "k", Value: []byte("forged")}}}
	ccrsp := foreign.Sign(foreign.Result(w.Proposal(request, w.signer(w.client())), writes))
	caller := w.Ledger.Deploy(other, relay{})
	before := w.state()
	scene.Code(t, caller.Submit(w.tx(w.client(), protocol.ValidateArgs(ccrsp))), protocol.CodeNotRegistered)
	w.unchanged(before)
}

// Another chaincode passes on what a stub takes from administrators only, while
// they believe that they call that chaincode.
func TestAttack12AdministrationThatAnotherChaincodePassesOn(t *testing.T) {
	w := newWorld(t)
	game := w.Ledger.Deploy("game", relay{})
	for name, args := range map[string][][]byte{
		protocol.FuncInitEnclave:        w.initArgs().Args(),
		protocol.FuncRefreshEnclave:     protocol.RefreshEnclave{ConfigBlock: encode(t, w.Genesis)}.Args(),
		protocol.FuncGenerateCCKeys:     protocol.GenerateCCKeysArgs(""),
		protocol.FuncCertificateRequest: {[]byte(protocol.FuncCertificateRequest)},
		protocol.FuncInstallCertificate: {[]byte(protocol.FuncInstallCertificate), nil},
		protocol.FuncPrepareStatement:   {[]byte(protocol.FuncPrepareStatement)},
		protocol.FuncExportCCKeys:       {[]byte(protocol.FuncExportCCKeys), nil},
		protocol.FuncImportCCKeys:       {[]byte(protocol.FuncImportCCKeys)},
	} {
		t.Run(name, func(t *testing.T) {
			scene.Code(t, game.Evaluate(w.tx(w.admin(), args)), protocol.CodeNotDirect)
			if w.status().GetInitialized() {
				t.Error("the enclave was initialised all the same")
			}
		})
	}
	w.initialise()
}

// relay is a chaincode that passes what it is called with to the private one.
type relay struct{}

func (relay) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

func (relay) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	return stub.InvokeChaincode(scene.Chaincode, stub.GetArgs(), "")
}

func TestStatusRepeatsWhatABrokenConnectionLost(t *testing.T) {
	w := newWorld(t)
	if status := w.status(); status.GetInitialized() || status.GetCredentials() != nil {
		t.Errorf("status before init: got %v, want nothing", status)
	}
	credentials := w.initialise()
	registration := w.provision()
	for _, when := range []string{"before a restart", "after a restart"} {
		status := w.status()
		if !status.GetInitialized() || !status.GetProvisioned() || status.GetGeneration() != 1 {
			t.Errorf("%s: got %v, want an initialised enclave with keys of generation 1", when, status)
		}
		if !proto.Equal(status.GetCredentials(), credentials) || !proto.Equal(status.GetRegistration(), registration) {
			t.Errorf("%s: credentials or registration differ from those that were answered", when)
		}
		w.restart()
	}
}
