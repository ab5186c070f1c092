// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package equivalence

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/privatechaincode/fpc/e2e/equivalence/script"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// Kinds of operations.
var (
	keyless  = []string{"event", "batch", "finish", "compose", "split", "arguments", "transient", "invocation"}
	pointOps = append([]string{"get", "get", "multi", "put", "put", "put", "del", "set-policy", "get-policy"}, keyless...)
	rangeOps = []string{"range", "range", "partial"}
	everyOp  = slices.Concat(pointOps, rangeOps, []string{"range-pages", "partial-pages", "composite-pages"})
	// Which changes of policies are conflicts differs: see TestDifferences. Of
	// ranges that are not read to their end, the ledger in memory judges more
	// than a peer.
	conflictPointOps = []string{"get", "multi", "put", "put", "del"}
	conflictOps      = append([]string{"range-to-its-end", "partial-to-its-end"}, conflictPointOps...)
)

var (
	simpleKeys = []string{"a", "b", "c", "k1", "k10", "k2", "é", "~", "\x01", "\x7f", "z\x00y", "fpc/tx", "\U0010ffff"}
	types      = []string{"", "t", "u", "tt"}
	parts      = []string{"", "x", "y", "x y", "é", "10", "2"}
)

// compositeKeys are few, so that what is written is met again.
var compositeKeys = []string{
	"\x00\x00", "\x00t\x00", "\x00t\x00x\x00", "\x00t\x00x\x00y\x00", "\x00t\x00x y\x00", "\x00tt\x00x\x00", "\x00u\x0010\x00", "\x00u\x002\x00", "\x00u\x00\x00",
}

// drawKey draws one of few keys half of the time.
func drawKey(rt *rapid.T) string {
	switch rapid.IntRange(0, 5).Draw(rt, "which keys") {
	case 0:
		return rapid.SampledFrom(compositeKeys).Draw(rt, "composite key")
	case 1, 2:
		return rapid.SampledFrom(simpleKeys).Draw(rt, "key")
	default:
		return rapid.SampledFrom([]string{"a", "k1", "\x00t\x00x\x00"}).Draw(rt, "usual key")
	}
}

// writes are the kinds after which a transaction may read no page.
var writes = []string{"put", "del", "set-policy"}

func drawTx(rt *rapid.T, ops []string) tx {
	p := script.Program{Status: rapid.SampledFrom([]int32{200, 200, 200, 200, 201, 399, 400, 500}).Draw(rt, "status")}
	if rapid.IntRange(0, 2).Draw(rt, "read only") == 0 && len(ops) > 1 {
		ops = slices.DeleteFunc(slices.Clone(ops), func(kind string) bool { return slices.Contains(writes, kind) })
	}
	for range rapid.IntRange(1, 12).Draw(rt, "operations") {
		p.Ops = append(p.Ops, drawOp(rt, rapid.SampledFrom(ops).Draw(rt, "kind")))
	}
	if p.Status != 200 {
		p.Message = rapid.SampledFrom([]string{"", "because", "é\n"}).Draw(rt, "message")
	}
	args, err := p.Args()
	if err != nil {
		rt.Fatal(err)
	}
	return tx{
		client:    rapid.IntRange(0, 1).Draw(rt, "client"),
		args:      append(args, rapid.SliceOfN(rapid.SampledFrom(parts), 0, 2).Draw(rt, "arguments")...),
		transient: rapid.MapOfN(rapid.SampledFrom(simpleKeys[:5]), rapid.SliceOfN(rapid.Byte(), 0, 5), 0, 2).Draw(rt, "transient"),
	}
}

// drawFill draws an invocation that gives about half of all keys a value, and
// some of them a policy.
func drawFill(rt *rapid.T) tx {
	p := script.Program{Status: 200}
	for i, key := range slices.Concat(simpleKeys, compositeKeys) {
		fill := rapid.IntRange(0, 5).Draw(rt, "fill")
		if fill > 2 {
			p.Ops = append(p.Ops, script.Op{Kind: "put", Key: key, Value: fmt.Append(nil, i)})
		}
		if fill > 4 {
			p.Ops = append(p.Ops, script.Op{Kind: "set-policy", Key: key, Value: drawPolicy(rt)})
		}
	}
	args, err := p.Args()
	if err != nil {
		rt.Fatal(err)
	}
	return tx{args: args}
}

