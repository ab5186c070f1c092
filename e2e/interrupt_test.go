// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/privatechaincode/fpc/devnet/ca"
)

// member is an organisation without a network, and the environment of its client
// towards a peer at an address.
func member(t *testing.T, address string) (*ca.Org, []string) {
	t.Helper()
	org, err := ca.Create(t.TempDir(), ca.Spec{MSPID: "Org1MSP", Domain: "org1.example.com", Users: []string{"User1"}, Hosts: []string{"localhost"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return org, append(os.Environ(), "CORE_PEER_ADDRESS="+address, "CORE_PEER_LOCALMSPID=Org1MSP", "CORE_PEER_MSPCONFIGPATH="+filepath.Join(org.UserDir("User1"), "msp"))
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// exitCode is what a program ended with.
func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return 0
}

// wantInterrupted interrupts a program once it is at work, as a terminal does.
func wantInterrupted(t *testing.T, cmd *exec.Cmd, atWork func(stdout, stderr *bufio.Reader)) {
	t.Helper()
	var pipes [2]io.Reader
	var err error
	if pipes[0], err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if pipes[1], err = cmd.StderrPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stdout, stderr := bufio.NewReader(pipes[0]), bufio.NewReader(pipes[1])
	atWork(stdout, stderr)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	said, err := io.ReadAll(stderr)
	if err != nil {
		t.Fatal(err)
	}
	code := exitCode(t, cmd.Wait())
	if code != 130 || !strings.HasSuffix("\n"+string(said), "\nfpc: interrupted\n") {
		t.Errorf("got exit code %d and %q, want 130 and fpc: interrupted at the end", code, said)
	}
}

// line waits for a line.
func line(t *testing.T, r *bufio.Reader) {
	t.Helper()
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
}

// Who presses Ctrl-C reads that, and not that the network might be down.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	fpc := filepath.Join(bin(t), "fpc")
	t.Run("demo", func(t *testing.T) {
		temp := t.TempDir()
		cmd := exec.Command(fpc, "demo", "--json")
		cmd.Env = append(os.Environ(), "TMPDIR="+temp)
		wantInterrupted(t, cmd, func(stdout, _ *bufio.Reader) { line(t, stdout) })
		if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v; want nothing", left, err)
		}
	})
	t.Run("network up", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "net")
		wantInterrupted(t, exec.Command(fpc, "network", "up", "--data", dir), func(_, stderr *bufio.Reader) { line(t, stderr) })
		status, err := exec.Command(fpc, "network", "status", "--data", dir).CombinedOutput()
		if strings.Contains(string(status), ": up, ") {
			t.Errorf("the network's status: got %q, %v; want that it is not up", status, err)
		}
	})
	t.Run("enclave list", func(t *testing.T) {
		silent := listen(t) // it answers nobody, as a peer does that is stopped
		cmd := exec.Command(fpc, "enclave", "list", "-C", "mychannel", "-n", "auction")
		_, cmd.Env = member(t, silent.Addr().String())
		wantInterrupted(t, cmd, func(*bufio.Reader, *bufio.Reader) {
			conn, err := silent.Accept()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
		})
	})
}

// A client with TLS at a server without: the variable is named.
func TestTLSClientAtPlainServer(t *testing.T) {
	t.Parallel()
	plain, l := grpc.NewServer(), listen(t)
	go func() { _ = plain.Serve(l) }()
	t.Cleanup(plain.Stop)
	fpc := filepath.Join(bin(t), "fpc")
	org, env := member(t, l.Addr().String())
	cmd := exec.Command(fpc, "channel", "getinfo", "-C", "mychannel")
	cmd.Env = append(env, "CORE_PEER_TLS_ENABLED=true", "CORE_PEER_TLS_ROOTCERT_FILE="+org.TLSRoot())
	said, err := cmd.CombinedOutput()
	const want = "(hint: set CORE_PEER_TLS_ENABLED to what the peer does, here false"
	if code := exitCode(t, err); code != 3 || !strings.Contains(string(said), want) {
		t.Errorf("got exit code %d and %q, want 3 and %q", code, said, want)
	}
	doctor := exec.Command(fpc, "doctor", "-")
	doctor.Stdin = bytes.NewReader(said)
	told, err := doctor.CombinedOutput()
	if code := exitCode(t, err); code != 0 || !strings.Contains(string(told), "this program speaks TLS and the server does not") {
		t.Errorf("fpc doctor: got exit code %d and %q, want 0 and what the client does wrong", code, told)
	}
}
