// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package equivalence

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// differences are what a chaincode meets privately and not plain, by their name
// in the table of docs/chaincode.md.
var differences = map[string]func(t *testing.T){
	"rich queries": unsupported(func(s shim.ChaincodeStubInterface) error {
		_, err := s.GetQueryResult("{}")
		_, _, paged := s.GetQueryResultWithPagination("{}", 1, "")
		return both(err, paged)
	}),
	"history of a key": unsupported(func(s shim.ChaincodeStubInterface) error {
		_, err := s.GetHistoryForKey("k")
		return err
	}),
	"private data collections": unsupported(func(s shim.ChaincodeStubInterface) error {
		_, err := s.GetPrivateData("c", "k")
		return both(err, s.PutPrivateData("c", "k", []byte("v")))
	}),
	"calls to other chaincodes": unsupported(func(s shim.ChaincodeStubInterface) error {
		if r := s.InvokeChaincode("other", nil, ""); strings.Contains(r.GetMessage(), "private") {
			return shim.ErrUnsupported
		}
		return nil
	}),
	"keys that CouchDB would refuse": refused(enclave.CodeBadKey, func(s shim.ChaincodeStubInterface) error {
		_, read := s.GetState("")
		_, policy := s.GetStateValidationParameter("_k")
		return both(read, policy, s.PutState("_k", []byte("v")), s.PutState("\xff", []byte("v")), s.DelState(""), s.SetStateValidationParameter("_k", nil))
	}),
	"FPC's own keys": refused(protocol.CodeReservedKey, func(s shim.ChaincodeStubInterface) error {
		key := protocol.MarkerKey("00")
		_, read := s.GetState(key)
		_, rows := s.GetStateByPartialCompositeKey("fpc/tx", nil)
		return both(read, rows, s.PutState(key, []byte("v")), s.DelState(key))
	}),
	"bookmarks and page sizes": refused(protocol.CodeBadArguments, func(s shim.ChaincodeStubInterface) error {
		_, _, before := s.GetStateByRangeWithPagination("b", "d", 1, "a")
		_, _, after := s.GetStateByRangeWithPagination("b", "d", 1, "d")
		_, _, negative := s.GetStateByRangeWithPagination("b", "d", -1, "")
		return both(before, after, negative)
	}),
	"policies that are none": refused(protocol.CodeBadArguments, func(s shim.ChaincodeStubInterface) error {
		return s.SetStateValidationParameter("k", []byte("garbage"))
	}),
	"event names that are not UTF-8": refused(protocol.CodeBadArguments, func(s shim.ChaincodeStubInterface) error {
		return s.SetEvent("\xff", nil)
	}),
	"failed reads":                     failedReads,
	"size of what is read and written": sizes,
	"transaction id":                   transactionID,
	"the proposal":                     theProposal,
	"what listeners get":               listeners,
	"a change of only a key's policy":  policyOnly,
	"Init":                             initIsNotCalled,
	"after the answer":                 afterTheAnswer,
	"panics":                           panics,
	"blinded keys":                     blindedKeys,
}

// TestDifferences shows each deliberate difference.
func TestDifferences(t *testing.T) {
	for name, show := range differences {
		t.Run(name, show)
	}
}

// TestDifferencesAreDocumented holds the table of docs/chaincode.md against the
// tests: no row without its test, no test without its row.
func TestDifferencesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/chaincode.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(doc), "\n## What differs\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+?) \|`).FindAllStringSubmatch(section, -1) {
		if row[1] != "what" && row[1] != "---" {
			rows = append(rows, row[1])
		}
	}
	slices.Sort(rows)
	if want := slices.Sorted(maps.Keys(differences)); !slices.Equal(rows, want) {
		t.Errorf("rows of docs/chaincode.md:\ngot  %q\nwant %q", rows, want)
	}
}

// chaincode is one of a single function.
type chaincode = enclavetest.Func

// all are the errors of several calls, each of which counts.
type all []error

