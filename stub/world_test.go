// SPDX-License-Identifier: Apache-2.0

//go:build !nosim && linux

package stub_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/ercc"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/fpctest/request"
	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/shimtest"
	"github.com/privatechaincode/fpc/stub"
	"github.com/privatechaincode/fpc/stub/launch"
	"github.com/privatechaincode/fpc/trace"
	"github.com/privatechaincode/fpc/trace/tracetest"
)

// Enclave programs that the tests run: one source, two code ids.
var firstEnclave, secondEnclave string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "stub-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	for variant, path := range map[string]*string{"first": &firstEnclave, "second": &secondEnclave} {
		*path = filepath.Join(dir, variant)
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-X main.variant="+variant, "-o", *path, "./testdata/kv")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the test enclave: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// world is a ledger with ERCC and one stub of Org1MSP that hosts an enclave.
type world struct {
	*scene.Scene
	stub     *stub.Stub
	enclave  *launch.Process
	cc       *shimtest.Chaincode // of the stub
	registry *shimtest.Chaincode
	config   stub.Config
	events   *tracetest.Recorder

	mu   sync.Mutex
	lies scene.Lies      // of the host, for transactions that begin from now on
	gone context.Context // their peer is gone when it is done; nil: it stays
}

// newWorld starts a stub whose enclave is not initialised.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Scene: scene.New(t), events: &tracetest.Recorder{}}
	w.CommitCode(measure(t, firstEnclave))
	policy := w.CommitPolicy(w.Policy())
	w.registry = w.Ledger.Deploy(protocol.ERCCName, ercc.New(ercc.Config{
		Verifiers: map[string]attest.Verifier{sim.Platform: sim.Verifier{}},
		Now:       func() time.Time { return w.Now },
		Trace:     trace.Named("ercc", w.events),
	}))
	w.cc = w.Ledger.Deploy(scene.Chaincode, w)
	scene.Accepted(t, w.registry.Submit(w.tx(w.admin(), [][]byte{[]byte(protocol.FuncSetPolicy), policy})))
	w.config = stub.Config{
		Chaincode: scene.Chaincode, MSPID: scene.Org1, StateDir: filepath.Join(t.TempDir(), "state"),
		Start: w.launcher(firstEnclave), Trace: trace.Named("stub", w.events),
	}
	w.start()
	return w
}

func measure(t *testing.T, program string) [32]byte {
	t.Helper()
	code, err := launch.Measure(program)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// launcher starts an enclave program.
func (w *world) launcher(program string) func(context.Context, [32]byte) (stub.Enclave, error) {
	return func(ctx context.Context, secret [32]byte) (stub.Enclave, error) {
		p, err := launch.Start(ctx, launch.Config{Binary: program, HostSecret: secret, StartTimeout: deadline, Stderr: os.Stderr})
		if err != nil {
			return nil, err
		}
		w.enclave = p
		return p, nil
	}
}

func (w *world) start() {
	w.T.Helper()
	s, err := stub.New(w.T.Context(), w.config)
	if err != nil {
		w.T.Fatal(err)
	}
	w.stub = s
	w.T.Cleanup(func() { s.Close() })
}

// restart ends stub and enclave and starts them from what is on the disk.
func (w *world) restart() {
	w.T.Helper()
	if err := w.stub.Close(); err != nil {
		w.T.Fatal(err)
	}
	w.start()
}

// Init does nothing.
func (w *world) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke passes a transaction to the stub, as the host wants it to look.
func (w *world) Invoke(peer shim.ChaincodeStubInterface) *shim.Response {
	creator, err := peer.GetCreator()
	if err != nil {
		return shim.Error(err.Error())
	}
	w.mu.Lock()
	lies, gone := w.lies, w.gone
	w.mu.Unlock()
	lying := &scene.LyingPeer{Stub: peer.(*shimtest.Stub), Signer: w.signer(creator), Lies: lies}
	if gone == nil {
		return w.stub.Invoke(lying)
	}
	return w.stub.Invoke(mortalPeer{lying, gone})
}

// mortalPeer is one that may be gone before the transaction has ended.
type mortalPeer struct {
	*scene.LyingPeer
	gone context.Context
}

func (p mortalPeer) Context() context.Context { return p.gone }

// lie makes the host lie from now on.
func (w *world) lie(lies scene.Lies) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lies = lies
}

// signer finds the member that a creator is.
func (w *world) signer(creator []byte) *fpctest.Member {
	for _, org := range w.Orgs {
		for _, m := range []*fpctest.Member{org.Client(), org.Client("other"), org.Admin()} {
			if bytes.Equal(m.Creator(), creator) {
				return m
			}
		}
	}
	w.T.Error("a transaction of nobody")
	return nil
}

func (w *world) admin() []byte  { return w.Orgs[scene.Org1].Admin().Creator() }
func (w *world) client() []byte { return w.Orgs[scene.Org2].Client().Creator() }

func (w *world) tx(creator []byte, args [][]byte) shimtest.Tx {
	return shimtest.Tx{Creator: creator, Args: args, Timestamp: w.Now}
}

func (w *world) evaluate(creator []byte, args [][]byte) shimtest.Result {
	return w.cc.Evaluate(w.tx(creator, args))
}

