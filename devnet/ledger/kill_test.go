// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fabric/validate"
)

// Environment of the process that is to be killed: it works in dir and kills
// itself at the commit with the number, at the point.
const (
	killDir    = "FPC_TEST_KILL_DIR"
	killCommit = "FPC_TEST_KILL_COMMIT"
	killPoint  = "FPC_TEST_KILL_POINT"
)

// killer is a store whose process is killed at a marked point of one commit.
type killer struct {
	kv.Store
	left  int
	point string
}

func (k *killer) Commit(b *kv.Batch) error {
	if k.left--; k.left != 0 {
		return k.Store.Commit(b)
	}
	switch k.point {
	case "before":
	case "during":
		go k.Store.Commit(b)
	default:
		if err := k.Store.Commit(b); err != nil {
			return err
		}
	}
	die()
	return nil
}

// die ends the process as kill -9 does: nothing is flushed, nothing deferred.
func die() {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// TestKilledHelper is not a test: it is the process that TestKill starts.
func TestKilledHelper(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("only run by TestKill, in a process of its own")
	}
	left, err := strconv.Atoi(os.Getenv(killCommit))
	if err != nil {
		t.Fatal(err)
	}
	disk, err := kv.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, &killer{Store: disk, left: left, point: os.Getenv(killPoint)})
	fmt.Println("acknowledged", s.Height())
	for {
		n := s.Height()
		clear, set := private(t, rwset.ImplicitCollection(ownMS), "secret", value(n))
		if err := s.PutPrivate(txName(n), clear); err != nil {
			t.Fatal(err)
		}
		r := txs(txName(n))
		r.Txs[0].Set = set
		r.Updates = []validate.Update{
			{Namespace: "cc", Key: "counter", Value: []byte(value(n)), Version: Version{Block: n}},
			{Namespace: "cc", Key: value(n), Value: []byte("1"), Version: Version{Block: n}},
		}
		r.Hashed = []validate.HashedUpdate{hashedUpdate(rwset.ImplicitCollection(ownMS), "secret", value(n), Version{Block: n})}
		s.applyResult(t, r)
		fmt.Println("acknowledged", s.Height())
	}
}

func txName(n uint64) string { return fmt.Sprintf("tx%d", n) }
func value(n uint64) string  { return fmt.Sprintf("value%04d", n) }

// A peer that is killed at any point of a commit comes back at a block
// boundary: no block that it acknowledged is lost, and block, index, state and
// private data belong together.
func TestKill(t *testing.T) {
	for _, point := range []string{"before", "during", "after"} {
		// The first commit is the genesis block, then come two for each block.
		for _, commit := range []int{1, 2, 3, 4, 20, 21} {
			t.Run(fmt.Sprintf("%s commit %d", point, commit), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				acknowledged := runKilled(t, dir, point, commit)
				store, err := kv.Open(dir)
				if err != nil {
					t.Fatalf("reopen: %v", err)
				}
				defer store.Close()
				p, err := Open(store, ownMS)
				if err != nil {
					t.Fatalf("reopen: %v", err)
				}
				l, ok := p.Channel("mychannel")
				if !ok {
					if acknowledged != 0 {
						t.Fatalf("channel is gone, want height %d", acknowledged)
					}
					return
				}
				checkWhole(t, l, acknowledged)
			})
		}
	}
}

// runKilled runs the helper until it dies and returns the last height that it
// acknowledged.
func runKilled(t *testing.T, dir, point string, commit int) (acknowledged uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledHelper$", "-test.v")
	cmd.Env = append(os.Environ(), killDir+"="+dir, killCommit+"="+strconv.Itoa(commit), killPoint+"="+point)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(5*time.Minute, func() { cmd.Process.Kill() })
	defer stuck.Stop()
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if n, ok := strings.CutPrefix(lines.Text(), "acknowledged "); ok {
			acknowledged, _ = strconv.ParseUint(n, 10, 64)
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Fatalf("helper ended with %v, want killed; it said:\n%s", err, said.String())
	}
	return acknowledged
}

// checkWhole holds a reopened ledger against what the helper wrote.
func checkWhole(t *testing.T, l *Ledger, acknowledged uint64) {
	t.Helper()
	height := l.Height()
	if height != acknowledged && height != acknowledged+1 {
		t.Fatalf("height: got %d, want %d (acknowledged) or one more", height, acknowledged)
	}
	snap, err := l.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	if got := snap.Height(); got != height {
		t.Errorf("height of the state: got %d, want %d", got, height)
	}
	for n := uint64(1); n < height; n++ {
		if _, err := l.Block(n); err != nil {
			t.Errorf("block %d: %v", n, err)
		}
		if status, err := l.TxStatus(txName(n)); err != nil || status.Block != n {
			t.Errorf("transaction of block %d: got %+v, %v", n, status, err)
		}
		if v, err := snap.State("cc", value(n)); v == nil || err != nil {
			t.Errorf("state of block %d: got %v, %v, want it there", n, v, err)
		}
	}
	if v, err := snap.State("cc", value(height)); v != nil || err != nil {
		t.Errorf("state of block %d, which is not there: got %v, %v, want none", height, v, err)
	}
	if height < 2 {
		return
	}
	want := value(height - 1)
	if v, err := snap.State("cc", "counter"); err != nil || v == nil || string(v.Value) != want || v.Version.Block != height-1 {
		t.Errorf("counter: got %+v, %v, want %s of block %d", v, err, want, height-1)
	}
	if v, err := snap.Private("_lifecycle", rwset.ImplicitCollection(ownMS), "secret"); err != nil || v == nil || string(v.Value) != want {
		t.Errorf("private value: got %+v, %v, want %s", v, err, want)
	}
}
