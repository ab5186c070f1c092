// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/ledgerenclave/index"
)

// indexBlock is how many transactions the blocks have that fill an index: as many
// as Fabric cuts by default. The larger, the more the kept heads differ.
const indexBlock = 500

// ledgerMemory measures how much memory a ledger enclave's index takes for each
// key: keys are written in random order, each by a transaction of its own, and
// what the same transactions take without any key is taken off. The heads that
// are kept count.
func ledgerMemory(_ context.Context, c Config, _ string) ([]Figure, error) {
	keys := pick(c, 200_000, 1_000_000)
	var perKey, perTransaction []float64
	for range pick(c, 2, 3) {
		bare, err := indexSize(keys, false)
		if err != nil {
			return nil, err
		}
		full, err := indexSize(keys, true)
		if err != nil {
			return nil, err
		}
		own := float64(len(indexKey(0)))
		perKey = append(perKey, float64(full-bare)/float64(keys)-own)
		perTransaction = append(perTransaction, float64(bare)/float64(keys))
	}
	return []Figure{
		figure(LedgerKey, " B", fmt.Sprintf("memory of a ledger enclave for each of %d keys, beside the key's own %d bytes; at most 120 is asked for", keys, len(indexKey(0))), perKey),
		figure(LedgerTransaction, " B", "memory of a ledger enclave for each transaction: id, place, verdict and payload hash", perTransaction),
	}, nil
}

func indexKey(n int) string { return fmt.Sprintf("account/%012d", n) }

// indexSize returns the heap that an index takes after so many transactions, each
// of which writes a key or none.
func indexSize(transactions int, writes bool) (int64, error) {
	order := rand.New(rand.NewPCG(1, 2)).Perm(transactions)
	before := heap()
	x := index.New(func(string) bool { return false }, ledgerenclave.KeptHeads)
	header := &common.BlockHeader{}
	for left, number := order, uint64(0); len(left) > 0; number++ {
		n := min(len(left), indexBlock)
		j := &index.Judged{Header: header, Result: &validate.Result{Codes: make([]peer.TxValidationCode, n)}, Payloads: make([][32]byte, n)}
		for i, key := range left[:n] {
			var nonce [8]byte
			binary.BigEndian.PutUint64(nonce[:], uint64(key))
			j.Payloads[i] = sha256.Sum256(nonce[:])
			j.Result.Txs = append(j.Result.Txs, &validate.Tx{TxID: hex.EncodeToString(j.Payloads[i][:])})
			if writes {
				j.Result.Updates = append(j.Result.Updates, validate.Update{
					Namespace: "kv", Key: indexKey(key), Value: nonce[:], Version: rwset.Version{Block: number, Tx: uint64(i)},
				})
			}
		}
		if _, err := x.Add(j); err != nil {
			return 0, err
		}
		header = &common.BlockHeader{Number: number + 1, PreviousHash: block.Hash(header)}
		left = left[n:]
	}
	size := heap() - before
	runtime.KeepAlive(x)
	runtime.KeepAlive(order)
	return size, nil
}

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
