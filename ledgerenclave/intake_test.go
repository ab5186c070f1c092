// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"bytes"
	"testing"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
)

func TestAttack15WrongGenesis(t *testing.T) {
	w := newWorld(t)
	w.Orgs[0].Revoke(w.Orgs[0].Client("gone"))
	later := devtest.Marshal(t, w.Make(w.Revocations(1)))
	for _, c := range []struct {
		name    string
		genesis []byte
		want    protocol.Code
	}{
		{"nothing", nil, ledgerenclave.CodeWrongGenesis},
		{"garbage", []byte("garbage"), ledgerenclave.CodeWrongGenesis},
		{"a later block", w.Blocks[1], ledgerenclave.CodeWrongGenesis},
		{"a later block that says it is the first", renumbered(t, w.Blocks[1]), ledgerenclave.CodeWrongGenesis},
		{"a later configuration block", later, ledgerenclave.CodeWrongGenesis},
		{"another channel's data behind its header", otherData(t, w.Blocks[0], ledgertest.New(t, 3).Blocks[0]), ledgerenclave.CodeWrongGenesis},
	} {
		e := newEnclave(t, "ledger")
		_, err := e.Join(t.Context(), &fpc.JoinRequest{Genesis: c.genesis, StateDatabase: ledgerenclave.LevelDB})
		wantCode(t, c.name, err, c.want)
		if e.Status().GetJoined() {
			t.Errorf("%s: the enclave joined", c.name)
		}
		w.join(e)
	}
	unchanged := w.unchanged()
	_, err := w.Join(t.Context(), &fpc.JoinRequest{Genesis: ledgertest.New(t, 3).Blocks[0], StateDatabase: ledgerenclave.LevelDB})
	wantCode(t, "a second channel", err, ledgerenclave.CodeAlreadyJoined)
	unchanged("a second channel")
	_, err = newEnclave(t, "ledger").Join(t.Context(), &fpc.JoinRequest{Genesis: w.Blocks[0], StateDatabase: "oracle"})
	wantCode(t, "an unknown state database", err, protocol.CodeMalformed)
	_, err = newEnclave(t, "ledger").Join(t.Context(), &fpc.JoinRequest{Genesis: w.Blocks[0], StateDatabase: ledgerenclave.LevelDB, Registry: "../ercc"})
	wantCode(t, "a registry that no chaincode can be", err, protocol.CodeMalformed)
	_, err = newEnclave(t, "ledger").NextBlock(t.Context(), &fpc.NextBlockRequest{Block: w.Blocks[0]})
	wantCode(t, "a block before any channel", err, ledgerenclave.CodeNotJoined)
}

// A genesis block of the host's own making is taken, since any channel may be
// joined: its hash tells, and no block of the real channel follows it.
func TestAttack15ForgedGenesis(t *testing.T) {
	w := newWorld(t)
	forged := ledgertest.New(t, 3)
	e := newEnclave(t, "ledger")
	resp, err := e.Join(t.Context(), &fpc.JoinRequest{Genesis: forged.Blocks[0], StateDatabase: ledgerenclave.LevelDB})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(resp.GetChannelHash(), w.Hash()) {
		t.Error("two channels have one Channel_hash")
	}
	_, err = e.NextBlock(t.Context(), &fpc.NextBlockRequest{Block: w.Blocks[1]})
	wantCode(t, "a block of another channel", err, block.CodeLink)
}

func TestAttack15RefusedBlocks(t *testing.T) {
	w := newWorld(t)
	w.put("kv", "a", "1")
	raw, _ := w.Put("kv", "a", "2")
	other, _ := w.Put("kv", "a", "3")
	good := w.Make(raw, other)
	stranger := fpctest.NewOrg(t, "OrdererMSP")
	next := block.New(good.GetHeader().GetNumber()+1, block.Hash(good.GetHeader()), [][]byte{raw})
	w.Sign(next)
	for _, c := range []struct {
		name string
		raw  []byte
		want protocol.Code
	}{
		{"nothing", nil, block.CodeMalformed},
		{"garbage", []byte("garbage"), block.CodeMalformed},
		{"skipped", devtest.Marshal(t, next), block.CodeNotNext},
		{"repeated", w.Blocks[2], block.CodeNotNext},
		{"of the past", w.Blocks[1], block.CodeNotNext},
		{"genesis once more", w.Blocks[0], block.CodeNotNext},
		{"links to another block", w.altered(good, func(b *common.Block) { b.Header.PreviousHash = block.Hash(good.GetHeader()); w.Sign(b) }), block.CodeLink},
		{"tampered transaction", w.altered(good, func(b *common.Block) { b.Data.Data[0] = flip(b.Data.Data[0]) }), block.CodeDataHash},
		{"transactions left out", w.altered(good, func(b *common.Block) { b.Data.Data = b.Data.Data[:1] }), block.CodeDataHash},
		{"transactions reordered", w.altered(good, func(b *common.Block) { b.Data.Data[0], b.Data.Data[1] = b.Data.Data[1], b.Data.Data[0] }), block.CodeDataHash},
		{"tampered transaction, data hash made to fit", w.altered(good, func(b *common.Block) {
			b.Data.Data = b.Data.Data[:1]
			b.Header.DataHash = block.DataHash(b.Data)
		}), block.CodeSignatures},
		{"no signature", w.altered(good, func(b *common.Block) { b.Metadata = nil }), block.CodeNoSignatures},
		{"another block's signature", w.altered(good, func(b *common.Block) { b.Metadata = parsed(t, w.Blocks[2]).Metadata }), block.CodeSignatures},
		{"signed by a stranger who says he is the orderer", w.altered(good, func(b *common.Block) { sign(t, b, stranger.Orderer()) }), block.CodeSignatures},
		{"signed by a peer", w.altered(good, func(b *common.Block) { sign(t, b, w.Peer(1)) }), block.CodeSignatures},
		{"truncated", devtest.Marshal(t, good)[:100], block.CodeMalformed},
	} {
		unchanged := w.unchanged()
		_, err := w.take(c.raw)
		wantCode(t, c.name, err, c.want)
		unchanged(c.name)
	}
	w.mustTakeAll(devtest.Marshal(t, good))
}

