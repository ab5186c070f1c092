// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/trace/tracetest"
	"github.com/privatechaincode/fpc/transport"
)

// taken are the steps recorded since the last call, as text.
func taken(r *tracetest.Recorder) (lines []string) {
	for _, event := range r.Take() {
		lines = append(lines, event.Step+" "+event.From+" -> "+event.To+": "+event.What+" "+event.TxID)
	}
	return lines
}

var (
	identityAsk  = &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Identity{Identity: &fpc.IdentityAsk{}}}
	keysAsk      = &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Keys{Keys: &fpc.KeysAsk{}}}
	rangeAsk     = &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Range{Range: &fpc.RangeAsk{}}}
	agreeAsk     = &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Agree{Agree: &fpc.AgreeAsk{}}}
	hashAsk      = &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Hash{Hash: &fpc.HashAsk{}}}
	statementAsk = &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Statement{Statement: &fpc.StatementAsk{}}}
	endorserAsk  = &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Endorser{Endorser: &fpc.EndorserAsk{}}}
	registryAsk  = &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Registry{Registry: &fpc.RegistryAsk{}}}
	policyAsk    = &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Policy{Policy: &fpc.PolicyAsk{}}}
	statusAsk    = &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Transaction{Transaction: &fpc.TransactionAsk{}}}
)

// frame is a session's frame with questions.
func frame(t testing.TB, asks ...*fpc.LedgerAsk) []byte {
	t.Helper()
	body, err := proto.Marshal(&fpc.LedgerRequest{Asks: asks})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := proto.Marshal(&fpc.SessionFrame{Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// What a stub relays is recorded under the step of each question, where the stub
// records its own steps.
func TestStepsOfTheSocket(t *testing.T) {
	recorded := &tracetest.Recorder{}
	h := &Host{moved: make(chan struct{}), config: Config{Trace: recorded}}
	h.set(newFake(), &fpc.Head{Height: 7})
	for _, tc := range []struct {
		method  string
		request []byte
		want    []string
	}{
		{"session REG-5 tx1", []byte("hello"), []string{"REG-5 stub -> ledger: session hello tx1"}},
		{"ask INV-8 tx1", frame(t, identityAsk, keysAsk), []string{"INV-11 enclave -> ledger: verify creator, pin the head tx1", "EX-1 enclave -> ledger: getMetadata tx1"}},
		{"ask INV-8 tx1", frame(t, rangeAsk), []string{"EX-3 enclave -> ledger: getRangeMetadata tx1"}},
		{"ask INV-8 tx1", frame(t, agreeAsk, keysAsk, keysAsk), []string{"EX-1 enclave -> ledger: head at which the values agree, getMetadata tx1"}},
		{"ask INV-8 tx1", frame(t, hashAsk), []string{"INV-9 enclave -> ledger: extends the known head tx1"}},
		{"ask KEY-5 tx1", frame(t, statementAsk, endorserAsk, endorserAsk, policyAsk), []string{"KEY-5 enclave -> ledger: head statement, can_endorse, registry's policy tx1"}},
		{"ask KEY-7 tx1", frame(t, registryAsk, statusAsk), []string{"KEY-7 enclave -> ledger: registry's entry, tx_status tx1"}},
		{"ask INV-8 tx1", []byte("no frame"), nil},
		{MethodAsk, frame(t, keysAsk), nil},
		{MethodStatus, nil, nil},
	} {
		if _, err := h.handle(t.Context(), &transport.Call{Method: tc.method, Request: tc.request}); err != nil {
			t.Errorf("%s: %v", tc.method, err)
		}
		if got := taken(recorded); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.method, got, tc.want)
		}
	}
}

// A block is recorded once for each of its transactions, and one without any, or
// that is garbage, once.
func TestTransactionsOfABlock(t *testing.T) {
	envelope := func(kind common.HeaderType, txID string) []byte {
		header, err := proto.Marshal(&common.ChannelHeader{Type: int32(kind), TxId: txID})
		if err != nil {
			t.Fatal(err)
		}
		payload, err := proto.Marshal(&common.Payload{Header: &common.Header{ChannelHeader: header, SignatureHeader: []byte{}}})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := proto.Marshal(&common.Envelope{Payload: payload})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	b := &common.Block{Data: &common.BlockData{Data: [][]byte{
		envelope(common.HeaderType_ENDORSER_TRANSACTION, "tx1"), []byte("garbage"),
		envelope(common.HeaderType_CONFIG, "tx2"), envelope(common.HeaderType_ENDORSER_TRANSACTION, "tx3"),
	}}}
	if got, want := transactions(b), []string{"tx1", "tx3"}; !slices.Equal(got, want) {
		t.Errorf("transactions: got %q, want %q", got, want)
	}
	b.Data.Data = [][]byte{[]byte("garbage")}
	if got, want := transactions(b), []string{""}; !slices.Equal(got, want) {
		t.Errorf("transactions of a block without any: got %q, want %q", got, want)
	}
}
