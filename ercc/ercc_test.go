// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ercc_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/ercc"
	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// registry is an ERCC on a scene's ledger.
type registry struct {
	*scene.Scene
	cc *shimtest.Chaincode
}

// newRegistry deploys ERCC without a policy.
func newRegistry(t testing.TB) *registry {
	t.Helper()
	s := scene.New(t)
	r := &registry{Scene: s}
	r.cc = s.Ledger.Deploy(protocol.ERCCName, ercc.New(ercc.Config{
		Verifiers: map[string]attest.Verifier{sim.Platform: sim.Verifier{}},
		Now:       func() time.Time { return s.Now },
	}))
	return r
}

// withPolicy stores the scene's policy.
func withPolicy(t testing.TB) *registry {
	t.Helper()
	r := newRegistry(t)
	r.setPolicy(r.Policy())
	return r
}

// setPolicy approves, commits and stores a policy.
func (r *registry) setPolicy(policy *protocol.RegistryPolicy) {
	r.T.Helper()
	b := r.CommitPolicy(policy)
	scene.Accepted(r.T, r.submit(r.Orgs[scene.Org1].Admin().Creator(), [][]byte{[]byte(protocol.FuncSetPolicy), b}))
}

func (r *registry) tx(creator []byte, args [][]byte) shimtest.Tx {
	return shimtest.Tx{Creator: creator, Args: args, Timestamp: r.Now}
}

func (r *registry) submit(creator []byte, args [][]byte) shimtest.Result {
	return r.cc.Submit(r.tx(creator, args))
}

func (r *registry) register(creator []byte, credentials *fpc.Credentials) shimtest.Result {
	return r.submit(creator, r.registerArgs(credentials))
}

func (r *registry) registerArgs(credentials *fpc.Credentials) [][]byte {
	return protocol.RegisterEnclave{Credentials: encode(r.T, credentials), Manifest: r.Manifest, Roots: r.Roots}.Args()
}

func (r *registry) registerKeys(creator []byte, registration *fpc.Signed) shimtest.Result {
	r.T.Helper()
	args, err := protocol.RegisterCCKeysArgs(registration)
	if err != nil {
		r.T.Fatal(err)
	}
	return r.submit(creator, args)
}

func (r *registry) revoke(creator []byte, enclaveID string) shimtest.Result {
	return r.submit(creator, protocol.EnclaveArgs(protocol.FuncRevokeEnclave, scene.Chaincode, enclaveID))
}

func (r *registry) admin(org string) []byte { return r.Orgs[org].Admin().Creator() }

// registered returns an enclave of Org1MSP that is registered.
func (r *registry) registered() *scene.Enclave {
	r.T.Helper()
	e := r.NewEnclave(scene.Org1)
	scene.Accepted(r.T, r.register(r.admin(scene.Org1), e.Credentials()))
	return e
}

// provisioned returns an enclave of Org1MSP whose key set is registered.
func (r *registry) provisioned() *scene.Enclave {
	r.T.Helper()
	e := r.registered()
	scene.Accepted(r.T, r.registerKeys(r.admin(scene.Org1), e.KeyRegistration()))
	return e
}

// state is all that the registry keeps.
func (r *registry) state() map[string]string { return r.cc.State() }

// unchanged asserts that nothing was written since before was taken.
func (r *registry) unchanged(before map[string]string) {
	r.T.Helper()
	if after := r.state(); !maps.Equal(before, after) {
		r.T.Errorf("a refusal changed the registry: keys before %q, after %q", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	}
}

// query evaluates a query and decodes its answer.
func query(r *registry, into proto.Message, function string, args ...string) {
	r.T.Helper()
	result := r.cc.Evaluate(r.tx(r.Orgs[scene.Org3].Client().Creator(), append([][]byte{[]byte(function)}, shimtest.Args(args...)...)))
	if err := proto.Unmarshal(scene.Accepted(r.T, result), into); err != nil {
		r.T.Fatal(err)
	}
}

func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestUnknownFunctionAndWrongArguments(t *testing.T) {
	r := withPolicy(t)
	for name, test := range map[string]struct {
		args [][]byte
		want protocol.Code
	}{
		"no function":           {nil, protocol.CodeUnknownFunction},
		"unknown function":      {shimtest.Args("putKeyset"), protocol.CodeUnknownFunction},
		"setPolicy without":     {shimtest.Args("setPolicy"), protocol.CodeBadArguments},
		"registerEnclave one":   {shimtest.Args("registerEnclave", "x"), protocol.CodeBadArguments},
		"registerCCKeys two":    {shimtest.Args("registerCCKeys", "x", "y"), protocol.CodeBadArguments},
		"putKeyExport without":  {shimtest.Args("putKeyExport"), protocol.CodeBadArguments},
		"getKeyExport one":      {shimtest.Args("getKeyExport", "auction"), protocol.CodeBadArguments},
		"revokeEnclave one":     {shimtest.Args("revokeEnclave", "auction"), protocol.CodeBadArguments},
		"name with a slash":     {shimtest.Args("queryListEnclaveCredentials", "a/b"), protocol.CodeBadArguments},
		"enclave id not hex":    {shimtest.Args("queryEnclaveCredentials", "auction", "../x"), protocol.CodeBadArguments},
		"view of an empty name": {shimtest.Args("queryRegistryView", ""), protocol.CodeBadArguments},
	} {
		t.Run(name, func(t *testing.T) {
			before := r.state()
			scene.Code(t, r.submit(r.admin(scene.Org1), test.args), test.want)
			r.unchanged(before)
		})
	}
}
