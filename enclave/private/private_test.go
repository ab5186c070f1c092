// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package private_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/stub/launch"
	"github.com/privatechaincode/fpc/transport"
)

// startTimeout is for machines that stand still for a while.
const startTimeout = 5 * time.Minute

// start launches a program and ends it with the test.
func start(t *testing.T, config launch.Config) *launch.Process {
	t.Helper()
	config.StartTimeout = startTimeout
	p, err := launch.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })
	return p
}

// world is a world whose enclave is a process.
func world(t *testing.T, p *launch.Process) *enclavetest.World {
	t.Helper()
	w := enclavetest.New(t)
	w.CodeID = p.CodeID()
	return w.Provision(enclavetest.Remote{Caller: p})
}

func TestConfinedEnclave(t *testing.T) {
	binary := enclavetest.Build(t, "./testdata/probe")
	var printed bytes.Buffer
	listener, path := enclavetest.Listen(t)
	p := start(t, launch.Config{Binary: binary, Stderr: &printed, Listener: listener})
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	w := world(t, p)
	for _, line := range p.Confinement() {
		t.Log(line)
	}
	applied := func(what string) bool {
		for _, line := range p.Confinement() {
			if strings.HasPrefix(line, what) {
				return true
			}
		}
		return false
	}
	if !applied("seccomp") {
		t.Skip("this kernel gives no seccomp: ", p.Confinement())
	}
	refused := []string{"open", "list", "create", "memory", "tcp", "udp", "unix", "listen", "accept", "exec", "exec-me", "fork", "kill", "ptrace", "mmap-exec"}
	for _, name := range refused {
		a := w.Ask(w.Org1.Client(), name).MustSend(enclavetest.NewHost())
		got := string(a.Clear.GetPayload())
		if !strings.Contains(got, "operation not permitted") && !strings.Contains(got, "permission denied") {
			t.Errorf("attempt %s: got %q, %q, want it refused", name, got, a.Clear.GetMessage())
		}
	}
	if _, err := os.Stat("/tmp/fpc-probe"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file that the enclave may not create: %v", err)
	}
	if conn, err := net.Dial("unix", path); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the socket to listen at that this enclave has no use for: got %v, %v, want %v", conn, err, syscall.ECONNREFUSED)
	}
	a := w.Ask(w.Org1.Client(), "threads", "garbage", "timers", "random", "get", "put", "print", "env").MustSend(enclavetest.NewHost())
	if got, want := string(a.Clear.GetPayload()), "threads: allowed\ngarbage: allowed\ntimers: allowed\nrandom: allowed\nget: allowed\nput: allowed\nprint: allowed\nenv: empty"; got != want {
		t.Errorf("what must work: got %q, %q, want %q", got, a.Clear.GetMessage(), want)
	}
	_ = p.Stop()
	if printed.Len() != 0 {
		t.Errorf("the host read what the chaincode printed: %q", printed.String())
	}
}

func TestRestartedEnclave(t *testing.T) {
	config := launch.Config{Binary: enclavetest.Build(t, "./testdata/probe"), HostSecret: [32]byte{1, 2, 3}}
	first := start(t, config)
	w := world(t, first)
	_ = first.Stop()
	<-first.Done()
	if err := first.Err(); err != nil {
		t.Errorf("a stopped enclave: got %v, want no error", err)
	}
	if _, err := w.Ask(w.Org1.Client(), "get").Send(enclavetest.NewHost()); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("call of a stopped enclave: got %v, want %v", err, transport.ErrClosed)
	}
	second := start(t, config)
	w.Enclave = enclavetest.Remote{Caller: second}
	resp, err := w.Enclave.Restore(t.Context(), &fpc.RestoreRequest{SealedState: w.Sealed})
	if err != nil || resp.GetEnclaveId() != w.Credentials.EnclaveID() {
		t.Fatalf("restore: got %v, %v, want enclave %s", resp, err, w.Credentials.EnclaveID())
	}
	a := w.Ask(w.Org1.Client(), "put").MustSend(enclavetest.NewHost())
	if !a.Result {
		t.Errorf("after the restart: got %v", a.Clear)
	}
	config.HostSecret[0]++
	third := start(t, config)
	_, err = enclavetest.Remote{Caller: third}.Restore(t.Context(), &fpc.RestoreRequest{SealedState: w.Sealed})
	if got := protocol.CodeOf(err); got != enclave.CodeSealedOtherHost {
		t.Errorf("restore with another host secret: got %v, want %s", err, enclave.CodeSealedOtherHost)
	}
}

// Changing one byte of a binary that works changes the code, and with it the
// sealing key.
func TestAttack13OtherCode(t *testing.T) {
	binary := enclavetest.Build(t, "./testdata/probe")
	w := world(t, start(t, launch.Config{Binary: binary}))
	b, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(binary, append(b, 0), 0o700); err != nil {
		t.Fatal(err)
	}
	p := start(t, launch.Config{Binary: binary})
	_, err = enclavetest.Remote{Caller: p}.Restore(t.Context(), &fpc.RestoreRequest{SealedState: w.Sealed})
	if got := protocol.CodeOf(err); got != enclave.CodeSealedOtherCode {
		t.Errorf("restore by other code: got %v, want %s", err, enclave.CodeSealedOtherCode)
	}
}

func TestCancelledCall(t *testing.T) {
	p := start(t, launch.Config{Binary: enclavetest.Build(t, "./testdata/probe")})
	w := world(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	blocked := access(func(ctx context.Context, _ *fpc.StateRequest) (*fpc.StateResponse, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	})
	if _, err := w.Enclave.Invoke(ctx, w.Ask(w.Org1.Client(), "block").Request, blocked); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled call: got %v, want %v", err, context.Canceled)
	}
	a := w.Ask(w.Org1.Client(), "threads").MustSend(enclavetest.NewHost())
	if !a.Result {
		t.Errorf("the next call: got %v", a.Clear)
	}
}

type access func(context.Context, *fpc.StateRequest) (*fpc.StateResponse, error)

func (f access) Access(ctx context.Context, req *fpc.StateRequest) (*fpc.StateResponse, error) {
	return f(ctx, req)
}

func TestEnclaveThatEnds(t *testing.T) {
	p := start(t, launch.Config{Binary: enclavetest.Build(t, "./testdata/probe")})
	w := world(t, p)
	if _, err := w.Ask(w.Org1.Client(), "exit").Send(enclavetest.NewHost()); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("call: got %v, want %v", err, transport.ErrClosed)
	}
	<-p.Done()
	if err := p.Err(); !errors.Is(err, launch.ErrEnded) || !strings.Contains(err.Error(), "7") {
		t.Errorf("process: got %v, want %v with exit status 7", err, launch.ErrEnded)
	}
}

func TestStartedByHand(t *testing.T) {
	out, err := exec.Command(enclavetest.Build(t, "./testdata/smallest")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "fpc-stub starts") {
		t.Errorf("got %v, %q, want a hint at fpc-stub", err, out)
	}
}

func TestBuildWithoutSimulation(t *testing.T) {
	binary := enclavetest.Build(t, "./testdata/smallest", "nosim")
	_, err := launch.Start(t.Context(), launch.Config{Binary: binary, StartTimeout: startTimeout})
	if !errors.Is(err, launch.ErrStart) || !strings.Contains(err.Error(), "no other platform is available") {
		t.Errorf("got %v, want a refusal: there is no platform", err)
	}
	b, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"attest/sim", "this key is public and proves nothing"} {
		if bytes.Contains(b, []byte(s)) {
			t.Errorf("a build without simulation contains %q", s)
		}
	}
}
