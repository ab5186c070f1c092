// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"bytes"
	"testing"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/vectors"
)

// The verdicts of real peers on the chains of vectors/.
func TestRecordedChains(t *testing.T) {
	for _, c := range recorded(t) {
		t.Run(c.Name, func(t *testing.T) {
			codes, l := replay(t, c.Blocks)
			checkDefinition(t, l, "kv")
			for _, tx := range c.Transactions {
				if got := codes[tx.Block][tx.Tx].String(); got != tx.Expect {
					t.Errorf("%s (block %d, transaction %d): got %s, want %s", tx.Name, tx.Block, tx.Tx, got, tx.Expect)
				}
			}
		})
	}
}

func recorded(t *testing.T) []*vectors.Chain {
	t.Helper()
	chains, err := vectors.Chains()
	if err != nil {
		t.Fatal(err)
	}
	return chains
}

// Of each version of Fabric there is a recorded transaction for every verdict
// that its peers give: without one, the chains show less than they should.
func TestEveryVerdictIsRecorded(t *testing.T) {
	never := map[peer.TxValidationCode]string{
		peer.TxValidationCode_NIL_ENVELOPE:               "a decoded block holds no nil envelope",
		peer.TxValidationCode_UNKNOWN_TX_TYPE:            "an unknown type is BAD_COMMON_HEADER",
		peer.TxValidationCode_TARGET_CHAIN_NOT_FOUND:     "another channel's name is BAD_CREATOR_SIGNATURE",
		peer.TxValidationCode_MARSHAL_TX_ERROR:           "peers do not give it",
		peer.TxValidationCode_NIL_TXACTION:               "what has no action is found before it would be given",
		peer.TxValidationCode_EXPIRED_CHAINCODE:          "of the lifecycle of Fabric 1",
		peer.TxValidationCode_CHAINCODE_VERSION_CONFLICT: "of the lifecycle of Fabric 1",
		peer.TxValidationCode_BAD_CHANNEL_HEADER:         "peers do not give it",
		peer.TxValidationCode_INVALID_WRITESET:           "of peers with CouchDB: TestInvalidWriteSet",
		peer.TxValidationCode_NOT_VALIDATED:              "no verdict",
	}
	for _, version := range []string{"2.5.16", "3.1.5"} {
		have := make(map[string]int)
		for _, c := range recorded(t) {
			for _, tx := range c.Transactions {
				if c.Fabric == version {
					have[tx.Expect]++
				}
			}
		}
		for number, name := range peer.TxValidationCode_name {
			why, missing := never[peer.TxValidationCode(number)]
			if (have[name] == 0) != missing {
				t.Errorf("Fabric %s, %s: got %d named transactions, want some unless %q", version, name, have[name], why)
			}
		}
	}
}

// Each kind of thing that can happen has its story.
func TestEveryStoryIsRecorded(t *testing.T) {
	for _, version := range []string{"2.5.16", "3.1.5"} {
		have := make(map[string]bool)
		for _, c := range recorded(t) {
			for _, tx := range c.Transactions {
				have[c.Fabric+" "+tx.Name] = true
			}
		}
		for _, name := range []string{
			"approval of kv, sequence 1, by organisation 3", "commit of kv, sequence 2", "new rule of the chaincode not satisfied",
			"endorsed by one of two", "also writes to an undefined chaincode", "also writes to the lifecycle, endorsed by one",
			"read of another version", "the same again, later", "twice in a block, the second",
			"all rows", "a row left out", "a new row", "a range that the block has changed",
			"key written by its own rule", "key written by the chaincode's rule", "rule dropped by itself",
			"private read of another version", "timeout of batches",
			"creator before the revocation", "creator after the revocation", "endorser before the revocation", "endorser after the revocation",
			"endorsed before the revocation, ordered after it", "creator whose certificate has expired",
		} {
			if !have[version+" "+name] {
				t.Errorf("Fabric %s: no transaction is called %q", version, name)
			}
		}
	}
}

// replay follows a chain and compares verdicts. It returns them by block.
func replay(t *testing.T, blocks []*common.Block) ([][]peer.TxValidationCode, *ledger) {
	t.Helper()
	var codes [][]peer.TxValidationCode
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
			if r.Codes[i] != want[i] {
				t.Errorf("block %d, transaction %d: got %s (%v), the peer says %s", number, i, r.Codes[i], r.Reasons[i], want[i])
			}
		}
		checkSets(t, r)
		codes = append(codes, r.Codes)
		l.apply(r)
		if r.Bundle != nil {
			bundle = r.Bundle
		}
	}
	return codes, l
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
	for sequence := int64(1); sequence <= d.Sequence; sequence++ {
		of := *d
		of.Sequence = sequence
		if _, err := lifecycle.Commit(of, lifecycleWriter{again}, nil); err != nil {
			t.Fatal(err)
		}
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
