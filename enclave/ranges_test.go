// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// rangeChaincode has one function per kind of range, beside "put".
var rangeChaincode = succeed(func(stub shim.ChaincodeStubInterface) (string, error) {
	function, args := stub.GetFunctionAndParameters()
	page := func(it shim.StateQueryIteratorInterface, m *shim.QueryResponseMetadata, err error) (string, error) {
		rows, err := keysOf(it, err)
		return fmt.Sprintf("%s | %d next %q", rows, m.GetFetchedRecordsCount(), m.GetBookmark()), err
	}
	switch function {
	case "put":
		return "", stub.PutState(args[0], []byte(args[1]))
	case "compose":
		key, err := stub.CreateCompositeKey(args[0], args[1:])
		if err != nil {
			return "", err
		}
		return "", stub.PutState(key, []byte("v"))
	case "range":
		return keysOf(stub.GetStateByRange(args[0], args[1]))
	case "page":
		return page(stub.GetStateByRangeWithPagination(args[0], args[1], 2, args[2]))
	case "partial":
		return keysOf(stub.GetStateByPartialCompositeKey(args[0], args[1:]))
	case "partial-page":
		return page(stub.GetStateByPartialCompositeKeyWithPagination(args[0], args[2:], 2, args[1]))
	case "all-composite":
		return page(stub.GetAllStatesCompositeKeyWithPagination(10, ""))
	case "first":
		it, err := stub.GetStateByRange(args[0], args[1])
		if err != nil {
			return "", err
		}
		defer it.Close()
		row, err := it.Next()
		return row.GetKey(), err
	case "any":
		it, err := stub.GetStateByRange(args[0], args[1])
		if err != nil {
			return "", err
		}
		defer it.Close()
		return fmt.Sprint(it.HasNext()), nil
	case "write-and-page":
		if err := stub.PutState("k", []byte("v")); err != nil {
			return "", err
		}
		return page(stub.GetStateByRangeWithPagination("", "", 2, ""))
	case "page-and-write":
		if _, _, err := stub.GetStateByRangeWithPagination("", "", 2, ""); err != nil {
			return "", err
		}
		return "", stub.PutState("k", []byte("v"))
	}
	return "", errors.New("no function " + function)
})

// rangeWorld has the keys a, b, c, d, e with their own names as values, and
// composite keys of type "t".
func rangeWorld(t *testing.T) (*enclavetest.World, *enclavetest.Host) {
	w := enclavetest.New(t).Start(rangeChaincode)
	host := enclavetest.NewHost()
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		put(w, host, key, key)
	}
	for _, attributes := range [][]string{{"x", "1"}, {"x", "2"}, {"x", "3"}, {"y", "1"}} {
		host.Commit(w.Ask(w.Org1.Client(), append([]string{"compose", "t"}, attributes...)...).MustSend(host))
	}
	host.Put(protocol.MarkerKey(strings.Repeat("0", 64)), []byte("FPC's own"))
	return w, host
}

// ranges prints the ranges of a read set as "[start,end):keys".
func ranges(a *enclavetest.Answer) string {
	var out []string
	for _, r := range a.Response.GetRwset().GetRanges() {
		var keys []string
		for _, row := range r.GetRows() {
			keys = append(keys, row.GetKey())
		}
		out = append(out, fmt.Sprintf("[%q,%q):%s", r.GetStart(), r.GetEnd(), strings.Join(keys, ",")))
	}
	return strings.Join(out, " ")
}

