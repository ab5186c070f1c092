// SPDX-License-Identifier: Apache-2.0

//go:build !nosim && linux

package stub_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/stub"
)

// halfway calls back while the enclave is at work on a method.
type halfway struct {
	stub.Enclave
	method string
	then   func(ctx context.Context) // of the call
}

func (h halfway) Call(ctx context.Context, method string, request []byte, serve func(context.Context, []byte) ([]byte, error)) ([]byte, error) {
	if method != h.method {
		return h.Enclave.Call(ctx, method, request, serve)
	}
	// The enclave comes to its end, whether or not anybody waits for it.
	answer, err := h.Enclave.Call(context.WithoutCancel(ctx), method, request, serve)
	h.then(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return answer, err
}

// interrupted is a world whose stub is called back while its enclave is at work.
func interrupted(t *testing.T, method string, then func(ctx context.Context)) *world {
	t.Helper()
	w := newWorld(t)
	start := w.config.Start
	w.config.Start = func(ctx context.Context, secret [32]byte) (stub.Enclave, error) {
		e, err := start(ctx, secret)
		return halfway{e, method, then}, err
	}
	w.restart()
	return w
}

// What an enclave makes while its peer goes away is kept all the same: the retry finds
// it, and so does a restart.
func TestAttack19PeerGoneWhileTheEnclaveChanges(t *testing.T) {
	steps := map[string]struct {
		method  string
		reached func(w *world) // up to the step
		call    func(w *world) [][]byte
	}{
		"init": {"init", func(*world) {}, func(w *world) [][]byte { return w.initArgs().Args() }},
		"keys": {"generateCCKeys", func(w *world) { w.initialise() }, func(*world) [][]byte { return protocol.GenerateCCKeysArgs("") }},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			gone, leave := context.WithCancel(t.Context())
			w := interrupted(t, step.method, func(context.Context) { leave() })
			step.reached(w)
			w.gone = gone
			_ = w.evaluate(w.admin(), step.call(w)) // nobody hears what it answers
			if gone.Err() == nil {
				t.Fatalf("the enclave was not asked for %s", step.method)
			}
			w.gone = nil
			after := w.status()
			if after.GetInitialized() != (after.GetCredentials() != nil) || after.GetProvisioned() != (after.GetRegistration() != nil) {
				t.Errorf("the enclave has what its stub lost: got status %v", after)
			}
			w.restart()
			if restarted := w.status(); restarted.GetInitialized() != after.GetInitialized() || !proto.Equal(restarted.GetCredentials(), after.GetCredentials()) || !proto.Equal(restarted.GetRegistration(), after.GetRegistration()) {
				t.Errorf("after a restart: got %v, want %v", restarted, after)
			}
		})
	}
}

// An enclave that does not come to an end ends with its stub: what it may have made
// meanwhile would be known to nobody.
func TestEnclaveThatIsGivenUpWhileItChanges(t *testing.T) {
	w := interrupted(t, "init", func(ctx context.Context) { <-ctx.Done() })
	w.config.Timeout = 50 * time.Millisecond
	w.restart()
	got := w.evaluate(w.admin(), w.initArgs().Args())
	scene.Code(t, got, "timeout")
	select {
	case <-w.stub.Done():
	default:
		t.Fatal("the stub goes on with an enclave whose state it does not know")
	}
	if err := w.stub.Err(); err == nil || !strings.Contains(err.Error(), "took too long") {
		t.Errorf("why the stub ended: got %v, want that the enclave took too long", err)
	}
	w.restart()
	if w.status().GetInitialized() {
		t.Error("after the restart the enclave is initialised, want it to begin anew")
	}
}
