// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package e2e

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fpctest/liar"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// survivors are what a restart must not change.
type survivors struct {
	enclave    string
	generation uint64
	asset      string
}

func (w *world) survivors() survivors {
	w.t.Helper()
	answer, err := w.contract(1).Evaluate(w.ctx, "ReadAsset", "a1")
	if err != nil {
		w.t.Fatal(err)
	}
	status := w.status()
	return survivors{status.EnclaveId, status.Generation, string(answer)}
}

func (w *world) survived(before survivors) {
	w.t.Helper()
	if after := w.survivors(); after != before {
		w.t.Errorf("after the restart: got %+v, want %+v", after, before)
	}
	w.submit("CreateAsset", "after", "ann", "blue", "1")
	w.submit("DeleteAsset", "after")
}

// Kill -9 of the stub: the enclave ends with it, and a new stub restores it.
func TestRestartOfTheStub(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	before, child := w.survivors(), watch(t, w.enclavePID())
	w.kill(w.service)
	child.await(t)
	w.start(w.service)
	w.survived(before)
}

// Kill -9 of the enclave alone: the stub fails what is pending and ends too, and
// both are started anew.
func TestRestartOfTheEnclave(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	before := w.survivors()
	stub, mark := w.service.Processes[0], w.log.mark()
	if err := syscall.Kill(w.enclavePID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-stub.Done():
	case <-w.ctx.Done():
		t.Fatal("the stub goes on without its enclave")
	}
	w.log.await(w.ctx, t, mark, "chaincode stream ended", w.service.Packages[0])
	w.start(w.service)
	w.survived(before)
}

// The stub is killed while its enclave runs a call: the client is told, nothing
// is committed, and the same call succeeds when it is made again.
func TestRestartDuringAnInvocation(t *testing.T) {
	hosts := liar.NewRelays(t)
	w := deployPrivate(t, "asset", hosts.Via)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	before, height := w.remember(), w.ledgers()[0].Height()

	asked, release := make(chan struct{}), make(chan struct{})
	hosts.Lie(liar.Lies{Value: func(_ string, value []byte) []byte {
		close(asked)
		<-release // the enclave waits for the value
		return value
	}}, host1)
	done := make(chan error, 1)
	contract := w.contract(0)
	go func() {
		_, err := contract.Submit(w.ctx, "TransferAsset", "a1", "bob")
		done <- err
	}()
	<-asked
	hosts.Lie(liar.Lies{})
	w.kill(w.service)
	close(release)
	err := <-done
	var rejected *fabric.RejectedError
	if !errors.As(err, &rejected) {
		t.Errorf("the interrupted call: got %v, want a RejectedError", err)
	}
	w.start(w.service)
	w.unchanged(before)
	if got := w.ledgers()[0].Height(); got != height {
		t.Errorf("height: got %d, want %d", got, height)
	}
	old, err := contract.Submit(w.ctx, "TransferAsset", "a1", "bob")
	if err != nil || string(old) != "ann" {
		t.Errorf("the same call again: got %q, error %v; want ann, the owner before", old, err)
	}
}

// The peers restart between an enclave's answer and its commit: what it signed is
// committed afterwards, once.
func TestRestartOfThePeers(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	before := w.survivors()
	transfer := w.capture(0, "TransferAsset", "a1", "bob")
	if err := w.Restart(w.ctx); err != nil {
		t.Fatal(err)
	}
	if got := w.survivors(); got != before {
		t.Errorf("after the restart: got %+v, want %+v", got, before)
	}
	if err := w.validate(0, transfer.ccrsp); err != nil {
		t.Fatal(err)
	}
	after := w.remember()
	if err := w.Restart(w.ctx); err != nil {
		t.Fatal(err)
	}
	refused(t, w.validate(0, transfer.ccrsp), protocol.CodeConsumed)
	w.unchanged(after)
	w.submit("UpdateAsset", "a1", "green", "8")
}

// Kill -9 of orderer and peers after a transaction was handed over, before the
// client knows what became of it: the client asks again with the same
// transaction, which is applied once.
func TestRestartOfTheKilledNetwork(t *testing.T) {
	w := newServedWorld(t, "asset")
	w.serve(nil, w.name)
	w.initialise()
	w.submit("CreateAsset", "a1", "ann", "blue", "7")

	network := w.As(w.Orgs[0].Client)
	transfer := w.capture(0, "TransferAsset", "a1", "bob")
	proposal, err := network.Prepare(fabric.Call{Chaincode: w.name, Args: protocol.ValidateArgs(transfer.ccrsp)})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := fabric.Endorse(w.ctx, proposal, w.Peers())
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := tx.Sign(w.Orgs[0].Client)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.OrdererConn().Broadcast(w.ctx, envelope); err != nil {
		t.Fatal(err)
	}
	w.server.kill()
	w.server.start(w.ctx)
	w.reattach()

	// Committed before the kill or not: handed over again it is valid now, or a
	// duplicate of what was.
	_, err = w.As(w.Orgs[0].Client).Order(w.ctx, tx)
	var invalid *fabric.NotCommittedError
	if err != nil && (!errors.As(err, &invalid) || invalid.Code != peer.TxValidationCode_DUPLICATE_TXID) {
		t.Errorf("handed over again: got %v, want success or %s", err, peer.TxValidationCode_DUPLICATE_TXID)
	}
	// A new validation of the same answer is refused either way.
	refused(t, w.validate(0, transfer.ccrsp), protocol.CodeConsumed)
	old, err := w.contract(0).Submit(w.ctx, "TransferAsset", "a1", "carol")
	if err != nil || string(old) != "bob" {
		t.Errorf("the next transfer: got %q, error %v; want bob, the owner before", old, err)
	}
	if got := w.survivors().asset; !strings.Contains(got, "carol") {
		t.Errorf("asset: got %s, want carol's", got)
	}
}

// reattach connects to the network that was started again.
func (w *world) reattach() {
	w.t.Helper()
	stop(w.t, w.Network)
	w.Network = w.server.attach()
}

// enclavePID is the enclave's process, as the trace has it.
func (w *world) enclavePID() int {
	w.t.Helper()
	events, err := trace.ReadDir(w.Trace)
	if err != nil {
		w.t.Fatal(err)
	}
	pid := 0
	for _, e := range events {
		if e.Process == "enclave@"+w.Orgs[0].MSPID {
			pid = e.PID
		}
	}
	if pid == 0 {
		w.t.Fatal("the trace has no step of the enclave")
	}
	return pid
}

// watched is a process that need not be a child of this one.
type watched struct{ fd int }

func watch(t testing.TB, pid int) watched {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatalf("process %d: %v", pid, err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return watched{fd}
}

// await waits until the process has ended.
func (p watched) await(t testing.TB) {
	t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}, int(timeout.Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil || n == 0:
			t.Fatalf("a process goes on (%v)", err)
		default:
			return
		}
	}
}
