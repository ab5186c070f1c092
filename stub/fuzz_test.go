// SPDX-License-Identifier: Apache-2.0

//go:build !nosim && linux

package stub_test

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/shimtest"
	"github.com/privatechaincode/fpc/stub"
)

// accepting is an enclave that accepts whatever it is asked to.
type accepting struct{ done chan struct{} }

func (accepting) Call(_ context.Context, _ string, _ []byte, _ func(context.Context, []byte) ([]byte, error)) ([]byte, error) {
	return proto.Marshal(&fpc.InitResponse{SealedState: []byte("sealed"), Credentials: &fpc.Credentials{}})
}
func (accepting) Abandoned() int          { return 0 }
func (a accepting) Done() <-chan struct{} { return a.done }
func (accepting) Err() error              { return nil }
func (accepting) PID() int                { return 1 }
func (accepting) Stop() error             { return nil }

// FuzzInitEnclave: whatever an administrator sends to initEnclave, the stub
// refuses with step and code, or the blocks are of its own channel.
func FuzzInitEnclave(f *testing.F) {
	s := scene.New(f)
	host, err := stub.New(f.Context(), stub.Config{
		Chaincode: scene.Chaincode, MSPID: scene.Org1, StateDir: f.TempDir(),
		Start: func(context.Context, [32]byte) (stub.Enclave, error) { return accepting{}, nil },
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { host.Close() })
	cc := s.Ledger.Deploy(scene.Chaincode, host)
	admin := s.Orgs[scene.Org1].Admin().Creator()
	genesis, config := encode(f, s.Genesis), encode(f, s.ConfigBlock(1))
	f.Add("peer:7051", []byte(`{"tcb":1}`), genesis, config)
	f.Add("peer:7051", []byte{}, config, genesis)
	f.Add("", []byte{}, genesis[:len(genesis)/2], config[:len(config)/2])
	f.Add("", []byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, endpoint string, params, genesis, config []byte) {
		args := protocol.InitEnclave{PeerEndpoint: endpoint, AttestationParams: params, GenesisBlock: genesis, ConfigBlock: config}.Args()
		result := cc.Evaluate(shimtest.Tx{Creator: admin, Args: args})
		if result.OK() {
			return
		}
		if _, named := protocol.ParseError(result.Response.GetMessage()); !named {
			t.Fatalf("refusal without step and code: %q", result.Response.GetMessage())
		}
	})
}
