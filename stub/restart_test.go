// SPDX-License-Identifier: Apache-2.0

//go:build !nosim && linux

package stub_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/shimtest"
	"github.com/privatechaincode/fpc/stub"
	"github.com/privatechaincode/fpc/stub/launch"
	"github.com/privatechaincode/fpc/stub/statedir"
)

// deadline bounds what a test waits for. A mutant is given two minutes.
const deadline = 90 * time.Second

func await(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(deadline):
		t.Fatalf("%s: nothing happened in %s", what, deadline)
	}
}

func TestRestartKeepsKeys(t *testing.T) {
	w := newProvisionedWorld(t)
	w.commit(w.client(), "put", "k", "v")
	for range 2 {
		w.restart()
		if got := w.commit(w.client(), "get", "k"); got != "v" {
			t.Errorf("after a restart: got %q, want v", got)
		}
	}
}

// Kill -9 of the enclave at each step of a life: no key that anybody learnt of
// is lost, and the retry succeeds (attack 19).
func TestAttack19KilledEnclave(t *testing.T) {
	for name, live := range map[string]func(w *world){
		"before init":    func(*world) {},
		"after init":     func(w *world) { w.initialise() },
		"after keys":     func(w *world) { w.initialise(); w.provision() },
		"after a commit": func(w *world) { w.initialise(); w.provision(); w.commit(w.client(), "put", "k", "v") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			live(w)
			before := w.status()
			if err := syscall.Kill(w.enclave.PID(), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			await(t, "the stub ends with its enclave", w.stub.Done())
			if err := w.stub.Err(); !errors.Is(err, launch.ErrEnded) {
				t.Errorf("why the stub ended: got %v, want %v", err, launch.ErrEnded)
			}
			scene.Code(t, w.evaluate(w.admin(), shimtest.Args(protocol.FuncEnclaveStatus)), "enclave_ended")
			w.restart()
			after := w.status()
			if before.Confinement, after.Confinement = nil, nil; !proto.Equal(before, after) {
				t.Errorf("status: before %v, after %v", before, after)
			}
			switch {
			case !after.GetInitialized():
				w.initialise()
				fallthrough
			case !after.GetProvisioned():
				w.provision()
			}
			w.commit(w.client(), "put", "after", "v")
			if got := w.commit(w.client(), "get", "after"); got != "v" {
				t.Errorf("after the retry: got %q, want v", got)
			}
		})
	}
}

// What was pending when the enclave ended fails with an error that says so.
func TestPendingInvocationFailsWithItsEnclave(t *testing.T) {
	w := newProvisionedWorld(t)
	ccreq, _ := w.request(w.client(), "crash")
	scene.Code(t, w.evaluate(w.client(), protocol.InvokeArgs(ccreq)), "enclave_ended")
	await(t, "the stub ends with its enclave", w.stub.Done())
	w.restart()
	w.commit(w.client(), "put", "k", "v")
}

// Sealed state is on the disk before anybody learns of the keys in it. If it
// cannot be written, nobody does, and the stub begins anew.
func TestAttack19StateThatCannotBeStored(t *testing.T) {
	t.Run("init", func(t *testing.T) {
		w := newWorld(t)
		restore := breakDisk(t, w.config.StateDir)
		scene.Code(t, w.evaluate(w.admin(), w.initArgs().Args()), protocol.CodeSealedState)
		await(t, "the stub ends", w.stub.Done())
		restore()
		w.restart()
		w.initialise()
		w.provision()
		w.commit(w.client(), "put", "k", "v")
	})
	t.Run("keys", func(t *testing.T) {
		w := newWorld(t)
		w.initialise()
		restore := breakDisk(t, w.config.StateDir)
		scene.Code(t, w.evaluate(w.admin(), protocol.GenerateCCKeysArgs("")), protocol.CodeSealedState)
		await(t, "the stub ends", w.stub.Done())
		restore()
		w.restart()
		if w.status().GetProvisioned() {
			t.Error("keys that were never stored are there after the restart")
		}
		w.provision()
		w.commit(w.client(), "put", "k", "v")
	})
}

