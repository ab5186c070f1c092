// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fabric/validate"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

const policySize = 10_000

// policy is the n-th key-level policy.
func policy(n int) []byte {
	return append(fmt.Appendf(nil, "policy %d", n), make([]byte, policySize)...)
}

// setPolicy adds a block in which a key gets a policy; nil: loses it.
func setPolicy(t *testing.T, x *Index, key string, policy []byte) {
	t.Helper()
	number := uint64(0)
	if v := x.Newest(); v != nil {
		number = v.Height()
	}
	update := validate.Update{Namespace: "cc", Key: key, Value: []byte("v"), Version: rwset.Version{Block: number}}
	if policy != nil {
		update.Metadata = []rwset.Entry{{Name: peer.MetaDataKeys_VALIDATION_PARAMETER.String(), Value: policy}}
	}
	_, err := x.Add(&Judged{
		Header: &common.BlockHeader{Number: number}, Payloads: make([][32]byte, 1),
		Result: &validate.Result{Codes: make([]peer.TxValidationCode, 1), Txs: []*validate.Tx{{TxID: fmt.Sprint(number)}}, Updates: []validate.Update{update}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantPolicy(t *testing.T, v *View, key string, want []byte) {
	t.Helper()
	if got := v.KeyPolicy("cc", key); !bytes.Equal(got, want) {
		t.Errorf("policy of %s at height %d: got %.12q of %d bytes, want %.12q of %d", key, v.Height(), got, len(got), want, len(want))
	}
}

// However many policies keys had in the past, those that no key has any more take
// a bounded memory; those that keys have stay, as do those of earlier heads.
func TestPoliciesThatNoKeyHasAreLetGo(t *testing.T) {
	const times = 1000
	x := New(func(string) bool { return false }, 4)
	setPolicy(t, x, "constant", policy(-1))
	setPolicy(t, x, "changing", policy(0))
	old := x.Newest()
	for n := 1; n <= times; n++ {
		setPolicy(t, x, "changing", policy(n))
		for height := max(x.Oldest(), old.Height()); height <= x.Newest().Height(); height++ {
			wantPolicy(t, x.At(height), "changing", policy(int(height-old.Height())))
		}
	}
	if got, most := x.metadata.size, metadataSlack+8*policySize; got > most {
		t.Errorf("after %d policies of %d bytes: got %d bytes, want at most %d", times, policySize, got, most)
	}
	if got, most := len(x.metadata.entries), 2*metadataSlack/policySize; got > most {
		t.Errorf("got %d numbers in use or free, want at most %d: they are given anew", got, most)
	}
	wantPolicy(t, x.Newest(), "constant", policy(-1))
	wantPolicy(t, old, "constant", policy(-1))
	wantPolicy(t, old, "changing", policy(0))
}

// A key whose policy was let go of with the key gets one anew.
func TestPolicyComesBack(t *testing.T) {
	x := New(func(string) bool { return false }, 2)
	for range 3 {
		setPolicy(t, x, "key", policy(1))
		wantPolicy(t, x.Newest(), "key", policy(1))
		setPolicy(t, x, "key", nil)
		x.metadata.limit = 0
		setPolicy(t, x, "other", policy(2))
		wantPolicy(t, x.Newest(), "key", nil)
		wantPolicy(t, x.Newest(), "other", policy(2))
	}
	if got := len(x.metadata.numbers); got > 2 {
		t.Errorf("got %d policies kept, want at most the 2 that keys have or had last", got)
	}
}
