// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fpctest/attack"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/samples/asset"
)

// Many clients at once, each on keys of its own: all commit at the first attempt.
func TestConcurrentClients(t *testing.T) {
	const clients = 30
	w := deployPrivate(t, "asset", nil)
	var running sync.WaitGroup
	errs := make([]error, clients)
	for i := range clients {
		contract := w.contract(i % len(w.Orgs))
		running.Go(func() {
			id := fmt.Sprintf("a%02d", i)
			_, err := contract.Submit(w.ctx, "CreateAsset", id, "ann", "blue", "1")
			if err == nil {
				_, err = contract.Submit(w.ctx, "UpdateAsset", id, "green", fmt.Sprint(i))
			}
			errs[i] = err
		})
	}
	running.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("client %d: %v", i, err)
		}
	}
	answer, err := w.contract(0).Evaluate(w.ctx, "RangeAssets", "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	var assets []asset.Asset
	if err := json.Unmarshal(answer, &assets); err != nil {
		t.Fatal(err)
	}
	if len(assets) != clients {
		t.Fatalf("assets: got %d, want %d", len(assets), clients)
	}
	for i, a := range assets {
		if want := (asset.Asset{ID: fmt.Sprintf("a%02d", i), Owner: "ann", Colour: "green", Value: uint64(i)}); a != want {
			t.Errorf("got %+v, want %+v", a, want)
		}
	}
}

// Two calls that read and write one key: the second is refused, at replay or in
// its block, with the error that says so; made again it succeeds.
func TestConflict(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "ann", "blue", "7")
	endorse := func(contract *client.Contract, owner string) *client.Validation {
		t.Helper()
		proposal, err := contract.NewProposal(w.ctx, "TransferAsset", client.WithArguments("a1", owner))
		if err != nil {
			t.Fatal(err)
		}
		validation, err := proposal.Endorse(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		return validation
	}
	form := func(v *client.Validation) *client.Transaction {
		t.Helper()
		tx, err := v.Endorse(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	order := func(tx *client.Transaction) error {
		t.Helper()
		commit, err := tx.Submit(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer commit.Close()
		_, err = commit.Result()
		return err
	}
	t.Run("both replayed before either is ordered", func(t *testing.T) {
		first, second := form(endorse(w.contract(0), "bob")), form(endorse(w.contract(1), "carol"))
		if err := order(first); err != nil {
			t.Fatal(err)
		}
		notCommitted(t, order(second), peer.TxValidationCode_MVCC_READ_CONFLICT)
		if old, err := w.contract(1).Submit(w.ctx, "TransferAsset", "a1", "carol"); err != nil || string(old) != "bob" {
			t.Errorf("made again: got %s, error %v; want bob, the owner before", old, err)
		}
	})
	t.Run("one ordered before the other is replayed", func(t *testing.T) {
		first, second := endorse(w.contract(0), "dave"), endorse(w.contract(1), "erin")
		if err := order(form(first)); err != nil {
			t.Fatal(err)
		}
		_, err := second.Endorse(w.ctx)
		refused(t, err, protocol.CodeStaleRead)
		if old, err := w.contract(1).Submit(w.ctx, "TransferAsset", "a1", "erin"); err != nil || string(old) != "dave" {
			t.Errorf("made again: got %s, error %v; want dave, the owner before", old, err)
		}
	})
}

// Many clients at once on one key: each gets through in the end, after no other
// error than a conflict, and no transfer is lost or applied twice.
func TestHotKey(t *testing.T) {
	const clients = 6
	w := deployPrivate(t, "asset", nil)
	w.submit("CreateAsset", "a1", "client 0", "blue", "7")
	var running sync.WaitGroup
	before := make([]string, clients+1) // each, the owner from whom it took the asset
	for i := 1; i <= clients; i++ {
		contract := w.contract(i % len(w.Orgs))
		running.Go(func() {
			for w.ctx.Err() == nil {
				old, err := contract.Submit(w.ctx, "TransferAsset", "a1", fmt.Sprintf("client %d", i))
				if err == nil {
					before[i] = string(old)
					return
				}
				if !conflict(err) {
					t.Errorf("client %d: %v, want a conflict or success", i, err)
					return
				}
			}
		})
	}
	running.Wait()
	answer, err := w.contract(0).Evaluate(w.ctx, "ReadAsset", "a1")
	if err != nil {
		t.Fatal(err)
	}
	var last asset.Asset
	if err := json.Unmarshal(answer, &last); err != nil {
		t.Fatal(err)
	}
	// Everybody owned it once: who lost it, and who has it now.
	got := append(slices.Clone(before[1:]), last.Owner)
	slices.Sort(got)
	var want []string
	for i := range clients + 1 {
		want = append(want, fmt.Sprintf("client %d", i))
	}
	if !slices.Equal(got, want) {
		t.Errorf("owners: got %q, want each of %q once", got, want)
	}
}

// conflict tells whether a call failed because another changed what it read.
func conflict(err error) bool {
	var invalid *fabric.NotCommittedError
	if errors.As(err, &invalid) {
		return invalid.Err == nil && invalid.Code == peer.TxValidationCode_MVCC_READ_CONFLICT
	}
	return attack.Code(err) == protocol.CodeStaleRead
}
