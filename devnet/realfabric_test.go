// SPDX-License-Identifier: Apache-2.0

package devnet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// fabricPrograms finds Fabric's released programs, or skips the test.
func fabricPrograms(t *testing.T) (bin, cfg string) {
	t.Helper()
	bin, cfg = os.Getenv("FABRIC_BIN"), os.Getenv("FABRIC_CFG")
	if bin == "" || cfg == "" {
		t.Skip("SKIPPED: FABRIC_BIN and FABRIC_CFG do not name Fabric's programs and their configuration (core.yaml)")
	}
	cmd := exec.Command(filepath.Join(bin, "peer"), "version")
	cmd.Env = append(os.Environ(), "FABRIC_CFG_PATH="+cfg)
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("peer version: %v", err)
	}
	t.Logf("Hyperledger Fabric %s", versionLine.Find(said))
	return bin, cfg
}

var versionLine = regexp.MustCompile(`Version: \S+`)

// peerCommand is Fabric's peer command as an organisation's administrator.
type peerCommand struct {
	path string
	env  []string
	more []string // flags for the orderer
}

func newPeerCommand(bin string, d *devnet.Description, org int, env ...string) peerCommand {
	c := peerCommand{path: filepath.Join(bin, "peer"), env: append(os.Environ(), "FABRIC_LOGGING_SPEC=error")}
	for _, e := range d.Exports(d.Organizations[org]) {
		c.env = append(c.env, e.Name+"="+e.Value)
	}
	c.env = append(c.env, env...)
	c.more = []string{"-o", d.Orderer.Address, "--tls", "--cafile", d.Orderer.TLSRoot}
	return c
}

func (c peerCommand) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Env = c.env
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("peer %s: %w: %s", strings.Join(args, " "), err, problems.String())
	}
	return out.String(), nil
}

