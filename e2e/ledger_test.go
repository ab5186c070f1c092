// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport/session"
)

// ledgerWorld is an embedded network with a plain chaincode, beside whose peers
// ledger enclaves run.
type ledgerWorld struct {
	*embedded.Network
	t       *testing.T
	ctx     context.Context
	asset   *deploy.Service
	ledgers *deploy.Service
	made    int // assets
}

func newLedgerWorld(t *testing.T) *ledgerWorld {
	t.Helper()
	w := &ledgerWorld{t: t}
	w.ctx, w.Network = startNetwork(t)
	var err error
	if w.asset, err = w.ServePlain(w.ctx, "asset", filepath.Join(w.Bin, "samples", "asset-plain"), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.asset.Stop)
	return w
}

// serveLedgers starts ledger enclaves beside all peers.
func (w *ledgerWorld) serveLedgers(args ...string) {
	w.t.Helper()
	var err error
	if w.ledgers, err = w.ServeLedgers(w.ctx, deploy.LedgerSpec{Args: args}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.ledgers.Stop)
}

// grow makes assets, a block each.
func (w *ledgerWorld) grow(n int) {
	w.t.Helper()
	for range n {
		w.made++
		call := fabric.Call{Chaincode: "asset", Args: fabric.Args("CreateAsset", fmt.Sprint("a", w.made), "ann", "blue", fmt.Sprint(w.made))}
		if _, err := w.As(w.Orgs[0].Client).Submit(w.ctx, call); err != nil {
			w.t.Fatal(err)
		}
	}
}