// initArgs are what an honest administrator gives to initEnclave.
func (w *world) initArgs() protocol.InitEnclave {
	return protocol.InitEnclave{
		PeerEndpoint:      "peer0.org1.example.com:7051",
		AttestationParams: w.attestationParams(),
		GenesisBlock:      encode(w.T, w.Genesis),
		ConfigBlock:       encode(w.T, w.Genesis),
	}
}

func (w *world) attestationParams() []byte {
	return guest.Params{NotBefore: w.Now.Add(-time.Hour).Unix(), NotAfter: w.Now.Add(time.Hour).Unix(), TCB: 2}.Marshal()
}

// initialise runs REG-1 to REG-13 and returns the enclave's credentials.
func (w *world) initialise() *fpc.Credentials {
	w.T.Helper()
	credentials := &fpc.Credentials{}
	decode(w.T, scene.Accepted(w.T, w.evaluate(w.admin(), w.initArgs().Args())), credentials)
	w.register(credentials)
	return credentials
}

func (w *world) register(credentials *fpc.Credentials) {
	w.T.Helper()
	args := protocol.RegisterEnclave{Credentials: encode(w.T, credentials), Manifest: w.Manifest}.Args()
	scene.Accepted(w.T, w.registry.Submit(w.tx(w.admin(), args)))
}

// provision runs KEY-1 to KEY-3.
func (w *world) provision() *fpc.Signed {
	w.T.Helper()
	registration := &fpc.Signed{}
	decode(w.T, scene.Accepted(w.T, w.evaluate(w.admin(), protocol.GenerateCCKeysArgs(""))), registration)
	args, err := protocol.RegisterCCKeysArgs(registration)
	if err != nil {
		w.T.Fatal(err)
	}
	scene.Accepted(w.T, w.registry.Submit(w.tx(w.admin(), args)))
	return registration
}

// newProvisionedWorld is ready for invocations.
func newProvisionedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.initialise()
	w.provision()
	return w
}

// state is all that the private chaincode has on the ledger.
func (w *world) state() map[string]string { return w.cc.State() }

// unchanged asserts that the state is still what it was.
func (w *world) unchanged(before map[string]string) {
	w.T.Helper()
	if after := w.state(); !maps.Equal(before, after) {
		w.T.Errorf("the state changed: before %q, after %q", before, after)
	}
}

// request seals a request for the registered key (INV-2 to INV-4).
func (w *world) request(creator []byte, args ...string) (ccreq []byte, r keys.ResponseKey) {
	w.T.Helper()
	key := &fpc.ChaincodeKey{}
	query := protocol.ChaincodeArgs(protocol.FuncQueryChaincodeEncryptionKey, scene.Chaincode)
	decode(w.T, scene.Accepted(w.T, w.registry.Evaluate(w.tx(creator, query))), key)
	ek, err := keys.ChaincodeEKFromPB(key.GetChaincodeEk())
	if err != nil {
		w.T.Fatal(err)
	}
	binding := keys.RequestBinding{ChannelHash: w.ChannelHash, ChaincodeID: scene.Chaincode, Creator: creator}
	sealed, r := request.Seal(w.T, ek, binding, &fpc.ClearRequest{Args: shimtest.Args(args...)})
	return encode(w.T, sealed), r
}

// answer is what came of an invocation.
type answer struct {
	ccrsp    []byte
	verified protocol.VerifiedResponse
	clear    *fpc.ClearResponse
}

// invoke has the enclave run a function of the test chaincode (INV-6 to INV-22).
func (w *world) invoke(creator []byte, args ...string) answer {
	w.T.Helper()
	ccreq, r := w.request(creator, args...)
	ccrsp := scene.Accepted(w.T, w.evaluate(creator, protocol.InvokeArgs(ccreq)))
	return w.open(ccrsp, r)
}

func (w *world) open(ccrsp []byte, r keys.ResponseKey) answer {
	w.T.Helper()
	status := w.status()
	credentials, err := protocol.CredentialsFromPB("INV-22", status.GetCredentials())
	if err != nil {
		w.T.Fatal(err)
	}
	response, err := protocol.ParseResponse("INV-22", ccrsp)
	if err != nil {
		w.T.Fatal(err)
	}
	verified, err := protocol.VerifyResponse("INV-22", credentials.EnclaveVK, response)
	if err != nil {
		w.T.Fatal(err)
	}
	clear, err := protocol.OpenResponse(r, verified)
	if err != nil {
		w.T.Fatal(err)
	}
	return answer{ccrsp: ccrsp, verified: verified, clear: clear}
}

// validate submits the validation transaction (VAL-1 to VAL-5).
func (w *world) validate(creator, ccrsp []byte) shimtest.Result {
	return w.cc.Submit(w.tx(creator, protocol.ValidateArgs(ccrsp)))
}

// commit invokes and validates, and returns the chaincode's answer.
func (w *world) commit(creator []byte, args ...string) string {
	w.T.Helper()
	a := w.invoke(creator, args...)
	scene.Accepted(w.T, w.validate(creator, a.ccrsp))
	return string(a.clear.GetPayload())
}

func (w *world) status() *fpc.EnclaveStatus {
	w.T.Helper()
	status := &fpc.EnclaveStatus{}
	decode(w.T, scene.Accepted(w.T, w.evaluate(w.admin(), shimtest.Args(protocol.FuncEnclaveStatus))), status)
	return status
}

func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t testing.TB, b []byte, m proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(b, m); err != nil {
		t.Fatal(err)
	}
}
