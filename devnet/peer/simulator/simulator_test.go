// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
)

const ns = "kv"

// open simulates on a ledger that holds k000 to k119 and owned, the latter with
// metadata, all written in one transaction.
func open(t *testing.T) (*simulator.Simulator, rwset.Version) {
	t.Helper()
	n := peertest.Start(t, 1)
	n.Deploy(t, peertest.Definition{Name: ns}, peertest.Script)
	script := []string{"put owned 1", "own owned OR('Org1MSP.peer')"}
	for i := range 120 {
		script = append(script, fmt.Sprintf("put k%03d %d", i, i))
	}
	n.MustSubmit(t, n.Orgs[0].Client(), peertest.Run(ns, script...), n.Nodes[0])
	snap, err := n.Nodes[0].Ledger.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	sim := simulator.New("tx", snap)
	t.Cleanup(sim.Done)
	return sim, rwset.Version{Block: snap.Height() - 1}
}

func only(t *testing.T, sim *simulator.Simulator) rwset.Namespace {
	t.Helper()
	results, err := sim.Results()
	if err != nil {
		t.Fatal(err)
	}
	if len(results.Set.Namespaces) != 1 {
		t.Fatalf("namespaces: got %v, want one", results.Set.Namespaces)
	}
	return results.Set.Namespaces[0]
}