func TestRanges(t *testing.T) {
	w, host := rangeWorld(t)
	const all = "a=a b=b c=c d=d e=e"
	for _, tc := range []struct {
		args, payload, record string
	}{
		{"range||", all, `["\x01",""):a,b,c,d,e`},
		{"range|b|d", "b=b c=c", `["b","d"):b,c`},
		{"range|b|", "b=b c=c d=d e=e", `["b",""):b,c,d,e`},
		{"range|x|z", "", `["x","z"):`},
		{"range|d|b", "", ``},
		{"range|b|b", "", ``},
		{"first|b|", "b", `["b","b\x00"):b`},
		{"any|b|", "true", `["b","b\x00"):b`}, // that there is a row is knowledge of it
		{"any|x|z", "false", `["x","z"):`},
		{"page|||", `a=a b=b | 2 next "c"`, `["\x01","c\x00"):a,b,c`},
		{"page|||c", `c=c d=d | 2 next "e"`, `["c","e\x00"):c,d,e`},
		{"page|||e", `e=e | 1 next ""`, `["e",""):e`},
		{"page|b|d|", `b=b c=c | 2 next ""`, `["b","d"):b,c`},
		{"partial|t|x", "\x00t\x00x\x001\x00=v \x00t\x00x\x002\x00=v \x00t\x00x\x003\x00=v", `["\x00t\x00x\x00","\x00t\x00x\x00\U0010ffff"):` + "\x00t\x00x\x001\x00,\x00t\x00x\x002\x00,\x00t\x00x\x003\x00"},
		{"partial-page|t|" + "\x00t\x00x\x003\x00" + "|x", "\x00t\x00x\x003\x00=v | 1 next \"\"", `["\x00t\x00x\x003\x00","\x00t\x00x\x00\U0010ffff"):` + "\x00t\x00x\x003\x00"},
		{"all-composite", "\x00t\x00x\x001\x00=v \x00t\x00x\x002\x00=v \x00t\x00x\x003\x00=v \x00t\x00y\x001\x00=v | 4 next \"\"", `["\x00","\x00\U0010ffff"):` + "\x00t\x00x\x001\x00,\x00t\x00x\x002\x00,\x00t\x00x\x003\x00,\x00t\x00y\x001\x00"},
	} {
		a := w.Ask(w.Org1.Client(), strings.Split(tc.args, "|")...).MustSend(host)
		wantResult(t, tc.args, a, tc.payload)
		if got := ranges(a); got != tc.record {
			t.Errorf("%s: read set\ngot  %s\nwant %s", tc.args, got, tc.record)
		}
		if n := host.Open(); n != 0 {
			t.Errorf("%s: the enclave left %d ranges open", tc.args, n)
		}
	}
}

// How the host cuts a range into answers must not show: two enclaves with two
// hosts agree on the read set.
func TestRangesDoNotDependOnTheHostsBatches(t *testing.T) {
	w, host := rangeWorld(t)
	for _, args := range []string{"range||", "first|b|", "page|||", "any|c|"} {
		call := w.Ask(w.Org1.Client(), strings.Split(args, "|")...)
		host.Batch = 2
		a := call.MustSend(host)
		host.Batch = 100
		b := call.MustSend(host)
		if ranges(a) != ranges(b) || string(a.Response.GetExec()) != string(b.Response.GetExec()) {
			t.Errorf("%s: batches of 2 give %s, of 100 give %s", args, ranges(a), ranges(b))
		}
	}
}

func TestRangesThatAreRefused(t *testing.T) {
	w, host := rangeWorld(t)
	for _, tc := range []struct {
		args string
		want protocol.Code
	}{
		{"write-and-page", enclave.CodeReadOnly},
		{"page-and-write", enclave.CodeReadOnly},
		{"partial|fpc/tx", protocol.CodeReservedKey},
		{"partial|fpc/|a", protocol.CodeReservedKey},
		{"partial-page|fpc/tx|", protocol.CodeReservedKey},
		{"partial-page|t|\x00u", protocol.CodeBadArguments},
		{"compose|fpc/tx|1", protocol.CodeReservedKey},
		{"page|b|d|a", protocol.CodeBadArguments},
		{"page|b|d|d", protocol.CodeBadArguments},
		{"range|\xff|", enclave.CodeBadKey},
	} {
		host.Asked()
		wantSealed(t, tc.args, w.Ask(w.Org1.Client(), strings.Split(tc.args, "|")...).MustSend(host), tc.want)
	}
	a := w.Ask(w.Org1.Client(), "range", "\x00t", "").MustSend(host)
	if a.Result || !strings.Contains(a.Clear.GetMessage(), "null character") {
		t.Errorf("range of simple keys that begins with a composite one: got %v, want Fabric's refusal", a.Clear)
	}
}

