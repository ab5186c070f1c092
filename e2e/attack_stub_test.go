// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"context"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	chaincode "github.com/privatechaincode/fpc/shim/peer"
	"github.com/privatechaincode/fpc/stub"
	"github.com/privatechaincode/fpc/stub/launch"
)

// lyingStub is a stub whose enclave is real, and which changes what passes
// between the two.
type lyingStub struct {
	stub.Enclave
	mu   sync.Mutex
	lies stubLies
}

// stubLies are what a stub changes; what is nil is passed on as it is.
type stubLies struct {
	ask    func(*fpc.InvokeRequest)
	answer func(response []byte) []byte
	shown  func(*fpc.StateResponse)
}

func (l *lyingStub) set(to stubLies) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lies = to
}

func (l *lyingStub) now() stubLies {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lies
}

// Call implements stub.Enclave.
func (l *lyingStub) Call(ctx context.Context, method string, request []byte, serve func(context.Context, []byte) ([]byte, error)) ([]byte, error) {
	if method != enclave.MethodInvoke {
		return l.Enclave.Call(ctx, method, request, serve)
	}
	asked := &fpc.InvokeRequest{}
	if err := proto.Unmarshal(request, asked); err != nil {
		return nil, err
	}
	lies := l.now()
	if lies.ask != nil {
		lies.ask(asked)
	}
	request, err := proto.Marshal(asked)
	if err != nil {
		return nil, err
	}
	response, err := l.Enclave.Call(ctx, method, request, lies.serving(serve))
	if err == nil && lies.answer != nil {
		response = lies.answer(response)
	}
	return response, err
}

// serving changes what the enclave is shown of the state.
func (l stubLies) serving(honest func(context.Context, []byte) ([]byte, error)) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, request []byte) ([]byte, error) {
		answer, err := honest(ctx, request)
		if err != nil || l.shown == nil {
			return answer, err
		}
		shown := &fpc.StateResponse{}
		if err := proto.Unmarshal(answer, shown); err != nil {
			return nil, err
		}
		l.shown(shown)
		return proto.Marshal(shown)
	}
}

// lyingStub replaces the first organisation's stub.
func (w *world) lyingStub() *lyingStub {
	w.t.Helper()
	w.kill(w.service)
	l := &lyingStub{}
	ctx, end := context.WithCancel(w.ctx)
	s, err := stub.New(ctx, stub.Config{
		Chaincode: w.name, MSPID: w.Orgs[0].MSPID, StateDir: w.stateDir(),
		Start: func(ctx context.Context, secret [32]byte) (stub.Enclave, error) {
			p, err := launch.Start(ctx, launch.Config{Binary: w.sample(w.name), HostSecret: secret, StartTimeout: timeout})
			if err != nil {
				return nil, err
			}
			l.Enclave = p
			return l, nil
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- chaincode.Serve(ctx, chaincode.ServerConfig{CCID: w.service.Packages[0], Address: w.service.Programs[0].Address}, s)
	}()
	w.t.Cleanup(func() {
		end()
		if err := <-served; err != nil {
			w.t.Errorf("the lying stub: %v", err)
		}
		_ = s.Close()
	})
	return l
}

// Row 8, 3 and 2 between stub and enclave: what is asked, shown and answered is
// another call's.
func TestAttack08LyingStub(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	w.submit("CreateAsset", "a2", "ann", "red", "8")
	earlier := w.capture(0, "TransferAsset", "a1", "mallory")
	other := w.stored("asset", "a2")
	before := w.remember()
	l := w.lyingStub()
	for name, test := range map[string]struct {
		lies stubLies
		want protocol.Code
	}{
		"asked under another transaction": {stubLies{ask: func(r *fpc.InvokeRequest) { r.TxId = fpctest.OtherHex(r.TxId) }}, protocol.CodeBadTxID},
		"asked for another channel":       {stubLies{ask: func(r *fpc.InvokeRequest) { r.ChannelId = "other" }}, protocol.CodeWrongChannel},
		"asked an earlier proposal": {stubLies{ask: func(r *fpc.InvokeRequest) {
			r.SignedProposal = encode(t, earlier.signed)
			r.TxId = signedIn(t, earlier.ccrsp).TxId
		}}, protocol.CodeBadTxID},
		"answered an earlier call": {stubLies{answer: func([]byte) []byte {
			return encode(t, &fpc.InvokeResponse{Response: earlier.ccrsp})
		}}, protocol.CodeBadTxID},
		"shown another key's value": {stubLies{shown: func(r *fpc.StateResponse) { r.Values[0] = other }}, enclave.CodeTamperedValue},
		"shown a value too many":    {stubLies{shown: func(r *fpc.StateResponse) { r.Values = append(r.Values, other) }}, enclave.CodeBadAnswer},
		"shown rows for a value":    {stubLies{shown: func(r *fpc.StateResponse) { r.Values, r.Rows = nil, []*fpc.Row{{Key: "a1"}} }}, enclave.CodeBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			l.set(test.lies)
			defer l.set(stubLies{})
			_, err := w.contract(0).Submit(w.ctx, "UpdateAsset", "a1", "green", "9")
			refused(t, err, test.want)
		})
	}
	w.unchanged(before)
	w.submit("UpdateAsset", "a1", "green", "9")
}
