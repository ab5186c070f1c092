// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"crypto/sha256"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport/session"
)

// anyMember is a definition's policy under which one peer is enough.
const anyMember = "OR('Org1MSP.member','Org2MSP.member','Org3MSP.member')"

// newEnclave makes a ledger enclave of the code with that name.
func newEnclave(t testing.TB, code string) *ledgerenclave.Enclave {
	t.Helper()
	return newEnclaveWith(t, code, ledgerenclave.Limits{})
}

func newEnclaveWith(t testing.TB, code string, limits ledgerenclave.Limits) *ledgerenclave.Enclave {
	t.Helper()
	e, err := ledgerenclave.New(ledgerenclave.Config{Platform: platform(t, code), Verifiers: session.Verifiers{sim.Platform: sim.Verifier{}}, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func platform(t testing.TB, code string) *guest.Platform {
	t.Helper()
	id := sha256.Sum256([]byte(code))
	p, err := guest.New(append(make([]byte, 32), id[:]...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// world is a ledger enclave that follows a chain.
type world struct {
	*ledgertest.Chain
	*ledgerenclave.Enclave
	t testing.TB
}

// newWorld makes a channel of three organisations whose ledger enclave knows the
// genesis block and the chaincodes kv and ercc.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{Chain: ledgertest.New(t, 3), Enclave: newEnclave(t, "ledger"), t: t}
	w.join(w.Enclave)
	w.mustTake(w.Block(
		w.Define(lifecycle.Definition{Name: "kv", ValidationParameter: ledgertest.Rule(t, anyMember)}),
		w.Define(lifecycle.Definition{Name: protocol.ERCCName, ValidationParameter: ledgertest.Rule(t, anyMember)}),
	))
	return w
}

func (w *world) join(e *ledgerenclave.Enclave) {
	w.t.Helper()
	if _, err := e.Join(w.t.Context(), &fpc.JoinRequest{Genesis: w.Blocks[0], StateDatabase: ledgerenclave.LevelDB}); err != nil {
		w.t.Fatal(err)
	}
}

// take hands the enclave a block.
func (w *world) take(raw []byte) (*fpc.NextBlockResponse, error) {
	return w.NextBlock(w.t.Context(), &fpc.NextBlockRequest{Block: raw})
}

// mustTake hands the enclave a block all of whose transactions are valid.
func (w *world) mustTake(raw []byte) *fpc.NextBlockResponse {
	w.t.Helper()
	resp, err := w.take(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.GetValid() != resp.GetTransactions() {
		w.t.Fatalf("block %d: got %d valid transactions of %d, want all", resp.GetHead().GetHeight()-1, resp.GetValid(), resp.GetTransactions())
	}
	return resp
}

// put writes in a block of its own; pairs are keys and values.
func (w *world) put(chaincode string, pairs ...string) (txID string) {
	w.t.Helper()
	raw, txID := w.Put(chaincode, pairs...)
	w.mustTake(w.Block(raw))
	return txID
}

// ask asks one thing at a height, which must not fail.
func (w *world) ask(at uint64, ask *fpc.LedgerAsk) *fpc.LedgerReply {
	w.t.Helper()
	answer := w.Answer(&fpc.LedgerRequest{At: at, Asks: []*fpc.LedgerAsk{ask}})
	if answer.GetFailure() != nil {
		w.t.Fatalf("ask %v at %d: %v", ask, at, answer.GetFailure())
	}
	return answer.GetReplies()[0]
}

// key asks what is known of a key.
func (w *world) key(at uint64, namespace, key string) *fpc.KeyInfo {
	w.t.Helper()
	return w.ask(at, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Keys{Keys: &fpc.KeysAsk{Namespace: namespace, Keys: []string{key}}}}).GetKeys().GetKeys()[0]
}

// rows asks for a range.
func (w *world) rows(at uint64, ask *fpc.RangeAsk) *fpc.RangeReply {
	w.t.Helper()
	return w.ask(at, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Range{Range: ask}}).GetRange()
}

// status asks for a transaction.
func (w *world) status(at uint64, txID string) *fpc.TransactionReply {
	w.t.Helper()
	return w.ask(at, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Transaction{Transaction: &fpc.TransactionAsk{TxId: txID}}}).GetTransaction()
}

// unchanged returns a function that fails unless the enclave is as it was.
func (w *world) unchanged() func(what string) {
	before := w.Status()
	return func(what string) {
		w.t.Helper()
		after := w.Status()
		after.Stopped = before.Stopped
		if !proto.Equal(before, after) {
			w.t.Errorf("%s: the ledger enclave changed: got %v, want %v", what, after, before)
		}
	}
}

func wantCode(t testing.TB, what string, err error, want protocol.Code) {
	t.Helper()
	if got := protocol.CodeOf(err); err == nil || got != want {
		t.Errorf("%s: got %v (code %q), want code %q", what, err, got, want)
	}
}

func wantFailure(t testing.TB, what string, got *fpc.Failure, want protocol.Code) {
	t.Helper()
	if got.GetCode() != string(want) {
		t.Errorf("%s: got failure %v, want code %q", what, got, want)
	}
}

func hashOf(value string) string {
	sum := sha256.Sum256([]byte(value))
	return string(sum[:])
}
