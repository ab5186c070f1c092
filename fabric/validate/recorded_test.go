// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// The verdicts of real peers on the blocks of testdata (ORIGIN.md there).
func TestRecordedBlocks(t *testing.T) {
	for version, want := range map[string]int{"2.5.16": 365, "3.1.5": 365} {
		t.Run(version, func(t *testing.T) {
			blocks := recorded(t, filepath.Join("testdata", "fabric-"+version+".blocks.gz"))
			counts, l := replay(t, blocks)
			checkDefinition(t, l, "kv")
			checkDefinition(t, l, "plain")
			total := 0
			for _, n := range counts {
				total += n
			}
			t.Logf("%d blocks, verdicts %v", len(blocks), counts)
			if total != want {
				t.Errorf("got %d transactions, want %d", total, want)
			}
			for _, code := range []peer.TxValidationCode{
				valid, badHeader, badTransaction, badTxID, duplicate, policyFailure, readConflict,
				peer.TxValidationCode_PHANTOM_READ_CONFLICT, badHeaderExtension, illegalSet, noChaincode, otherReason,
			} {
				if counts[code] == 0 {
					t.Errorf("no transaction with verdict %s: the record shows less than it should", code)
				}
			}
		})
	}
}

func recorded(t *testing.T, path string) []*common.Block {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(unzipped)
	var blocks []*common.Block
	for {
		n, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) {
			return blocks
		}
		if err != nil {
			t.Fatal(err)
		}
		raw := make([]byte, n)
		if _, err := io.ReadFull(r, raw); err != nil {
			t.Fatal(err)
		}
		b := &common.Block{}
		unmarshal(t, raw, b)
		blocks = append(blocks, b)
	}
}

// replay follows a chain and compares verdicts; it counts the peer's.
func replay(t *testing.T, blocks []*common.Block) (map[peer.TxValidationCode]int, *ledger) {
	t.Helper()
	counts := make(map[peer.TxValidationCode]int)
	l := newLedger()
	var bundle *channel.Bundle
	var previous *common.BlockHeader
	for _, b := range blocks {
		number := b.Header.Number
		if err := block.Check(b, previous); err != nil {
			t.Fatalf("block %d: %v", number, err)
		}
		previous = b.Header
		r, err := judgeRecorded(b, bundle, l)
		if err != nil {
			t.Fatalf("block %d: %v", number, err)
		}
		var want []peer.TxValidationCode // none for the genesis block, which nobody judges
		if bundle != nil {
			if want, err = block.Filter(b); err != nil {
				t.Fatalf("block %d: %v", number, err)
			}
		}
		for i := range want {
			counts[want[i]]++
			if r.Codes[i] != want[i] {
				t.Errorf("block %d, transaction %d: got %s (%v), the peer says %s", number, i, r.Codes[i], r.Reasons[i], want[i])
			}
		}
		checkSets(t, r)
		l.apply(r)
		if r.Bundle != nil {
			bundle = r.Bundle
		}
	}
	return counts, l
}

// checkSets: the read/write sets that real peers made, those of the lifecycle,
// are in the form that fabric/rwset writes.
func checkSets(t *testing.T, r *Result) {
	t.Helper()
	for _, tx := range r.Txs {
		if tx.Set == nil || tx.Result.ChaincodeID.GetName() != lifecycle.Namespace || len(tx.Set.Namespaces) == 0 {
			continue
		}
		if got, err := tx.Set.Marshal(); err != nil || !bytes.Equal(got, tx.Result.ReadWriteSet) {
			t.Errorf("transaction %s: got read/write set %x, %v, the peer's is %x", tx.TxID, got, err, tx.Result.ReadWriteSet)
		}
	}
}

// checkDefinition: fabric/lifecycle writes a definition, and its approvals,
// exactly as the real `_lifecycle` did.
func checkDefinition(t *testing.T, l *ledger, name string) {
	t.Helper()
	d, err := lifecycle.Query(name, lifecycleState{l})
	if err != nil {
		t.Fatal(err)
	}
	again := &scene{t: t, ledger: newLedger()}
	if _, err := lifecycle.Commit(*d, lifecycleWriter{again}, nil); err != nil {
		t.Fatal(err)
	}
	for key, ours := range again.ledger.public[lifecycle.Namespace] {
		if theirs := l.public[lifecycle.Namespace][key].value; !bytes.Equal(ours.value, theirs) {
			t.Errorf("%s: got %x, the peer has %x", key, ours.value, theirs)
		}
	}
	for _, org := range []string{"Org1MSP", "Org2MSP", "Org3MSP"} {
		differ, err := lifecycle.Mismatches(*d, hashedState{l, rwset.ImplicitCollection(org)})
		if err != nil || len(differ) > 0 {
			t.Errorf("approval of %s by %s: got mismatches %v, %v, want none", name, org, differ, err)
		}
	}
}

// hashedState is a collection of the lifecycle's, known by hashes.
type hashedState struct {
	l          *ledger
	collection string
}

func (s hashedState) GetStateHash(key string) ([]byte, error) {
	return s.l.hashed[[2]string{lifecycle.Namespace, s.collection}][string(sha(key))].value, nil
}

func judgeRecorded(b *common.Block, bundle *channel.Bundle, l *ledger) (*Result, error) {
	if bundle == nil {
		return Genesis(b)
	}
	if err := bundle.VerifyBlock(b); err != nil {
		return nil, err
	}
	return Block(b, bundle, l)
}