// Validity flags in a block's metadata are a peer's claim: whatever they say, the
// verdicts are the ledger enclave's own.
func TestAttack15WrongValidityFlags(t *testing.T) {
	w := newWorld(t)
	bad, badID := w.Tx(ledgertest.Tx{Chaincode: "kv", Namespaces: writing("kv", "a", "forged"), Endorsers: []msp.Signer{w.Orderer.Client()}})
	good, goodID := w.Put("kv", "b", "1")
	b := w.Make(bad, good)
	if err := block.SetFilter(b, []peer.TxValidationCode{peer.TxValidationCode_VALID, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.take(w.Add(b)); err != nil {
		t.Fatal(err)
	}
	if info := w.key(0, "kv", "a"); info.GetPresent() {
		t.Errorf("the write of a transaction that no member endorsed that its peer calls valid: got %v, want it absent", info)
	}
	if info := w.key(0, "kv", "b"); string(info.GetValueHash()) != hashOf("1") {
		t.Errorf("the write of a valid transaction that its peer calls invalid: got %v, want it there", info)
	}
	for id, want := range map[string]peer.TxValidationCode{badID: peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, goodID: peer.TxValidationCode_VALID} {
		if got := w.status(0, id); !got.GetFound() || got.GetCode() != int32(want) {
			t.Errorf("transaction %.8s: got %v, want %s", id, got, want)
		}
	}
}

// With one stolen raft key a host can make blocks of its own, which nothing in
// them gives away; the next block of the real chain does.
func TestAttack15Fork(t *testing.T) {
	w := newWorld(t)
	theirs, _ := w.Put("kv", "a", "theirs")
	forked := devtest.Marshal(t, w.Make(theirs))
	raw, _ := w.Put("kv", "a", "ours")
	w.Block(raw)
	raw, _ = w.Put("kv", "a", "ours, later")
	later := w.Block(raw)
	w.mustTake(forked)
	unchanged := w.unchanged()
	_, err := w.take(later)
	wantCode(t, "the real chain's next block", err, block.CodeLink)
	unchanged("the real chain's next block")
}

// mustTakeAll takes a block whatever its transactions' verdicts are.
func (w *world) mustTakeAll(raw []byte) {
	w.t.Helper()
	if _, err := w.take(raw); err != nil {
		w.t.Fatal(err)
	}
}

// altered is a copy of a block, changed.
func (w *world) altered(b *common.Block, change func(*common.Block)) []byte {
	w.t.Helper()
	other := parsed(w.t, devtest.Marshal(w.t, b))
	change(other)
	return devtest.Marshal(w.t, other)
}

func parsed(t testing.TB, raw []byte) *common.Block {
	t.Helper()
	b, err := block.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sign(t testing.TB, b *common.Block, signer msp.Signer) {
	t.Helper()
	if err := block.Sign(b, 0, nil, devtest.Nonce(t), signer); err != nil {
		t.Fatal(err)
	}
}

func renumbered(t testing.TB, raw []byte) []byte {
	b := parsed(t, raw)
	b.Header.Number, b.Header.PreviousHash = 0, nil
	return devtest.Marshal(t, b)
}

func otherData(t testing.TB, raw, from []byte) []byte {
	b := parsed(t, raw)
	b.Data = parsed(t, from).Data
	return devtest.Marshal(t, b)
}

// flip changes a byte of an envelope's signature: it stays well-formed.
func flip(raw []byte) []byte {
	raw = bytes.Clone(raw)
	raw[len(raw)-1] ^= 1
	return raw
}