// breakDisk makes the next write of a state file fail, also for root: a folder
// stands where the new file would.
func breakDisk(t *testing.T, dir string) (restore func()) {
	t.Helper()
	path := filepath.Join(dir, "stub.state.new")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSecondStubOnTheSameState(t *testing.T) {
	w := newProvisionedWorld(t)
	second := w.config
	second.Start = func(context.Context, [32]byte) (stub.Enclave, error) {
		t.Error("a second enclave was started")
		return nil, errors.New("no")
	}
	if _, err := stub.New(t.Context(), second); !errors.Is(err, statedir.ErrInUse) {
		t.Errorf("second stub: got error %v, want %v", err, statedir.ErrInUse)
	}
	w.commit(w.client(), "put", "k", "v")
}

func TestInvocationThatHangs(t *testing.T) {
	w := newWorld(t)
	w.initialise()
	w.provision()
	w.stub.Close()
	usual := w.config.Timeout
	w.config.Timeout, w.config.MaxInvocations = 300*time.Millisecond, 2
	w.start()
	for range 2 {
		ccreq, _ := w.request(w.client(), "hang")
		scene.Code(t, w.evaluate(w.client(), protocol.InvokeArgs(ccreq)), "timeout")
	}
	// On a slow machine a call may be late before it hangs, and leave its place.
	for begun := time.Now(); w.stub.Err() == nil && time.Since(begun) < deadline; {
		ccreq, _ := w.request(w.client(), "hang")
		w.evaluate(w.client(), protocol.InvokeArgs(ccreq))
	}
	await(t, "the stub ends once all places hang", w.stub.Done())
	w.config.Timeout = usual
	w.restart()
	w.commit(w.client(), "put", "k", "v")
}

// State that is not this enclave's is refused, and stays as it is (attack 13).
func TestAttack13ForeignSealedState(t *testing.T) {
	other := newProvisionedWorld(t)
	if err := other.stub.Close(); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		spoil   func(t *testing.T, own []byte) []byte
		program string
		want    protocol.Code
	}{
		"another host's enclave": {spoil: func(t *testing.T, _ []byte) []byte { return stateFile(t, other.config.StateDir) }, want: "sealed_other_host"},
		"another code id":        {program: secondEnclave, want: "sealed_other_code"},
		"a flipped bit": {spoil: sealed(func(b []byte) []byte {
			b[len(b)-20] ^= 1
			return b
		}), want: "sealed_tampered"},
		"truncated": {spoil: sealed(func(b []byte) []byte { return b[:len(b)/2] }), want: "sealed_truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newProvisionedWorld(t)
			w.commit(w.client(), "put", "k", "v")
			if err := w.stub.Close(); err != nil {
				t.Fatal(err)
			}
			own := stateFile(t, w.config.StateDir)
			spoilt := own
			if test.spoil != nil {
				spoilt = test.spoil(t, own)
			}
			writeState(t, w.config.StateDir, spoilt)
			config := w.config
			if test.program != "" {
				config.Start = w.launcher(test.program)
			}
			_, err := stub.New(t.Context(), config)
			if got := protocol.CodeOf(err); got != test.want {
				t.Errorf("start: got error %v with code %q, want %s", err, got, test.want)
			}
			if got := stateFile(t, w.config.StateDir); string(got) != string(spoilt) {
				t.Error("the refused state was changed")
			}
			writeState(t, w.config.StateDir, own)
			w.start()
			if got := w.commit(w.client(), "get", "k"); got != "v" {
				t.Errorf("with its own state back: got %q, want v", got)
			}
		})
	}
}

// sealed spoils the sealed part of a state file.
func sealed(spoil func([]byte) []byte) func(*testing.T, []byte) []byte {
	return func(t *testing.T, file []byte) []byte {
		state := &fpc.StubState{}
		decode(t, file, state)
		state.SealedState = spoil(state.SealedState)
		return encode(t, state)
	}
}

func TestAttack13TruncatedStateFile(t *testing.T) {
	w := newProvisionedWorld(t)
	if err := w.stub.Close(); err != nil {
		t.Fatal(err)
	}
	own := stateFile(t, w.config.StateDir)
	writeState(t, w.config.StateDir, own[:len(own)-1])
	var damaged *statedir.DamagedError
	if _, err := stub.New(t.Context(), w.config); !errors.As(err, &damaged) {
		t.Errorf("start: got error %v, want a DamagedError", err)
	}
	writeState(t, w.config.StateDir, own)
	w.start()
	w.commit(w.client(), "put", "k", "v")
}

// One program can be two chaincodes' enclave, so its state opens for either: the
// stub tells them apart.
func TestAttack13StateOfAnotherChaincode(t *testing.T) {
	w := newProvisionedWorld(t)
	if err := w.stub.Close(); err != nil {
		t.Fatal(err)
	}
	other := w.config
	other.Chaincode = "other"
	if _, err := stub.New(t.Context(), other); err == nil || !strings.Contains(err.Error(), "this stub serves") {
		t.Errorf("start: got error %v, want one that names both chaincodes", err)
	}
	w.start()
	w.commit(w.client(), "put", "k", "v")
}

func TestAttack13InitTwice(t *testing.T) {
	w := newProvisionedWorld(t)
	w.commit(w.client(), "put", "k", "v")
	before := stateFile(t, w.config.StateDir)
	for _, when := range []string{"in the same process", "after a restart"} {
		scene.Code(t, w.evaluate(w.admin(), w.initArgs().Args()), protocol.CodeAlreadyInitialised)
		scene.Code(t, w.evaluate(w.admin(), protocol.GenerateCCKeysArgs("")), protocol.CodeAlreadyProvisioned)
		if string(stateFile(t, w.config.StateDir)) != string(before) {
			t.Errorf("%s: the sealed state changed", when)
		}
		if got := w.commit(w.client(), "get", "k"); got != "v" {
			t.Errorf("%s: got %q, want v", when, got)
		}
		w.restart()
	}
}

func stateFile(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "stub.state"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeState(t *testing.T, dir string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "stub.state"), b, 0o600); err != nil {
		t.Fatal(err)
	}
}