// both returns the errors of several calls.
func both(errs ...error) error { return all(errs) }

func (a all) Error() string { return fmt.Sprint([]error(a)) }

// each calls f on an error, or on all that it is made of.
func each(err error, f func(error)) {
	var many all
	if !errors.As(err, &many) {
		many = all{err}
	}
	for _, one := range many {
		f(one)
	}
}

// during returns what f saw in a plain and in a private run.
func during(t *testing.T, f func(shim.ChaincodeStubInterface) error, changes ...func(*enclave.Config)) (plain, private error) {
	t.Helper()
	var seen error
	p := newStage(t, chaincode(func(s shim.ChaincodeStubInterface) *shim.Response {
		seen = f(s)
		return shim.Success(nil)
	}), changes...).newPair()
	p.runPlain(tx{})
	plain = seen
	p.runPrivate(tx{})
	return plain, seen
}

func unsupported(f func(shim.ChaincodeStubInterface) error) func(*testing.T) {
	return func(t *testing.T) {
		_, private := during(t, f)
		each(private, func(err error) {
			if !errors.Is(err, shim.ErrUnsupported) {
				t.Errorf("private: got %v, want an error that is ErrUnsupported", err)
			}
		})
	}
}

// refused is for what the ledger in memory, like a peer with LevelDB, takes.
func refused(want protocol.Code, f func(shim.ChaincodeStubInterface) error) func(*testing.T) {
	return func(t *testing.T) {
		plain, private := during(t, f)
		each(plain, func(err error) {
			if err != nil {
				t.Errorf("plain: got %v, want no error", err)
			}
		})
		each(private, func(err error) {
			if protocol.CodeOf(err) != want {
				t.Errorf("private: got %v, want code %s", err, want)
			}
		})
	}
}

// A chaincode cannot go on after its host failed a read: its host could choose
// what it does.
func failedReads(t *testing.T) {
	s := newStage(t, chaincode(func(s shim.ChaincodeStubInterface) *shim.Response {
		_, _ = s.GetState("k")
		return shim.Success(nil)
	}))
	host := enclavetest.NewHost()
	host.Lie = func(*fpc.StateRequest, *fpc.StateResponse) error { return errors.New("disk on fire") }
	if a := s.world.Ask(s.clients[0]).MustSend(host); a.Result || !strings.Contains(a.Clear.GetMessage(), "disk on fire") {
		t.Errorf("got a result %v, %v; want the failure although the chaincode ignored it", a.Result, a.Clear)
	}
}

func sizes(t *testing.T) {
	put := func(s shim.ChaincodeStubInterface) error { return s.PutState("k", make([]byte, 2000)) }
	plain, private := during(t, put, func(c *enclave.Config) { c.Limits.MaxResult = 1000 })
	if plain != nil || protocol.CodeOf(private) != protocol.CodeTooLarge {
		t.Errorf("2000 bytes where 1000 are allowed: got plain %v, private %v, want %s", plain, private, protocol.CodeTooLarge)
	}
}

// The transaction that commits has another id than the invocation.
func transactionID(t *testing.T) {
	var seen string
	s := newStage(t, chaincode(func(s shim.ChaincodeStubInterface) *shim.Response {
		seen = s.GetTxID()
		return shim.Success([]byte(s.GetTxID()))
	}))
	p := s.newPair()
	if r := p.plain.Submit(shimtest.Tx{}); r.TxID != seen {
		t.Errorf("plain: committed as %s, seen %s", r.TxID, seen)
	}
	a := s.world.Ask(s.clients[0]).MustSend(enclavetest.NewHost())
	r := p.private.Submit(shimtest.Tx{Creator: s.clients[0].Creator(), Args: [][]byte{a.Raw}})
	if !r.OK() || r.TxID == seen || seen != a.Response.GetTxId() {
		t.Errorf("private: committed as %s (%v), seen %s, signed %s; want seen as signed, committed under another", r.TxID, r.Response, seen, a.Response.GetTxId())
	}
}