func TestReadsAndWrites(t *testing.T) {
	sim, at := open(t)
	check := func(got any, err error, want any) {
		t.Helper()
		if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	value, err := sim.Get(ns, "k007")
	check(value, err, "7")
	value, err = sim.Get(ns, "absent")
	check(value, err, "")
	entries, err := sim.Metadata(ns, "owned")
	if err != nil || len(entries) != 1 || entries[0].Name != "VALIDATION_PARAMETER" {
		t.Errorf("metadata: got %v, %v", entries, err)
	}
	for _, err := range []error{
		sim.Put(ns, "new", []byte("v")), sim.Delete(ns, "k007"), sim.Put(ns, "emptied", nil),
		sim.PutMetadata(ns, "new", map[string][]byte{"m": []byte("x")}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if value, err := sim.Peek(ns, "k099"); err != nil || string(value.Value) != "99" {
		t.Errorf("peek: got %v, %v", value, err)
	}
	value, err = sim.Get(ns, "k007")
	check(value, err, "7") // its own deletion is not seen

	set := only(t, sim)
	want := []rwset.Read{{Key: "absent"}, {Key: "k007", Version: &at}, {Key: "owned", Version: &at}}
	if fmt.Sprint(keysOf(set.Reads)) != fmt.Sprint(keysOf(want)) {
		t.Errorf("reads: got %v, want %v", keysOf(set.Reads), keysOf(want))
	}
	var writes []string
	for _, w := range set.Writes {
		writes = append(writes, fmt.Sprintf("%s=%s/%t", w.Key, w.Value, w.IsDelete()))
	}
	if got, want := strings.Join(writes, " "), "emptied=/true k007=/true new=v/false"; got != want {
		t.Errorf("writes: got %q, want %q", got, want)
	}
	if len(set.Metadata) != 1 || set.Metadata[0].Key != "new" {
		t.Errorf("metadata writes: got %v", set.Metadata)
	}
}

func keysOf(reads []rwset.Read) []string {
	var out []string
	for _, r := range reads {
		version := "none"
		if r.Version != nil {
			version = fmt.Sprintf("%d.%d", r.Version.Block, r.Version.Tx)
		}
		out = append(out, r.Key+"@"+version)
	}
	return out
}

// What a range contributes to the read set: where it ended, whether it was
// exhausted, and rows or a summary of them.
func TestRanges(t *testing.T) {
	for _, c := range []struct {
		name       string
		start, end string
		take       int // rows, -1 for all and the end
		want       string
	}{
		{"all of a short one", "k000", "k003", -1, "k000..k003 exhausted, 3 rows"},
		{"part", "k000", "k003", 2, "k000..k001 open, 2 rows"},
		{"every row, not the end", "k000", "k003", 3, "k000..k002 open, 3 rows"},
		{"nothing taken", "k000", "k003", 0, "k000.. open, 0 rows"},
		{"empty", "x", "y", -1, "x..y exhausted, 0 rows"},
		{"to the end of the namespace", "k118", "", -1, "k118.. exhausted, 3 rows"},
		{"fifty rows", "k000", "k050", -1, "k000..k050 exhausted, 50 rows"},
		{"more than fifty rows", "k000", "k051", -1, "k000..k051 exhausted, summary"},
		{"backwards", "k003", "k000", -1, "k003..k000 exhausted, 0 rows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sim, _ := open(t)
			rows, err := sim.Range(ns, c.start, c.end)
			if err != nil {
				t.Fatal(err)
			}
			for taken := 0; taken != c.take; taken++ {
				row, err := rows.Next()
				if err != nil {
					t.Fatal(err)
				}
				if row == nil {
					break
				}
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
			r := only(t, sim).Ranges[0]
			got := fmt.Sprintf("%s..%s open", r.Start, r.End)
			if r.Exhausted {
				got = fmt.Sprintf("%s..%s exhausted", r.Start, r.End)
			}
			if r.Summary != nil {
				got += ", summary"
			} else {
				got += fmt.Sprintf(", %d rows", len(r.Rows))
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPages(t *testing.T) {
	sim, _ := open(t)
	rows, err := sim.Page(ns, "k000", "k010", 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		row, err := rows.Next()
		if err != nil || (row == nil) != (i == 3) {
			t.Fatalf("row %d: got %v, %v", i, row, err)
		}
	}
	if got, err := rows.Bookmark(); err != nil || got != "k003" {
		t.Errorf("bookmark: got %q, %v, want k003", got, err)
	}
	if _, err := rows.Next(); !errors.Is(err, simulator.ErrDone) {
		t.Errorf("after the bookmark: got %v, want ErrDone", err)
	}
	var unsupported *simulator.UnsupportedError
	if err := sim.Put(ns, "a", []byte("1")); !errors.As(err, &unsupported) || unsupported.TxID != "tx" {
		t.Errorf("a write after a page: got %v, want UnsupportedError", err)
	}
}

func TestReadOnlyQueriesAfterWrites(t *testing.T) {
	sim, _ := open(t)
	if err := sim.Put(ns, "a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	var unsupported *simulator.UnsupportedError
	if _, err := sim.Page(ns, "", "", 3); !errors.As(err, &unsupported) {
		t.Errorf("page: got %v, want UnsupportedError", err)
	}
	if _, err := sim.PrivateRange(lifecycle.Namespace, rwset.ImplicitCollection("Org1MSP"), "", ""); !errors.As(err, &unsupported) {
		t.Errorf("private range: got %v, want UnsupportedError", err)
	}
}

func TestPrivateData(t *testing.T) {
	sim, _ := open(t)
	own, other := rwset.ImplicitCollection("Org1MSP"), rwset.ImplicitCollection("Org2MSP")
	const key = "namespaces/metadata/kv#1"
	value, err := sim.GetPrivate(lifecycle.Namespace, own, key)
	if err != nil || len(value) == 0 {
		t.Errorf("own approval: got %q, %v", value, err)
	}
	hash, err := sim.GetPrivateHash(lifecycle.Namespace, own, key)
	if err != nil || len(hash) != 32 {
		t.Errorf("its hash: got %x, %v", hash, err)
	}
	if value, err := sim.GetPrivate(lifecycle.Namespace, other, key); err != nil || value != nil {
		t.Errorf("what nobody wrote: got %q, %v", value, err)
	}
	if err := errors.Join(
		sim.PutPrivate(lifecycle.Namespace, own, "secret", []byte("plaintext")),
		sim.DeletePrivate(lifecycle.Namespace, own, key),
	); err != nil {
		t.Fatal(err)
	}
	results, err := sim.Results()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(results.Public), "plaintext") || strings.Contains(string(results.Public), "secret") {
		t.Error("the public read/write set holds the private key or value")
	}
	if results.Private == nil || !strings.Contains(results.Private.String(), "plaintext") {
		t.Errorf("the private write set: got %v", results.Private)
	}
}

// Nothing can be done with a simulation that has ended.
func TestDone(t *testing.T) {
	sim, _ := open(t)
	rows, err := sim.Range(ns, "", "")
	if err != nil {
		t.Fatal(err)
	}
	sim.Done()
	sim.Done()
	_, get := sim.Get(ns, "k000")
	_, metadata := sim.Metadata(ns, "k000")
	_, open := sim.Range(ns, "", "")
	_, page := sim.Page(ns, "", "", 1)
	_, next := rows.Next()
	_, private := sim.GetPrivate(ns, "c", "k")
	_, hash := sim.GetPrivateHash(ns, "c", "k")
	_, results := sim.Results()
	for name, err := range map[string]error{
		"get": get, "metadata": metadata, "range": open, "page": page, "next": next, "private": private, "hash": hash,
		"put": sim.Put(ns, "a", nil), "results": results,
	} {
		if !errors.Is(err, simulator.ErrDone) {
			t.Errorf("%s: got %v, want ErrDone", name, err)
		}
	}
	if err := rows.Close(); err != nil {
		t.Errorf("closing a query twice: %v", err)
	}
	if got := sim.Height(); got != 0 {
		t.Errorf("height: got %d, want 0", got)
	}
}