// edit changes the program of an invocation.
func edit(t *testing.T, x tx, change func(*script.Program)) tx {
	t.Helper()
	var p script.Program
	if len(x.args) > 0 {
		if err := json.Unmarshal([]byte(x.args[1]), &p); err != nil {
			t.Fatal(err)
		}
	}
	change(&p)
	args, err := p.Args()
	if err != nil {
		t.Fatal(err)
	}
	x.args = append(args, x.args[min(len(x.args), len(args)):]...)
	return x
}

// drawOp draws an operation of a kind, good ones mostly.
func drawOp(rt *rapid.T, kind string) script.Op {
	op := script.Op{Kind: kind, N: -1}
	if to, ok := strings.CutSuffix(kind, "-to-its-end"); ok {
		op.Kind = to
	} else if kind == "range" || kind == "partial" {
		op.N = int32(rapid.IntRange(-1, 4).Draw(rt, "rows"))
	} else if strings.HasSuffix(kind, "-pages") {
		op.N = int32(rapid.IntRange(0, 4).Draw(rt, "page size"))
	}
	switch op.Kind {
	case "get", "del", "get-policy":
		op.Key = drawKey(rt)
	case "multi":
		for range rapid.IntRange(0, 5).Draw(rt, "keys") {
			op.Parts = append(op.Parts, drawKey(rt))
		}
	case "put":
		op.Key, op.Value = drawKey(rt), rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(rt, "value")
		if rapid.IntRange(0, 20).Draw(rt, "no key") == 0 {
			op.Key = ""
		}
	case "set-policy":
		op.Key, op.Value = drawKey(rt), drawPolicy(rt)
	case "event":
		op.Key = rapid.SampledFrom([]string{"sold", "é", ""}).Draw(rt, "event")
		op.Value = rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(rt, "payload")
	case "range", "range-pages":
		op.Key, op.End = drawBound(rt), drawBound(rt)
		op.Bookmark = drawBookmark(rt, op)
	case "partial", "partial-pages", "compose":
		op.Key = rapid.SampledFrom(append(types, "\x00", "a\U0010ffff")).Draw(rt, "type")
		op.Parts = rapid.SliceOfN(rapid.SampledFrom(append(parts, "\x00")), 0, 2).Draw(rt, "parts")
	case "split":
		op.Key = drawKey(rt)
	}
	return op
}

// drawBound draws the bound of a range; one in ten is refused, as it is a
// composite key.
func drawBound(rt *rapid.T) string {
	if rapid.IntRange(0, 9).Draw(rt, "composite bound") == 0 {
		return rapid.SampledFrom(compositeKeys).Draw(rt, "composite key")
	}
	return rapid.SampledFrom(append(simpleKeys, "", "", "")).Draw(rt, "bound")
}

// drawBookmark draws none, mostly, or one that lies in the range.
func drawBookmark(rt *rapid.T, op script.Op) string {
	bookmark := rapid.SampledFrom(append(simpleKeys, "", "", "", "", "", "")).Draw(rt, "bookmark")
	if op.N == 0 || bookmark < max(op.Key, "\x01") || (op.End != "" && bookmark >= op.End) {
		return ""
	}
	return bookmark
}

func drawPolicy(rt *rapid.T) []byte {
	n := rapid.IntRange(0, 3).Draw(rt, "policy")
	if n == 0 {
		return nil
	}
	b, err := proto.Marshal(&common.SignaturePolicyEnvelope{
		Version: int32(n), Rule: &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{SignedBy: int32(n)}},
	})
	if err != nil {
		rt.Fatal(fmt.Errorf("encode a policy: %w", err))
	}
	return b
}