// A hidden or added row goes into the read set as the host gave it, so that the
// replay refuses; a query that is never committed shows what its host pleases.
func TestAttack04HiddenAndAddedRows(t *testing.T) {
	w, host := rangeWorld(t)
	honest := ranges(w.Ask(w.Org1.Client(), "range", "", "").MustSend(host))
	host.Lie = func(_ *fpc.StateRequest, r *fpc.StateResponse) error {
		r.Rows = slices.DeleteFunc(r.Rows, func(row *fpc.Row) bool { return row.GetKey() == "c" })
		return nil
	}
	a := w.Ask(w.Org1.Client(), "range", "", "").MustSend(host)
	wantResult(t, "hidden row (documented for a query)", a, "a=a b=b d=d e=e")
	if got := ranges(a); got == honest {
		t.Errorf("read set of a range with a hidden row: got %s, as without: replay would not see it", got)
	}
	for name, tc := range map[string]struct {
		lie  func(*fpc.StateResponse)
		want protocol.Code
	}{
		"made-up row":      {func(r *fpc.StateResponse) { r.Rows[0] = &fpc.Row{Key: "a0", Value: []byte("garbage")} }, enclave.CodeForeignValue},
		"row moved":        {func(r *fpc.StateResponse) { r.Rows[0] = &fpc.Row{Key: "a0", Value: host.GetLocked("a")} }, enclave.CodeTamperedValue},
		"row before start": {func(r *fpc.StateResponse) { r.Rows[0].Key = "\x00t\x00" }, enclave.CodeBadRange},
		"row twice":        {func(r *fpc.StateResponse) { r.Rows[1] = r.Rows[0] }, enclave.CodeBadRange},
		"rows backwards":   {func(r *fpc.StateResponse) { slices.Reverse(r.Rows) }, enclave.CodeBadRange},
		"empty value":      {func(r *fpc.StateResponse) { r.Rows[0].Value = nil }, enclave.CodeBadRange},
		"endless nothing":  {func(r *fpc.StateResponse) { r.Rows = nil; r.HasMore = true }, enclave.CodeBadAnswer},
	} {
		host.Lie = func(req *fpc.StateRequest, r *fpc.StateResponse) error {
			if req.GetOpenRange() != nil {
				tc.lie(r)
			}
			return nil
		}
		wantSealed(t, name, w.Ask(w.Org1.Client(), "range", "", "").MustSend(host), tc.want)
	}
	host.Lie = func(_ *fpc.StateRequest, r *fpc.StateResponse) error {
		if !r.GetHasMore() { // the last rows, and then a genuine one that was not asked for
			r.Rows = append(r.Rows, &fpc.Row{Key: "d", Value: host.GetLocked("d")})
		}
		return nil
	}
	wantSealed(t, "row behind the end", w.Ask(w.Org1.Client(), "range", "a", "d").MustSend(host), enclave.CodeBadRange)
	host.Lie = func(req *fpc.StateRequest, r *fpc.StateResponse) error {
		if req.GetNextRows() != nil {
			return errors.New("disk on fire")
		}
		return nil
	}
	wantSealed(t, "host fails in the middle", w.Ask(w.Org1.Client(), "range", "", "").MustSend(host), enclave.CodeHost)
}

// In Lite a new version of the code begins a new generation of keys; what older
// code wrote is not there for it, in no kind of read.
func TestEarlierGenerationsAreAbsent(t *testing.T) {
	w, host := rangeWorld(t)
	next := enclavetest.New(t)
	next.Org1, next.Org2, next.ChannelHash = w.Org1, w.Org2, w.ChannelHash
	next.Generation = 2
	next.Start(rangeChaincode)
	put(next, host, "c", "new")
	a := next.Ask(next.Org1.Client(), "range", "", "").MustSend(host)
	wantResult(t, "range", a, "c=new")
	if got, want := ranges(a), `["\x01",""):a,b,c,d,e`; got != want {
		t.Errorf("read set: got %s, want %s: the rows are there for the replay", got, want)
	}
	a = next.Ask(next.Org1.Client(), "page", "", "", "").MustSend(host)
	wantResult(t, "page", a, `c=new | 1 next ""`)
	wantSealed(t, "older code on newer values", w.Ask(w.Org1.Client(), "range", "", "").MustSend(host), enclave.CodeForeignValue)
}
