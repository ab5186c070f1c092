// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
)

// batch is how long the orderer waits for more transactions.
const batch = 20 * time.Millisecond

// startNetwork starts an embedded network in this process; it ends with the test.
func startNetwork(t testing.TB) (context.Context, *embedded.Network) {
	t.Helper()
	return startLogged(t, io.Discard)
}

func startLogged(t testing.TB, log io.Writer) (context.Context, *embedded.Network) {
	t.Helper()
	ctx := bounded(t)
	n, err := embedded.Start(ctx, embedded.Config{
		Dir: t.TempDir(), Bin: bin(t), Trace: true, BatchTimeout: batch, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, n) })
	return ctx, n
}

func stop(t testing.TB, n *embedded.Network) {
	t.Helper()
	if err := n.Stop(); err != nil {
		t.Errorf("stop the network: %v", err)
	}
}

// bounded is a context that ends a test which hangs.
func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	t.Cleanup(cancel)
	return ctx
}

// server is an embedded network in a process of its own, as `fpc network up`
// starts it.
type server struct {
	t      testing.TB
	dir    string
	log    *logged
	args   []string // further flags
	env    []string // further variables
	cmd    *exec.Cmd
	exited chan struct{}
}

// start serves the network of the folder.
func (s *server) start(ctx context.Context) {
	s.t.Helper()
	ready, w, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	defer ready.Close()
	s.cmd = exec.Command(filepath.Join(bin(s.t), "fpc"), append([]string{"network", "serve", "--data", s.dir, "--batch-timeout", batch.String()}, s.args...)...)
	s.cmd.Env = append(os.Environ(), s.env...)
	s.cmd.Stderr, s.cmd.ExtraFiles = s.log, []*os.File{w}
	err = s.cmd.Start()
	_ = w.Close()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd, exited := s.cmd, make(chan struct{})
	go func() {
		_ = cmd.Wait() // killed by stop, or the log tells why it ended
		close(exited)
	}()
	s.exited = exited
	giveUp := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer giveUp()
	if line, _ := bufio.NewReader(ready).ReadString('\n'); line != "ready\n" {
		s.t.Fatalf("the network did not start: %q; its log:\n%s", line, strings.Join(s.log.since(0), "\n"))
	}
}

// kill is kill -9 for orderer and peers.
func (s *server) kill() {
	s.t.Helper()
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// description is what the network's folder says of it.
func (s *server) description() *devnet.Description {
	s.t.Helper()
	d, err := devnet.ReadDescription(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// attach connects to the network.
func (s *server) attach() *embedded.Network {
	s.t.Helper()
	n, err := embedded.Attach(s.description(), embedded.Config{Dir: filepath.Dir(s.dir), Bin: bin(s.t), Trace: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// logged is what a network logs, so that tests can wait for what only the log
// tells: that a peer has noticed a program's end.
type logged struct {
	mu    sync.Mutex
	text  string
	grown chan struct{} // closed when there is more
}

func newLogged() *logged { return &logged{grown: make(chan struct{})} }

// Write implements io.Writer.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text += string(p)
	close(l.grown)
	l.grown = make(chan struct{})
	return len(p), nil
}

// mark is the present end of the log.
func (l *logged) mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.text)
}

// since are the lines after a mark.
func (l *logged) since(mark int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(l.text[mark:], "\n")
}

// await waits for a line after a mark that has all of the words.
func (l *logged) await(ctx context.Context, t testing.TB, mark int, words ...string) {
	t.Helper()
	for {
		l.mu.Lock()
		grown := l.grown
		l.mu.Unlock()
		lines := l.since(mark)
		for _, line := range lines {
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
				return
			}
		}
		select {
		case <-grown:
		case <-ctx.Done():
			t.Fatalf("the log has no line with %q; it has\n%s", words, strings.Join(lines, "\n"))
		}
	}
}

// A network whose folder is gone could be found by nobody: it ends.
func TestNetworkEndsWithItsFolder(t *testing.T) {
	t.Parallel()
	s := &server{t: t, dir: filepath.Join(t.TempDir(), "net"), log: newLogged()}
	s.start(t.Context())
	t.Cleanup(s.kill)
	if err := os.Rename(s.dir, s.dir+".elsewhere"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.exited:
	case <-time.After(timeout):
		t.Fatal("it runs on")
	}
	if said := strings.Join(s.log.since(0), "\n"); !strings.Contains(said, "fpc: the folder "+s.dir+" is gone, so the network ends") {
		t.Errorf("its log: got %q, want why it ended", said)
	}
}