// height is the peers' present number of blocks.
func (w *ledgerWorld) height() uint64 {
	w.t.Helper()
	info, err := w.At(0, w.Orgs[0].Client).Info(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return info.GetHeight()
}

func (w *ledgerWorld) session(c *ledgerClient, known *session.Attested) *session.Session {
	w.t.Helper()
	s, err := c.session(w.ctx, w.Channel, w.Pins.ChannelHash(), known)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// checkAsset holds what the ledger enclave says of an asset against the value at
// the peer.
func (w *ledgerWorld) checkAsset(c *ledgerClient, s *session.Session, key string) {
	w.t.Helper()
	answer, err := c.ask(w.ctx, s, keysAsk("asset", key))
	if err != nil {
		w.t.Fatal(err)
	}
	value, err := w.At(0, w.Orgs[0].Client).Evaluate(w.ctx, fabric.Call{Chaincode: "asset", Args: fabric.Args("ReadAsset", key)})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(answer.GetReplies()) != 1 || len(answer.GetReplies()[0].GetKeys().GetKeys()) != 1 {
		w.t.Fatalf("%s: got %v, want one key", key, answer)
	}
	info := answer.GetReplies()[0].GetKeys().GetKeys()[0]
	if want := hashOf(value.GetPayload()); !info.GetPresent() || !bytes.Equal(info.GetValueHash(), want) {
		w.t.Errorf("%s: got %v, want the hash %x", key, info, want)
	}
}

// TestLedgerEnclavesFollowTheirPeers: beside each peer one catches up, goes on
// with the chain, agrees with the peer and with the others, and answers sessions.
func TestLedgerEnclavesFollowTheirPeers(t *testing.T) {
	w := newLedgerWorld(t)
	w.grow(3)
	w.serveLedgers()
	w.grow(3)
	height := w.height()
	var first *ledgerClient
	for org := range w.Orgs {
		c := dialLedger(t, w.LedgerSocket(org))
		head := c.awaitHeight(w.ctx, height)
		info, err := w.At(org, w.Orgs[org].Client).Info(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if head.GetHeight() != info.GetHeight() || !bytes.Equal(head.GetHash(), info.GetCurrentBlockHash()) {
			t.Errorf("%s: ledger enclave is at %d, %x, its peer at %d, %x", w.Orgs[org].MSPID, head.GetHeight(), head.GetHash(), info.GetHeight(), info.GetCurrentBlockHash())
		}
		status := c.status(w.ctx)
		if !status.GetJoined() || status.GetStopped() != nil || status.GetChannelId() != w.Channel || !bytes.Equal(status.GetChannelHash(), w.Pins.ChannelHash()) {
			t.Errorf("%s: got status %v", w.Orgs[org].MSPID, status)
		}
		for _, line := range status.GetConfinement() {
			t.Log(line)
		}
		if first == nil {
			first = c
		}
	}
	s := w.session(first, nil)
	w.checkAsset(first, s, "a1")
	w.checkAsset(first, s, "a6")
}

// TestAttack19LedgerHost kills the ledger host, which takes its enclave with it,
// the enclave alone, and restarts the peer: each time the ledger enclave is at
// the newest block again, sessions are gone, and new ones hold.
func TestAttack19LedgerHost(t *testing.T) {
	w := newLedgerWorld(t)
	w.serveLedgers("--checkpoint-blocks", "2")
	w.grow(5)
	c := dialLedger(t, w.LedgerSocket(0))
	c.awaitHeight(w.ctx, w.height())
	s := w.session(c, nil)
	w.checkAsset(c, s, "a5")
	before := c.status(w.ctx)
	known := s.Ledger()

	for i, what := range []string{"host", "peer"} {
		switch what {
		case "host":
			if err := w.ledgers.Restart(w.ctx, 0); err != nil {
				t.Fatal(err)
			}
		case "peer":
			if err := w.Restart(w.ctx); err != nil {
				t.Fatal(err)
			}
		}
		w.grow(3)
		c = dialLedger(t, w.LedgerSocket(0))
		c.awaitHeight(w.ctx, w.height())
		_, err := c.ask(w.ctx, s, keysAsk("asset", "a5"))
		if what == "host" {
			if protocol.CodeOf(err) != session.CodeNoSession {
				t.Errorf("%s: a session of the ended ledger enclave: got %v, want code %s", what, err, session.CodeNoSession)
			}
			if after := c.status(w.ctx); bytes.Equal(after.GetInstanceId(), before.GetInstanceId()) {
				t.Errorf("%s: the instance is the same after a restart: %x", what, after.GetInstanceId())
			}
			s = w.session(c, &known)
		} else if err != nil {
			t.Errorf("%s: the session broke: %v", what, err)
		}
		w.checkAsset(c, s, fmt.Sprint("a", 5+3*(i+1)))
	}
}

// TestLedgerHostRefuses: what is wrong is said in one line, and nothing is
// followed.
func TestLedgerHostRefuses(t *testing.T) {
	w := newLedgerWorld(t)
	w.serveLedgers("--checkpoint-blocks", "1")
	dialLedger(t, w.LedgerSocket(0)).awaitHeight(w.ctx, w.height())
	checkStartFails(t, w, "two hosts on one state folder", deploy.LedgerSpec{}, "another fpc-ledger-host uses this state folder")
	w.ledgers.Stop()
	for _, tc := range []struct {
		name string
		spec deploy.LedgerSpec
		want string
	}{
		{"checkpoint for another state database", deploy.LedgerSpec{StateDatabase: "couchdb"}, "is of state database leveldb, and couchdb is wanted"},
		{"checkpoint for another registry", deploy.LedgerSpec{Registry: "registry2"}, string(ledgerhost.CodeForeignCheckpoint)},
		{"another channel", deploy.LedgerSpec{Args: []string{"--channel", "nowhere"}}, "has not joined channel nowhere"},
		{"no such enclave", deploy.LedgerSpec{Args: []string{"--enclave", "/nowhere"}}, "no such file"},
	} {
		checkStartFails(t, w, tc.name, tc.spec, tc.want)
	}
}

// checkStartFails starts the first organisation's ledger host, which must end and
// say why.
func checkStartFails(t *testing.T, w *ledgerWorld, name string, spec deploy.LedgerSpec, want string) {
	t.Helper()
	one := w.Network.Network
	one.Orgs = one.Orgs[:1]
	s, err := one.ServeLedgers(w.ctx, spec)
	if err == nil { // it served its socket before it found out
		defer s.Stop()
		select {
		case <-s.Processes[0].Done():
		case <-w.ctx.Done():
			t.Errorf("%s: the ledger host goes on", name)
			return
		}
		raw, readErr := os.ReadFile(s.Processes[0].Log)
		if readErr != nil {
			t.Fatal(readErr)
		}
		err = errors.New(string(raw))
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %v, want %q", name, err, want)
	}
}
