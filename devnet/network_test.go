// SPDX-License-Identifier: Apache-2.0

package devnet_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/common"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace/tracetest"
)

// quick is a batch timeout for tests that order one transaction after another.
const quick = 20 * time.Millisecond

func TestUpAndAgain(t *testing.T) {
	dir := t.TempDir()
	begun := time.Now()
	n := up(t, devnet.Config{Dir: dir})
	t.Logf("three organisations are up after %v", time.Since(begun)) // a figure, no bound: a machine may stand still
	first := n.Description()
	if got, want := first.ChannelHash, hex.EncodeToString(block.Hash(n.Genesis().Header)); got != want {
		t.Errorf("channel hash: got %s, want %s", got, want)
	}
	if got := len(first.Organizations); got != 3 {
		t.Errorf("organisations: got %d, want 3", got)
	}
	onDisk, err := devnet.ReadDescription(dir)
	if err != nil || onDisk.ChannelHash != first.ChannelHash {
		t.Errorf("description on disk: got %+v, %v, want the network's", onDisk, err)
	}
	ids, err := n.User("Org2MSP", "User1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := devnet.Start(t.Context(), devnet.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "running already") {
		t.Errorf("second start of a running network: got %v, want a hint that it runs", err)
	}
	stop(t, n)

	again := up(t, devnet.Config{Dir: dir, Orgs: 3, Channel: "mychannel"})
	if got, want := again.Description().Organizations[2].PeerAddress, first.Organizations[2].PeerAddress; got != want {
		t.Errorf("peer's address after a restart: got %s, want %s", got, want)
	}
	idsAgain, err := again.User("Org2MSP", "User1")
	if err != nil || !bytes.Equal(ids.Creator(), idsAgain.Creator()) {
		t.Errorf("identity after a restart: got another (%v), want the same", err)
	}
}

func TestStartRefusesAnotherNetwork(t *testing.T) {
	dir := t.TempDir()
	stop(t, up(t, devnet.Config{Dir: dir, Orgs: 2}))
	for name, cfg := range map[string]devnet.Config{
		"organisations": {Dir: dir, Orgs: 3},
		"channel":       {Dir: dir, Channel: "other"},
		"timeout":       {Dir: dir, BatchTimeout: time.Hour},
		"count":         {Dir: dir, BatchCount: 1},
		"port":          {Dir: dir, Port: 1},
	} {
		if n, err := devnet.Start(t.Context(), cfg); !errors.Is(err, devnet.ErrMismatch) {
			t.Errorf("%s: got %v, %v, want %v", name, n, err, devnet.ErrMismatch)
		}
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if n, err := devnet.Start(t.Context(), devnet.Config{Dir: moved}); !errors.Is(err, devnet.ErrMismatch) {
		t.Errorf("moved directory: got %v, %v, want %v", n, err, devnet.ErrMismatch)
	}
}

// A start that was killed before it wrote the description counts as none; but
// ledgers are never thrown away.
func TestStartAfterAnAbortedOne(t *testing.T) {
	dir := t.TempDir()
	stop(t, up(t, devnet.Config{Dir: dir, Orgs: 1}))
	if err := os.Remove(filepath.Join(dir, devnet.DescriptionFile)); err != nil {
		t.Fatal(err)
	}
	if n, err := devnet.Start(t.Context(), devnet.Config{Dir: dir, Orgs: 1}); err == nil {
		stop(t, n)
		t.Fatal("ledgers without a description: got a network, want an error")
	}
	if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	up(t, devnet.Config{Dir: dir, Orgs: 1})
}

func TestBadConfigurations(t *testing.T) {
	for name, cfg := range map[string]devnet.Config{
		"too many organisations": {Orgs: 1000},
		"negative":               {Orgs: -1},
		"bad channel name":       {Channel: "My Channel"},
	} {
		cfg.Dir = t.TempDir()
		if n, err := devnet.Start(t.Context(), cfg); err == nil {
			stop(t, n)
			t.Errorf("%s: got a network, want an error", name)
		}
	}
	if _, err := devnet.ReadDescription(t.TempDir()); !errors.Is(err, devnet.ErrNoNetwork) {
		t.Errorf("description of an empty directory: got %v, want %v", err, devnet.ErrNoNetwork)
	}
}

// A transaction reaches all peers, survives a restart, and one that breaks a
// rule stands in its block as invalid.
func TestTransactions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := up(t, devnet.Config{Dir: dir, BatchTimeout: quick})
	c := connect(t, n.Description())
	c.deploy(t, "register", 3)
	ctx := patience(t)
	user := c.as(t, "Org1MSP", "User1")
	if _, err := user.Submit(ctx, call("register", "put", "colour", "red")); err != nil {
		t.Fatal(err)
	}
	everywhere := func(c *clients, want string) {
		t.Helper()
		for i := range c.peers {
			r, err := c.as(t, "Org1MSP", "User1", i).Evaluate(ctx, call("register", "get", "colour"))
			if err != nil || string(r.Payload) != want {
				t.Errorf("peer %d: got %q, %v, want %q", i, r.GetPayload(), err, want)
			}
		}
	}
	everywhere(c, "red")

	lone := c.as(t, "Org1MSP", "User1", 0) // one of three is no majority
	wantCode(t, func() error {
		_, err := lone.Submit(ctx, call("register", "put", "colour", "blue"))
		return err
	}, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE)

	stale, err := user.Prepare(call("register", "append", "colour", "dish"))
	if err != nil {
		t.Fatal(err)
	}
	tx, err := fabric.Endorse(ctx, stale, c.peers)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := user.Submit(ctx, call("register", "append", "colour", "!")); err != nil {
		t.Fatal(err)
	}
	wantCode(t, func() error { _, err := user.Order(ctx, tx); return err }, peer.TxValidationCode_MVCC_READ_CONFLICT)
	everywhere(c, "red!")

	stop(t, n)
	again := connect(t, up(t, devnet.Config{Dir: dir}).Description())
	everywhere(again, "red!")
}

