// SPDX-License-Identifier: Apache-2.0

package devnet_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/devnet/ledger"
)

// killDir names the directory of the network that is to be killed, for the
// process that runs it.
const killDir = "FPC_TEST_KILL_DIR"

// TestKilledHelper is not a test: it is the network that TestKilledNetwork kills.
func TestKilledHelper(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("only run by TestKilledNetwork, in a process of its own")
	}
	if _, err := devnet.Start(t.Context(), devnet.Config{Dir: dir, Orgs: 2, BatchTimeout: quick}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("up")
	select {} // until it is killed
}

// A network that is killed while transactions are under way loses none whose
// commit a client was told, and its peers agree again.
func TestKilledNetwork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kill := startKilled(t, dir)
	d, err := devnet.ReadDescription(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, d)
	c.deploy(t, "register", 2)
	ctx := patience(t)
	user := c.as(t, "Org1MSP", "User1")
	committed := map[string]fabric.Status{}
	for round := range 3 {
		// Transactions of one round overtake the kill; who is told of a commit
		// may rely on it.
		told := make(chan fabric.Status)
		const senders = 8
		for i := range senders {
			go func() {
				receipt, err := user.Submit(ctx, call("register", "put", fmt.Sprintf("k%d-%d", round, i), "v"))
				if err != nil {
					told <- fabric.Status{}
					return
				}
				told <- receipt.Status
			}()
		}
		for i := range senders {
			if s := <-told; s.TxID != "" {
				committed[s.TxID] = s
			}
			if i == round { // in the midst of the others
				kill()
			}
		}
		kill = startKilled(t, dir)
	}
	kill()
	if len(committed) < 3 {
		t.Errorf("commits told before the kills: got %d, want at least one a round", len(committed))
	}
	n := up(t, devnet.Config{Dir: dir})
	var ledgers []*ledger.Ledger
	for _, o := range d.Organizations {
		l, _ := n.Ledger(o.MSPID)
		ledgers = append(ledgers, l)
		for id, want := range committed {
			got, err := l.WaitTx(ctx, id)
			if err != nil || got.Block != want.Block || got.Code != want.Code {
				t.Errorf("%s: transaction %s: got %+v, %v, want %+v", o.MSPID, id, got, err, want)
			}
		}
	}
	top := max(ledgers[0].Height(), ledgers[1].Height())
	for _, l := range ledgers {
		if err := l.WaitHeight(ctx, top); err != nil {
			t.Fatal(err)
		}
	}
	if one, two := lastCommit(t, ledgers[0], top), lastCommit(t, ledgers[1], top); one != two {
		t.Errorf("commit hashes at height %d: got %s and %s, want the same", top, one, two)
	}
}

func lastCommit(t *testing.T, l *ledger.Ledger, height uint64) string {
	t.Helper()
	b, err := l.Block(height - 1)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := ledger.CommitHash(b)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", hash)
}

// startKilled runs the network of dir in a process of its own and returns what
// kills it.
func startKilled(t *testing.T, dir string) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledHelper$")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	t.Cleanup(kill)
	stuck := time.AfterFunc(5*time.Minute, func() { cmd.Process.Kill() })
	defer stuck.Stop()
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "up" {
			return kill
		}
		said.WriteString(lines.Text() + "\n")
	}
	t.Fatalf("the network does not come up; it said:\n%s", said.String())
	return nil
}