func (c peerCommand) must(t *testing.T, ctx context.Context, args ...string) string {
	t.Helper()
	out, err := c.run(ctx, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Fabric's own command line deploys and calls a chaincode, with nothing but the
// files that the network wrote.
func TestFabricsPeerCommand(t *testing.T) {
	bin, _ := fabricPrograms(t)
	n := up(t, devnet.Config{Dir: t.TempDir(), BatchTimeout: quick})
	ctx, d := patience(t), n.Description()
	define := []string{"-C", "mychannel", "-n", "register", "-v", "1", "--sequence", "1"}
	var endorsers []string
	for i, o := range d.Organizations {
		cmd := newPeerCommand(bin, d, i)
		if got := cmd.must(t, ctx, "channel", "list"); !strings.Contains(got, "mychannel") {
			t.Errorf("channel list at %s: got %q, want mychannel in it", o.MSPID, got)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		raw, err := pkg.BuildCCAAS("register", pkg.Connection{Address: l.Addr().String(), DialTimeout: "10s"})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "register.tgz")
		if err := os.WriteFile(file, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd.must(t, ctx, "lifecycle", "chaincode", "install", file)
		id := strings.TrimSpace(cmd.must(t, ctx, "lifecycle", "chaincode", "calculatepackageid", file))
		serveChaincode(t, id, l)
		if got := cmd.must(t, ctx, "lifecycle", "chaincode", "queryinstalled"); !strings.Contains(got, id) {
			t.Errorf("queryinstalled at %s: got %q, want %s in it", o.MSPID, got, id)
		}
		cmd.must(t, ctx, join("lifecycle chaincode approveformyorg --package-id", []string{id}, define, cmd.more)...)
		endorsers = append(endorsers, "--peerAddresses", o.PeerAddress, "--tlsRootCertFiles", o.TLSRoot)
	}
	cmd := newPeerCommand(bin, d, 0)
	cmd.must(t, ctx, join("lifecycle chaincode commit", define, cmd.more, endorsers)...)
	if got := cmd.must(t, ctx, "lifecycle", "chaincode", "querycommitted", "-C", "mychannel", "-n", "register"); !strings.Contains(got, "Org3MSP: true") {
		t.Errorf("querycommitted: got %q, want the third organisation's approval in it", got)
	}
	cmd.must(t, ctx, join("chaincode invoke --waitForEvent -C mychannel -n register -c", []string{`{"Args":["put","k","v"]}`}, cmd.more, endorsers)...)
	if got := cmd.must(t, ctx, join("chaincode query -C mychannel -n register -c", []string{`{"Args":["get","k"]}`})...); strings.TrimSpace(got) != "v" {
		t.Errorf("query: got %q, want v", got)
	}
	if got, want := cmd.must(t, ctx, "channel", "getinfo", "-c", "mychannel"), `"height":6`; !strings.Contains(got, want) {
		t.Errorf("channel getinfo: got %q, want %s in it", got, want)
	}
}

func join(words string, rest ...[]string) []string {
	args := strings.Fields(words)
	for _, r := range rest {
		args = append(args, r...)
	}
	return args
}

// A released Fabric peer that joins the embedded network takes every block from
// its orderer, and comes to the same verdicts and the same state: the commit
// hash covers both.
func TestFabricsPeerAgrees(t *testing.T) {
	bin, cfg := fabricPrograms(t)
	n := up(t, devnet.Config{Dir: t.TempDir(), Orgs: 4, BatchTimeout: quick})
	c := connect(t, n.Description())
	// The fourth organisation approves nothing, so that its real peer need not
	// look for private data that only the embedded peer has.
	c.deploy(t, "register", 3)
	ctx := patience(t)
	mixedTransactions(t, ctx, n, c)

	real := startRealPeer(t, ctx, n, 3, bin, cfg)
	reader := c.signer(t, "Org4MSP", "Admin")
	own, _ := n.Ledger("Org4MSP")
	height := own.Height()
	codes := map[peer.TxValidationCode]int{}
	for number := range height {
		ours, err := own.Block(number)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := real.Block(ctx, "mychannel", number, reader, time.Now())
		if err != nil {
			t.Fatalf("block %d of the real peer: %v", number, err)
		}
		want, err := block.Filter(theirs)
		if err != nil {
			t.Fatal(err)
		}
		got, err := block.Filter(ours)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("verdicts in block %d: got %v, %v, want %v", number, got, err, want)
		}
		for _, code := range got {
			codes[code]++
		}
		wantHash, err := ledger.CommitHash(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if gotHash, err := ledger.CommitHash(ours); err != nil || !bytes.Equal(gotHash, wantHash) {
			t.Fatalf("commit hash of block %d (verdicts %v): got %x, %v, want %x", number, got, gotHash, err, wantHash)
		}
	}
	t.Logf("%d blocks agree; verdicts %v", height, codes)
	for _, code := range []peer.TxValidationCode{
		peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, peer.TxValidationCode_MVCC_READ_CONFLICT,
		peer.TxValidationCode_PHANTOM_READ_CONFLICT, peer.TxValidationCode_DUPLICATE_TXID, peer.TxValidationCode_BAD_COMMON_HEADER,
	} {
		if codes[code] == 0 {
			t.Errorf("no transaction was %v: the comparison is weaker than meant", code)
		}
	}
}

// mixedTransactions orders valid and invalid transactions of many kinds.
func mixedTransactions(t *testing.T, ctx context.Context, n *devnet.Network, c *clients) {
	t.Helper()
	user := c.as(t, "Org1MSP", "User1", 0, 1, 2)
	do := func(at *fabric.Network, args ...string) error {
		_, err := at.Submit(ctx, call("register", args...))
		var invalid *fabric.NotCommittedError
		if err != nil && (!errors.As(err, &invalid) || invalid.Code == peer.TxValidationCode_VALID) {
			t.Fatalf("%v: %v", args, err)
		}
		return err
	}
	// endorsed is a transaction whose reads are of now.
	endorsed := func(args ...string) *fabric.Transaction {
		p, err := user.Prepare(call("register", args...))
		if err != nil {
			t.Fatal(err)
		}
		tx, err := fabric.Endorse(ctx, p, user.Endorsers)
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	late := func(tx *fabric.Transaction) {
		if _, err := user.Order(ctx, tx); err == nil {
			t.Error("a transaction over old reads is valid, want a conflict")
		}
	}
	for i := range 60 { // more rows than Fabric lists one by one
		do(user, "put", fmt.Sprintf("row%03d", i), "x")
	}
	do(user, "count", "row", "rox", "total")
	do(user, "delete", "row001")
	stale, phantom, long := endorsed("append", "row002", "y"), endorsed("count", "a", "c", "few"), endorsed("count", "row", "rox", "total")
	do(user, "append", "row002", "z")
	do(user, "put", "b", "new in the range")
	do(user, "delete", "row003")
	late(stale)
	late(phantom)
	late(long)
	if do(c.as(t, "Org1MSP", "User1", 0), "put", "lone", "x") == nil {
		t.Error("one endorsement of four organisations is valid, want a policy failure")
	}
	do(user, "guard", "row004", "AND('Org1MSP.peer')")
	do(c.as(t, "Org1MSP", "User1", 0), "put", "row004", "by one alone")
	if do(c.as(t, "Org1MSP", "User1", 1, 2), "put", "row004", "x") == nil {
		t.Error("a key's policy is not kept and the transaction valid, want a policy failure")
	}
	do(user, "guard", "absent", "AND('Org1MSP.peer')")
	oddEnvelopes(t, ctx, c, endorsed("put", "once", "x"))
	org, _ := n.Org("Org1MSP")
	if err := c.orderer.Broadcast(ctx, revocation(t, n, org, revoked(t, org, "User1"))); err != nil {
		t.Fatal(err)
	}
	user = c.as(t, "Org2MSP", "User1", 0, 1, 2)
	do(user, "put", "last", "x")
}

// oddEnvelopes orders one transaction twice, as a client may, and what an
// orderer takes and no peer accepts. No transaction may follow those in their
// block: Fabric's peers (2.5.16, 3.1.5) panic where a valid one does.
func oddEnvelopes(t *testing.T, ctx context.Context, c *clients, tx *fabric.Transaction) {
	t.Helper()
	user := c.signer(t, "Org1MSP", "User1")
	once, err := tx.Sign(user)
	if err != nil {
		t.Fatal(err)
	}
	junk := &peer.Response{Message: "junk"}
	for i, env := range []*common.Envelope{
		once, once,
		devtest.Signed(t, common.HeaderType_ENDORSER_TRANSACTION, "mychannel", junk, user),
		devtest.Signed(t, common.HeaderType_MESSAGE, "mychannel", junk, user),
		devtest.Signed(t, common.HeaderType_CHAINCODE_PACKAGE, "mychannel", junk, user),
		devtest.Signed(t, 99, "mychannel", junk, user),
	} {
		if err := c.orderer.Broadcast(ctx, env); err != nil {
			t.Fatalf("envelope %d: %v", i, err)
		}
	}
}

// startRealPeer starts Fabric's peer with the identity of an organisation's own
// peer, joins it to the channel and returns a connection to it.
func startRealPeer(t *testing.T, ctx context.Context, n *devnet.Network, org int, bin, cfg string) *fabric.Peer {
	t.Helper()
	d, dir := n.Description(), t.TempDir()
	o := d.Organizations[org]
	node := filepath.Join(filepath.Dir(o.MSPDir), "peers", o.Hostname)
	address, chaincode, ops := freeAddress(t), freeAddress(t), freeAddress(t)
	cmd := exec.Command(filepath.Join(bin, "peer"), "node", "start")
	cmd.Env = append(os.Environ(),
		"FABRIC_CFG_PATH="+cfg, "FABRIC_LOGGING_SPEC=warning", "CORE_PEER_ID=real", "CORE_PEER_LOCALMSPID="+o.MSPID,
		"CORE_PEER_MSPCONFIGPATH="+filepath.Join(node, "msp"), "CORE_PEER_ADDRESS="+address, "CORE_PEER_LISTENADDRESS="+address,
		"CORE_PEER_CHAINCODELISTENADDRESS="+chaincode, "CORE_OPERATIONS_LISTENADDRESS="+ops,
		"CORE_PEER_FILESYSTEMPATH="+filepath.Join(dir, "data"), "CORE_LEDGER_SNAPSHOTS_ROOTDIR="+filepath.Join(dir, "snapshots"),
		"CORE_PEER_TLS_ENABLED=true", "CORE_PEER_TLS_CERT_FILE="+filepath.Join(node, "tls", "server.crt"),
		"CORE_PEER_TLS_KEY_FILE="+filepath.Join(node, "tls", "server.key"), "CORE_PEER_TLS_ROOTCERT_FILE="+filepath.Join(node, "tls", "ca.crt"),
		"CORE_PEER_GOSSIP_USELEADERELECTION=false", "CORE_PEER_GOSSIP_ORGLEADER=true", "CORE_PEER_GOSSIP_BOOTSTRAP="+address,
		"CORE_VM_ENDPOINT=", "CORE_PEER_GATEWAY_ENABLED=false")
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if said := read(t, log.Name()); t.Failed() {
			t.Logf("the real peer's log ends:\n%s", said[max(0, len(said)-4000):])
		}
	})
	awaitServing(t, ctx, address)
	newPeerCommand(bin, d, org, "CORE_PEER_ADDRESS="+address).must(t, ctx, "channel", "join", "-b", d.GenesisBlock)
	p, err := fabric.DialPeer(fabric.Endpoint{Address: address, RootCerts: read(t, o.TLSRoot)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// awaitServing waits until a Fabric program accepts connections: its health page
// answers earlier than that.
func awaitServing(t *testing.T, ctx context.Context, address string) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the real peer does not come up: %v", err)
		case <-again.C:
		}
	}
}