func wantCode(t *testing.T, submit func() error, want peer.TxValidationCode) {
	t.Helper()
	var invalid *fabric.NotCommittedError
	if err := submit(); !errors.As(err, &invalid) || invalid.Code != want {
		t.Errorf("got %v, want a transaction that is %v", err, want)
	}
}

// Revocation travels as a configuration update: from its block on the identity
// is refused by peers and orderer alike.
func TestRevocation(t *testing.T) {
	t.Parallel()
	n := up(t, devnet.Config{Dir: t.TempDir(), Orgs: 2, BatchTimeout: quick})
	c := connect(t, n.Description())
	ctx := patience(t)
	qscc := fabric.Call{Channel: "mychannel", Chaincode: "qscc", Args: fabric.Args("GetChainInfo", "mychannel")}
	user := c.as(t, "Org1MSP", "User1")
	if _, err := user.Evaluate(ctx, qscc); err != nil {
		t.Fatalf("before the revocation: %v", err)
	}
	org, _ := n.Org("Org1MSP")
	if err := c.orderer.Broadcast(ctx, revocation(t, n, org, revoked(t, org, "User1"))); err != nil {
		t.Fatal(err)
	}
	adm := c.as(t, "Org2MSP", "Admin")
	for i := range c.peers {
		if _, err := c.peers[i].Block(ctx, "mychannel", 1, adm.Signer, time.Now()); err != nil {
			t.Fatalf("peer %d: configuration block: %v", i, err)
		}
		var refused *fabric.RejectedError
		if _, err := c.as(t, "Org1MSP", "User1", i).Evaluate(ctx, qscc); !errors.As(err, &refused) {
			t.Errorf("peer %d after the revocation: got %v, want refused", i, err)
		}
	}
	if _, err := adm.Evaluate(ctx, qscc); err != nil {
		t.Errorf("another identity: got %v, want served", err)
	}
}

// revoked is a revocation list with one user on it.
func revoked(t *testing.T, org *ca.Org, user string) []byte {
	t.Helper()
	cert := read(t, filepath.Join(org.UserDir(user), "msp", "signcerts", user+"@"+org.Domain+"-cert.pem"))
	crl, err := org.CA.Revoke(1, time.Now(), cert)
	if err != nil {
		t.Fatal(err)
	}
	return crl
}

// revocation is a configuration update that gives an organisation a new CRL,
// signed by its administrator.
func revocation(t *testing.T, n *devnet.Network, org *ca.Org, crl []byte) *common.Envelope {
	t.Helper()
	bundle, err := channel.FromBlock(n.Genesis())
	if err != nil {
		t.Fatal(err)
	}
	to := proto.CloneOf(bundle.Config())
	value := to.ChannelGroup.Groups["Application"].Groups[org.MSPID].Values["MSP"]
	value.Value = marshal(t, &msppb.MSPConfig{Config: marshal(t, org.MSPConfig(crl))})
	update, err := channel.ComputeUpdate("mychannel", bundle.Config(), to)
	if err != nil {
		t.Fatal(err)
	}
	raw := marshal(t, update)
	adm, err := n.User(org.MSPID, "Admin")
	if err != nil {
		t.Fatal(err)
	}
	signature, err := channel.SignUpdate(raw, nonce(t), adm)
	if err != nil {
		t.Fatal(err)
	}
	env, err := channel.UpdateEnvelope("mychannel", raw, []*common.ConfigSignature{signature}, nonce(t), time.Now(), adm)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func nonce(t *testing.T) []byte {
	t.Helper()
	n := make([]byte, 24)
	if _, err := rand.Read(n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A validation transaction leaves VAL-1 at the endorsers and VAL-5 at orderer
// and peers; another transaction leaves nothing.
func TestTrace(t *testing.T) {
	t.Parallel()
	seen := &tracetest.Recorder{}
	n := up(t, devnet.Config{Dir: t.TempDir(), Orgs: 2, Trace: seen, BatchTimeout: quick})
	c := connect(t, n.Description())
	c.deploy(t, "register", 2)
	ctx := patience(t)
	user := c.as(t, "Org1MSP", "User1")
	if _, err := user.Submit(ctx, call("register", "put", "k", "v")); err != nil {
		t.Fatal(err)
	}
	receipt, err := user.Submit(ctx, call("register", protocol.FuncValidate, "x"))
	if err != nil {
		t.Fatal(err)
	}
	stop(t, n) // a peer records after its client knows
	got := map[string]int{}
	for _, e := range seen.Events() {
		if strings.HasPrefix(e.Step, "LC-") {
			continue
		}
		if e.TxID != receipt.TxID {
			t.Errorf("step %s of transaction %q: want none but of %s", e.Step, e.TxID, receipt.TxID)
		}
		got[e.Step+" "+e.From+" "+e.To+" at "+e.Process]++
	}
	for _, want := range []string{
		"VAL-1 client peer at peer@Org1MSP",
		"VAL-1 client peer at peer@Org2MSP",
		"VAL-5 client orderer at orderer@OrdererMSP",
		"VAL-5 orderer peer at peer@Org1MSP",
		"VAL-5 orderer peer at peer@Org2MSP",
	} {
		if got[want] != 1 {
			t.Errorf("%s: recorded %d times, want once; all: %v", want, got[want], got)
		}
	}
}
