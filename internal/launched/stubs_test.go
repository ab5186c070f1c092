// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package launched_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/stub/launch"
	"github.com/privatechaincode/fpc/transport"
)

// startTimeout is for machines that stand still for a while.
const startTimeout = 5 * time.Minute

const refused = "operation not permitted"

// start launches the enclave's process with a socket at which it listens, or with
// none, and ends it with the test.
func start(t *testing.T, binary string, listener *os.File) *launch.Process {
	t.Helper()
	p, err := launch.Start(t.Context(), launch.Config{Binary: binary, Listener: listener, StartTimeout: startTimeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })
	if !strings.Contains(strings.Join(p.Confinement(), "\n"), "\nseccomp") {
		t.Skip("this kernel gives no seccomp: ", p.Confinement())
	}
	return p
}

// listening is start with a socket, whose path it returns.
func listening(t *testing.T) (p *launch.Process, path string) {
	t.Helper()
	listener, path := enclavetest.Listen(t)
	p = start(t, enclavetest.Build(t, "./testdata/listening"), listener)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return p, path
}

func connect(t *testing.T, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// answered calls over a connection of a stub.
func answered(t *testing.T, stub *transport.Host) {
	t.Helper()
	answer, err := stub.Call(t.Context(), "ask", []byte("hello"), nil)
	if want := "for a stub: hello"; err != nil || string(answer) != want {
		t.Errorf("call of a stub: got %q, %v, want %q", answer, err, want)
	}
}

// accepts has the enclave try to accept, and returns how that went.
func accepts(t *testing.T, p *launch.Process, fd string) string {
	t.Helper()
	answer, err := p.Call(t.Context(), "accept", []byte(fd), nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// An enclave accepts where its launcher left it a socket to listen at, and nowhere
// else; one that was left none accepts nowhere. Its report says which.
func TestWhereConnectionsAreAccepted(t *testing.T) {
	const says = "accept on descriptor 5 alone"
	with, path := listening(t)
	if got := accepts(t, with, "3"); got != refused {
		t.Errorf("accept on the transport: got %q, want %q", got, refused)
	}
	if got := strings.Join(with.Confinement(), "\n"); !strings.Contains(got, says) {
		t.Errorf("confinement: got %q, want %q in it", got, says)
	}
	answered(t, transport.NewHost(connect(t, path).(*net.UnixConn), transport.Limits{}))

	binary := enclavetest.Build(t, "./testdata/listening")
	without := start(t, binary, nil)
	// A socket that is connected is none to listen at, and is not kept.
	ours, theirs := socketPair(t)
	connected := start(t, binary, theirs)
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := ours.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("a connected socket as descriptor 5: got %d bytes, %v, want it closed", n, err)
	}
	for name, p := range map[string]*launch.Process{"none": without, "a connected one": connected} {
		for _, fd := range []string{"3", "5"} {
			if got := accepts(t, p, fd); got != refused {
				t.Errorf("launched with %s: accept on descriptor %s: got %q, want %q", name, fd, got, refused)
			}
		}
		if got := strings.Join(p.Confinement(), "\n"); strings.Contains(got, "accept") {
			t.Errorf("launched with %s: confinement: got %q, want no word of accept", name, got)
		}
	}
}

func socketPair(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours = os.NewFile(uintptr(pair[0]), "ours")
	t.Cleanup(func() { _ = ours.Close() })
	return ours, os.NewFile(uintptr(pair[1]), "theirs")
}

// A stub that breaks the protocol ends its own connection, and neither another's
// nor the host's.
func TestStubThatBreaksTheProtocol(t *testing.T) {
	p, path := listening(t)
	other := transport.NewHost(connect(t, path).(*net.UnixConn), transport.Limits{})
	answered(t, other)
	bad := connect(t, path)
	if _, err := bad.Write([]byte(strings.Repeat("garbage", 100))); err != nil {
		t.Fatal(err)
	}
	_, err := io.Copy(io.Discard, bad)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection that broke the protocol: got %v, want its end", err)
	}
	answered(t, other)
	if got := accepts(t, p, "3"); got != refused {
		t.Errorf("the host's stream: got %q, want %q", got, refused)
	}
}

// One connection too many is closed, and another one finds room when one ends.
func TestStubsAreBounded(t *testing.T) {
	const most = 64
	_, path := listening(t)
	var stubs []*transport.Host
	for range most {
		stub := transport.NewHost(connect(t, path).(*net.UnixConn), transport.Limits{})
		answered(t, stub)
		stubs = append(stubs, stub)
	}
	if n, err := connect(t, path).Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("connection %d: got %d bytes, %v, want it closed", most+1, n, err)
	}
	for _, stub := range stubs[1:] {
		answered(t, stub)
	}
	_ = stubs[0].Close() // always nil
	for t.Context().Err() == nil {
		stub := transport.NewHost(connect(t, path).(*net.UnixConn), transport.Limits{})
		if _, err := stub.Call(t.Context(), "ask", nil, nil); err == nil {
			return
		}
	}
	t.Error("no connection finds room after one ended")
}

// When the enclave has ended, nothing answers at its socket.
func TestSocketEndsWithItsEnclave(t *testing.T) {
	p, path := listening(t)
	_ = p.Stop() // always nil
	if conn, err := net.Dial("unix", path); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connect after the end: got %v, %v, want %v", conn, err, syscall.ECONNREFUSED)
	}
}
