// SPDX-License-Identifier: Apache-2.0

//go:build linux

package launch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/transport"
)

// TestMain makes this test program an enclave of a kind when it is launched as
// one. What kind stands at the end of the program file.
func TestMain(m *testing.M) {
	if os.Args[0] == "fpc-enclave" {
		behave()
	}
	os.Exit(m.Run())
}

const kindSize = 16

// patience is a start timeout for machines that stand still for a while.
const patience = 5 * time.Minute

func behave() {
	exe, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	rw := os.NewFile(3, "transport")
	switch strings.TrimSpace(string(exe[len(exe)-kindSize:])) {
	case "hang":
		_, _ = io.Copy(io.Discard, rw)
	case "exit":
		fmt.Fprintln(os.Stderr, "no platform today")
		os.Exit(1)
	case "garbage":
		_, _ = rw.WriteString(strings.Repeat("garbage", 100))
		_, _ = io.Copy(io.Discard, rw)
	}
	record, _ := io.ReadAll(os.NewFile(4, "record"))
	_ = transport.Serve(rw, transport.Limits{}, func(_ context.Context, c *transport.Call) ([]byte, error) {
		if c.Method == "exit" {
			os.Exit(7)
		}
		return proto.Marshal(&fpc.EnclaveStatus{EnclaveId: fmt.Sprintf("%x", record), Confinement: os.Environ()})
	})
	os.Exit(0)
}

// enclaveOf writes an enclave program of a kind and returns its path.
func enclaveOf(t *testing.T, kind string) string {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "enclave")
	if err := os.WriteFile(path, fmt.Appendf(self, "%*s", kindSize, kind), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStartFails(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, binary, want string
	}{
		{"no such file", filepath.Join(t.TempDir(), "none"), "no such file"},
		{"no program", text, "exec format error"},
		{"hangs", enclaveOf(t, "hang"), "deadline exceeded"},
		{"says why and ends", enclaveOf(t, "exit"), "no platform today"},
		{"answers garbage", enclaveOf(t, "garbage"), "transport: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			timeout := patience
			if tc.name == "hangs" {
				timeout = 200 * time.Millisecond
			}
			p, err := Start(t.Context(), Config{Binary: tc.binary, StartTimeout: timeout})
			if !errors.Is(err, ErrStart) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, %v, want %v with %q", p, err, ErrStart, tc.want)
			}
		})
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Config{Binary: enclaveOf(t, "serve"), StartTimeout: patience}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// What runs is what was measured, and it gets secret and measurement.
func TestMeasuredProgramRuns(t *testing.T) {
	path := enclaveOf(t, "serve")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Measurement(sha256.Sum256(b))
	measured, err := Measure(path)
	if err != nil || measured != want {
		t.Errorf("Measure: got %s, %v, want %s", measured, err, want)
	}
	secret := [SecretSize]byte{1, 2, 3}
	p, err := Start(t.Context(), Config{Binary: path, HostSecret: secret, StartTimeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })
	if p.CodeID() != want {
		t.Errorf("code id: got %s, want %s", p.CodeID(), want)
	}
	status := &fpc.EnclaveStatus{}
	if b, err := p.Call(t.Context(), "status", nil, nil); err != nil || proto.Unmarshal(b, status) != nil {
		t.Fatalf("status: got %x, %v", b, err)
	}
	if got, want := status.GetEnclaveId(), fmt.Sprintf("%x%s", secret, want); got != want {
		t.Errorf("record: the enclave got %s, want %s", got, want)
	}
	for _, v := range p.Confinement() { // this program reports its environment there
		if !strings.HasPrefix(v, "GODEBUG=") && !strings.HasPrefix(v, "FPC_NAMESPACES=") {
			t.Errorf("the enclave got %q in its environment", v)
		}
	}
	if p.PID() == os.Getpid() || p.PID() <= 0 {
		t.Errorf("process id: got %d, want a process of its own", p.PID())
	}
}

func TestFileThatChangesWhileItIsStarted(t *testing.T) {
	path := enclaveOf(t, "serve")
	program, err := load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer program.close()
	if err := os.WriteFile(path, []byte("something else"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := program.file.WriteAt([]byte("x"), 0); err == nil {
		t.Error("the measured copy can be written")
	}
	child, err := spawn(program, Config{}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	host := transport.NewHost(child.socket, transport.Limits{})
	if _, err := host.Call(t.Context(), "status", nil, nil); err != nil {
		t.Errorf("the measured program does not answer: %v", err)
	}
	_ = host.Close()
	child.kill()
	child.wait()
}

func TestEnds(t *testing.T) {
	p, err := Start(t.Context(), Config{Binary: enclaveOf(t, "serve"), StartTimeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Call(t.Context(), "exit", nil, nil); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("call of an enclave that ends: got %v, want %v", err, transport.ErrClosed)
	}
	<-p.Done()
	if err := p.Err(); !errors.Is(err, ErrEnded) || !strings.Contains(err.Error(), "exit status 7") {
		t.Errorf("got %v, want %v with exit status 7", err, ErrEnded)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("stop after the end: %v", err)
	}
}

func TestEnclaveEndsWithItsHost(t *testing.T) {
	p, err := Start(t.Context(), Config{Binary: enclaveOf(t, "serve"), StartTimeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Host().Close()
	<-p.Done()
	if err := p.Err(); !strings.Contains(fmt.Sprint(err), "exit status 0") {
		t.Errorf("got %v, want an orderly end", err)
	}
}
