// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fpctest/liar"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport/session"
)

// ledgerEnclave is a ledger enclave that follows the first peer, of whose verdicts
// it is told the opposite.
type ledgerEnclave struct {
	*liar.Ledger
	t *testing.T
	n *Network
}

// asker asks on an attested session.
func (l *ledgerEnclave) asker(ctx context.Context) func(...*fpc.LedgerAsk) []*fpc.LedgerReply {
	l.t.Helper()
	platform, err := guest.New(make([]byte, guest.LauncherRecordSize))
	if err != nil {
		l.t.Fatal(err)
	}
	channel, err := protocol.ChannelHash(l.n.Genesis)
	if err != nil {
		l.t.Fatal(err)
	}
	h, err := session.NewHandshake(platform, &fpc.SessionValues{
		ChannelId: l.n.Channel, ChannelHash: channel, ChaincodeId: "kv", EnclaveId: "test", Registry: protocol.ERCCName,
	}, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	accept, err := l.Host().Call(ctx, ledgerhost.MethodSession, h.Hello(), nil)
	if err != nil {
		l.t.Fatal(err)
	}
	s, err := h.Accept(accept, session.Verifiers{sim.Platform: sim.Verifier{}}, nil, time.Now())
	if err != nil {
		l.t.Fatal(err)
	}
	return func(asks ...*fpc.LedgerAsk) []*fpc.LedgerReply {
		l.t.Helper()
		sealed, err := s.Seal(encode(l.t, &fpc.LedgerRequest{Asks: asks}))
		if err != nil {
			l.t.Fatal(err)
		}
		frame, err := l.Host().Call(ctx, ledgerhost.MethodAsk, sealed.Frame(), nil)
		if err != nil {
			l.t.Fatal(err)
		}
		body, err := sealed.Open(frame)
		if err != nil {
			l.t.Fatal(err)
		}
		answer := &fpc.LedgerAnswer{}
		unmarshal(l.t, body, answer)
		if answer.GetFailure() != nil || len(answer.GetReplies()) != len(asks) {
			l.t.Fatalf("got %d replies of %d, failure %v", len(answer.GetReplies()), len(asks), answer.GetFailure())
		}
		return answer.GetReplies()
	}
}

// judgedByLedgerEnclave streams the peer's chain through a ledger enclave, which
// must come to the peer's verdict on every transaction, and to the same state.
func (r *recording) judgedByLedgerEnclave() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience(r.t))
	defer cancel()
	begun := time.Now()
	l := &ledgerEnclave{liar.ServeLedger(ctx, r.t, &r.n.Network, 0, r.n.Genesis), r.t, r.n}
	head := l.Await(ctx, uint64(len(r.chain)))
	took := time.Since(begun)
	if newest := r.chain[len(r.chain)-1]; !bytes.Equal(head.GetHash(), block.Hash(newest.GetHeader())) {
		r.t.Fatalf("the ledger enclave's head is %x, the peer's %x", head.GetHash(), block.Hash(newest.GetHeader()))
	}
	ask := l.asker(ctx)
	transactions, located := 0, 0
	for _, b := range r.chain[1:] {
		transactions += len(b.GetData().GetData())
		located += l.compare(b, ask)
	}
	rows := 0
	for _, namespace := range []string{"kv", "plain", "_lifecycle"} {
		rows += l.compareState(r.follower, namespace, ask)
	}
	r.t.Logf("ledger enclave: %d transactions in %d blocks in %s, %d compared one by one, %d keys compared", transactions, len(r.chain), took.Round(time.Millisecond), located, rows)
}

