// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaincode_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/devnet/peer"
	"github.com/privatechaincode/fpc/devnet/peer/external"
	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	shimpeer "github.com/privatechaincode/fpc/shim/peer"
)

// launchedAs is the first argument with which this test program is a chaincode
// that a peer launched; its second is the folder with chaincode.json.
const launchedAs = "launched-chaincode"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == launchedAs {
		os.Exit(launchedMain(os.Args[2]))
	}
	os.Exit(m.Run())
}

func launchedMain(dir string) int {
	raw, err := os.ReadFile(filepath.Join(dir, "chaincode.json"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var c struct {
		ID      string `json:"chaincode_id"`
		Address string `json:"peer_address"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := shimpeer.Register(ctx, shimpeer.ClientConfig{CCID: c.ID, PeerAddress: c.Address}, peertest.Script); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// stageLaunched has a package "kv" on one peer, with a builder whose run is a
// shell script. In it, "chaincode" runs one that works, and the process id of
// each start is added to the file that is returned.
func stageLaunched(t *testing.T, run string, options ...peertest.Option) (*stage, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "builder")
	pids := filepath.Join(t.TempDir(), "pids")
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	run = "echo $$ >> '" + pids + "'\n" + strings.ReplaceAll(run, "chaincode", "exec '"+self+"' "+launchedAs+` "$2"`)
	for program, script := range map[string]string{"detect": "exit 0", "build": "exit 0", "run": run} {
		if err := os.WriteFile(filepath.Join(dir, "bin", program), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	builds := t.TempDir()
	options = append(options, func(c *peer.Config) {
		c.BuildDir, c.Builders = builds, []external.Builder{{Name: "shell", Path: dir}}
	})
	n := peertest.Start(t, 1, options...)
	n.Define(t, peertest.Definition{Name: "kv"}, peertest.Package(t, "kv", "127.0.0.1:1"))
	return &stage{n, n.Nodes[0], n.Orgs[0].Client()}, pids
}

func starts(t *testing.T, file string) []int {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var pids []int
	for _, field := range strings.Fields(string(raw)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// The first invocation launches the process, later ones use it, and the next one
// after its end launches another.
func TestLaunch(t *testing.T) {
	s, file := stageLaunched(t, "chaincode")
	if got := starts(t, file); len(got) != 0 {
		t.Errorf("before any invocation: got processes %v, want none", got)
	}
	for want := 1; want <= 3; want++ {
		for range 2 {
			s.do(t, "put a 1")
			if got := s.ask(t, "get a"); got != "<1>" {
				t.Errorf("got %q, want <1>", got)
			}
		}
		pids := starts(t, file)
		if len(pids) != want {
			t.Fatalf("got processes %v, want %d", pids, want)
		}
		if err := syscall.Kill(pids[want-1], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		s.untilLaunched(t, file, want+1)
	}
}

// untilLaunched asks until the peer has noticed that the former process is gone:
// until then it answers that it is.
func (s *stage) untilLaunched(t *testing.T, file string, want int) {
	t.Helper()
	for t.Context().Err() == nil && len(starts(t, file)) < want {
		if got := s.ask(t, "get a"); got != "<1>" && !strings.Contains(got, "terminated") && !strings.Contains(got, "sending") {
			t.Fatalf("after a kill: got %q", got)
		}
	}
}

// What a launch that fails says, and that its process is gone then.
func TestLaunchFails(t *testing.T) {
	soon := func(c *peer.Config) { c.StartTimeout = 200 * time.Millisecond }
	for _, test := range []struct {
		name, run, want string
		options         []peertest.Option
	}{
		{"ends with an error", "echo no state >&2; exit 7", "ended before it registered: exit status 7: no state", nil},
		{"ends well", "exit 0", "ended before it registered: exit status 0", nil},
		{"is killed", "kill -9 $$", "ended before it registered: signal: killed", nil},
		{"never registers", "exec sleep 1000", "did not register within 200ms", []peertest.Option{soon}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, file := stageLaunched(t, test.run, test.options...)
			for range 2 {
				if got := s.ask(t, "get a"); !strings.Contains(got, "could not launch chaincode kv:") || !strings.Contains(got, test.want) {
					t.Errorf("got %q, want %q", got, test.want)
				}
			}
			pids := starts(t, file)
			// One that is ended for being late may not have come so far as to say who it is.
			if late := test.options != nil; len(pids) > 2 || len(pids) < 2 && !late {
				t.Errorf("got processes %v, want one for each invocation", pids)
			}
			for _, pid := range pids {
				if err := syscall.Kill(pid, 0); err == nil {
					t.Errorf("process %d outlived its launch", pid)
				}
			}
		})
	}
}

// A peer that closes takes the process with it.
func TestCloseEndsTheLaunched(t *testing.T) {
	s, file := stageLaunched(t, "chaincode")
	s.do(t, "put a 1")
	if err := s.node.Peer.Close(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range starts(t, file) {
		if err := syscall.Kill(pid, 0); err == nil {
			t.Errorf("process %d outlived its peer", pid)
		}
	}
}