// compare holds a block's verdicts at the peer against the ledger enclave's. It
// answers how many were compared one by one: all but those without an id of their
// own (garbage, repetitions), which the number of valid ones leaves no choice.
func (l *ledgerEnclave) compare(b *common.Block, ask func(...*fpc.LedgerAsk) []*fpc.LedgerReply) (located int) {
	l.t.Helper()
	number := b.GetHeader().GetNumber()
	want, err := block.Filter(b)
	if err != nil {
		l.t.Fatal(err)
	}
	var asks []*fpc.LedgerAsk
	valid := uint32(0)
	for i, raw := range b.GetData().GetData() {
		asks = append(asks, &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Transaction{Transaction: &fpc.TransactionAsk{TxId: txID(raw)}}})
		if want[i] == peer.TxValidationCode_VALID {
			valid++
		}
	}
	if got := l.Answer(number); got != nil && (got.GetTransactions() != uint32(len(want)) || got.GetValid() != valid) {
		l.t.Errorf("block %d: the ledger enclave finds %d of %d transactions valid, the peer %d of %d", number, got.GetValid(), got.GetTransactions(), valid, len(want))
	}
	const most = 200 // asks in a request
	for from := 0; from < len(asks); from += most {
		for i, reply := range ask(asks[from:min(from+most, len(asks))]...) {
			i += from
			tx := reply.GetTransaction()
			here := tx.GetFound() && tx.GetBlock() == number && tx.GetPosition() == uint32(i)
			switch code := peer.TxValidationCode(tx.GetCode()); {
			case here && code != want[i]:
				l.t.Errorf("block %d, transaction %d: the ledger enclave says %s, the peer %s", number, i, code, want[i])
			case here:
				located++
			case want[i] == peer.TxValidationCode_VALID && asks[i].GetTransaction().GetTxId() != "":
				l.t.Errorf("block %d, transaction %d: VALID at the peer, the ledger enclave knows it not there: %v", number, i, tx)
			}
		}
	}
	return located
}

// txID is what an envelope's header says; empty if it says nothing.
func txID(raw []byte) string {
	e, p, h := &common.Envelope{}, &common.Payload{}, &common.ChannelHeader{}
	if proto.Unmarshal(raw, e) != nil || proto.Unmarshal(e.GetPayload(), p) != nil || proto.Unmarshal(p.GetHeader().GetChannelHeader(), h) != nil {
		return ""
	}
	return h.GetTxId()
}

// compareState holds the state that the followed peer has, by its COMMIT_HASH,
// against the ledger enclave's index: keys, hashes, versions. It answers how many
// keys there are.
func (l *ledgerEnclave) compareState(f *follower, namespace string, ask func(...*fpc.LedgerAsk) []*fpc.LedgerReply) int {
	l.t.Helper()
	snapshot, err := f.ledger.Snapshot()
	if err != nil {
		l.t.Fatal(err)
	}
	defer snapshot.Close()
	theirs, err := snapshot.Range(namespace, "", "")
	if err != nil {
		l.t.Fatal(err)
	}
	defer theirs.Close()
	count, start := 0, ""
	for more := true; more; {
		reply := ask(&fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Range{Range: &fpc.RangeAsk{Namespace: namespace, Start: start}}})[0].GetRange()
		for _, row := range reply.GetRows() {
			count, start = count+1, row.GetKey()+"\x00"
			if !theirs.Next() {
				l.t.Errorf("%s: the ledger enclave has a key %q more", namespace, row.GetKey())
				return count
			}
			want, hash := theirs.Row(), sha256.Sum256(theirs.Row().Value)
			got := row.GetInfo()
			if row.GetKey() != want.Key || !bytes.Equal(got.GetValueHash(), hash[:]) || got.GetBlock() != want.Version.Block || uint64(got.GetPosition()) != want.Version.Tx {
				l.t.Errorf("%s: the ledger enclave has %q as %v, want %q with hash %x, version %v", namespace, row.GetKey(), got, want.Key, hash, want.Version)
			}
		}
		more = reply.GetMore()
	}
	if theirs.Next() {
		l.t.Errorf("%s: the ledger enclave has not the key %q", namespace, theirs.Row().Key)
	}
	return count
}
