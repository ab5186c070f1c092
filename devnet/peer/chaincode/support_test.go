// SPDX-License-Identifier: Apache-2.0

package chaincode_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/devnet/peer"
	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

// stage is one peer with one chaincode, "kv", and one client.
type stage struct {
	*peertest.Network
	node   *peertest.Node
	client *fpctest.Member
}

func newStage(t *testing.T, cc shim.Chaincode, options ...peertest.Option) *stage {
	t.Helper()
	n := peertest.Start(t, 1, options...)
	n.Deploy(t, peertest.Definition{Name: "kv"}, cc)
	return &stage{n, n.Nodes[0], n.Orgs[0].Client()}
}

// ask runs a script and returns its payload, or the refusal's text.
func (s *stage) ask(t *testing.T, script ...string) string {
	t.Helper()
	r := s.node.Call(t, s.client, peertest.Run("kv", script...))
	if status := r.GetResponse().GetStatus(); status != 200 {
		return fmt.Sprintf("%d %s", status, r.Response.Message)
	}
	return string(r.Response.Payload)
}

func (s *stage) do(t *testing.T, script ...string) {
	t.Helper()
	s.MustSubmit(t, s.client, peertest.Run("kv", script...), s.node)
}

// fill writes the keys prefix000, prefix001, …
func (s *stage) fill(t *testing.T, prefix string, count int) []string {
	t.Helper()
	var script, keys []string
	for i := range count {
		keys = append(keys, fmt.Sprintf("%s%03d", prefix, i))
		script = append(script, fmt.Sprintf("put %s%03d %d", prefix, i, i))
	}
	s.do(t, script...)
	return keys
}

func TestState(t *testing.T) {
	s := newStage(t, peertest.Script)
	s.do(t, "put a 1", "put b 2")
	s.do(t, "del b", "put c 3")
	for _, c := range []struct{ name, script, want string }{
		{"present", "get a", "<1>"},
		{"absent", "get z", "<>"},
		{"deleted", "get b", "<>"},
		{"several, absent ones empty", "multi a b c z", `["1" "" "3" ""]`},
		{"an empty value deletes", "put a .", ""},
		{"nobody owns a key", "owner a", "nobody"},
		{"rich query", "query", "500 query: GET_QUERY_RESULT failed: transaction ID: "},
		{"private data", "private", "500 private: PUT_STATE failed: transaction ID: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.ask(t, c.script); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q…", got, c.want)
			}
		})
	}
	s.do(t, "put a .")
	if got, want := s.ask(t, "get a"), "<>"; got != want {
		t.Errorf("after writing an empty value: got %q, want %q", got, want)
	}
	if got, want := s.ask(t, "query"), "ExecuteQuery not supported for leveldb"; !strings.HasSuffix(got, want) {
		t.Errorf("rich query: got %q, want …%q", got, want)
	}
}

func TestOwnWritesAreNotReadBack(t *testing.T) {
	s := newStage(t, peertest.Script)
	s.do(t, "put a 1")
	if got, want := s.ask(t, "put a 2", "put b 2", "get a", "get b", "range a z", "own a OR('Org1MSP.peer')", "owner a"), "<1>\n<>\na\nnobody"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Ranges longer than one message, and what of them a transaction depends on.
func TestRanges(t *testing.T) {
	s := newStage(t, peertest.Script)
	keys := s.fill(t, "k", 250)
	if got, want := s.ask(t, "range k l"), strings.Join(keys, " "); got != want {
		t.Errorf("250 rows: got %q", got)
	}
	if got, want := s.ask(t, "range k010 k013", "range x y", "range k249 ."), "k010 k011 k012\nk249"; got != want {
		t.Errorf("bounds: got %q, want %q", got, want)
	}
	for _, c := range []struct {
		name, script, between string
		want                  pb.TxValidationCode
	}{
		{"row added behind what was read", "part k l 3", "put k200x 1", pb.TxValidationCode_VALID},
		{"row added in what was read", "part k l 3", "put k001x 1", pb.TxValidationCode_PHANTOM_READ_CONFLICT},
		{"row removed from a long range", "range k l", "del k150", pb.TxValidationCode_PHANTOM_READ_CONFLICT},
		{"row changed in a long range", "range k l", "put k151 9", pb.TxValidationCode_PHANTOM_READ_CONFLICT},
		{"row added after the end", "range k l", "put l 1", pb.TxValidationCode_VALID},
		{"row added to an empty range", "range x y", "put xx 1", pb.TxValidationCode_PHANTOM_READ_CONFLICT},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := peertest.Propose(t, s.client, peertest.Run("kv", c.script, "put out 1")).Endorse(t, s.node)
			s.do(t, c.between)
			if got := s.Order(tx)[0]; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestPages(t *testing.T) {
	s := newStage(t, peertest.Script)
	s.fill(t, "k", 5)
	for _, c := range []struct{ script, want string }{
		{"page k l 2", `k000 k001 (2, next "k002")`},
		{"page k l 2 k002", `k002 k003 (2, next "k004")`},
		{"page k l 2 k004", `k004 (1, next "")`},
		{"page k l 5", `k000 k001 k002 k003 k004 (5, next "")`},
		{"page x y 5", ` (0, next "")`},
	} {
		if got := s.ask(t, c.script); got != c.want {
			t.Errorf("%s: got %q, want %q", c.script, got, c.want)
		}
	}
	if got, want := s.ask(t, "page k l 2", "put a 1"), "Writes are not allowed"; !strings.HasSuffix(got, want) {
		t.Errorf("a write after a page: got %q, want …%q", got, want)
	}
	if got, want := s.ask(t, "put a 1", "page k l 2"), "supported only in a read-only transaction"; !strings.HasSuffix(got, want) {
		t.Errorf("a page after a write: got %q, want …%q", got, want)
	}
}

// A 2.5 peer offers no batches, a 3.x peer does; the outcome is the same.
func TestBatches(t *testing.T) {
	for _, c := range []struct {
		name   string
		params *pb.ChaincodeAdditionalParams
	}{
		{"offered", nil},
		{"not offered", &pb.ChaincodeAdditionalParams{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, peertest.Script, func(cfg *peer.Config) { cfg.Params = c.params })
			s.do(t, "batch a b c", "put d d")
			if got, want := s.ask(t, "multi a b c d e"), `["a" "b" "c" "d" ""]`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestHistory(t *testing.T) {
	s := newStage(t, peertest.Script)
	s.do(t, "put a 1", "put b x")
	s.do(t, "put a 2")
	s.do(t, "del a")
	stale := peertest.Propose(t, s.client, peertest.Run("kv", "get b", "put a lost")).Endorse(t, s.node)
	s.do(t, "put b y")
	if got := s.Order(stale)[0]; got != pb.TxValidationCode_MVCC_READ_CONFLICT {
		t.Fatalf("stale transaction: got %s", got)
	}
	if got, want := s.ask(t, "history a"), "/true 2/false 1/false"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := s.ask(t, "history never"), ""; got != want {
		t.Errorf("a key without history: got %q, want %q", got, want)
	}
}

// Two chaincodes on one channel share the transaction; each keeps its namespace.
func TestCallsBetweenChaincodes(t *testing.T) {
	s := newStage(t, peertest.Script)
	s.Deploy(t, peertest.Definition{Name: "other"}, peertest.Script)
	s.do(t, "put a mine")
	s.MustSubmit(t, s.client, peertest.Run("other", "put a theirs"), s.node)
	s.do(t, "call other put b 1", "put b 2")
	for _, c := range []struct{ script, want string }{
		{"call other get a", "200 <theirs>"},
		{"call other:7.0/mychannel get b", "200 <1>"},
		{"get b", "<2>"},
		{"call other answer 404 none", "404 none"},
		{"call other answer 300 fine", "300 fine"},
	} {
		if got := s.ask(t, c.script); got != c.want {
			t.Errorf("%s: got %q, want %q", c.script, got, c.want)
		}
	}
	for _, c := range []struct{ script, want string }{
		{"call nothing get a", "chaincode nothing not found"},
		{"call kv get a", "exists"},
		{"call other call kv get a", "exists"},
		{"call other@elsewhere get a", "elsewhere"},
		{"call qscc GetChainInfo", "Rejecting invoke of QSCC from another chaincode because of potential for deadlocks, original invocation for 'kv'"},
		{"call cscc GetChannels", "Rejecting invoke of CSCC from another chaincode, original invocation for 'kv'"},
	} {
		if got := s.ask(t, c.script); !strings.Contains(got, "500 ") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want 500 and …%q…", c.script, got, c.want)
		}
	}
}

// A chaincode asks `_lifecycle` for its definition, as the FPC stub does; what
// it read there is part of the transaction.
func TestChaincodeAsksForDefinitions(t *testing.T) {
	asked := peertest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		return stub.InvokeChaincode("_lifecycle", stub.GetArgs(), "")
	})
	s := newStage(t, asked)
	call := peertest.Lifecycle(t, "QueryChaincodeDefinition", queryDefinition("kv"))
	call.Chaincode = "kv"
	r := s.node.Call(t, s.client, call)
	if r.Response.Status != 200 {
		t.Fatalf("got %d %s", r.Response.Status, r.Response.Message)
	}
	set := readSet(t, r)
	if want := "namespaces/fields/kv/ValidationInfo"; !slices.Contains(set["_lifecycle"], want) {
		t.Errorf("reads of _lifecycle: got %v, want %s among them", set["_lifecycle"], want)
	}
}

func readSet(t *testing.T, r *pb.ProposalResponse) map[string][]string {
	t.Helper()
	raw := resultOf(t, r)
	set, err := rwset.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	reads := map[string][]string{}
	for _, ns := range set.Namespaces {
		for _, read := range ns.Reads {
			reads[ns.Name] = append(reads[ns.Name], read.Key)
		}
	}
	return reads
}

// Many transactions run in one process at a time, over one stream.
func TestConcurrentTransactions(t *testing.T) {
	const many = 40
	var arrived sync.WaitGroup
	arrived.Add(many)
	s := newStage(t, peertest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		arrived.Done()
		arrived.Wait() // all of them are in the chaincode at once
		value, err := stub.GetState(stub.GetTxID())
		if err != nil || value != nil {
			return shim.Error(fmt.Sprint(value, err))
		}
		return shim.Success([]byte(stub.GetTxID()))
	}))
	var wait sync.WaitGroup
	for range many {
		p := peertest.Propose(t, s.client, peertest.Run("kv", "f"))
		wait.Go(func() {
			r, err := s.node.Process(context.Background(), p)
			if err != nil || string(r.GetResponse().GetPayload()) != p.TxID {
				t.Errorf("got %v, %v, want %s", r, err, p.TxID)
			}
		})
	}
	wait.Wait()
}

func TestInitialization(t *testing.T) {
	s := newStage(t, peertest.Script)
	s.Deploy(t, peertest.Definition{Name: "strict", InitRequired: true}, peertest.Script)
	run := func(isInit bool, script ...string) string {
		call := peertest.Run("strict", script...)
		call.IsInit = isInit
		r := s.node.Call(t, s.client, call)
		return fmt.Sprintf("%d %s%s", r.Response.Status, r.Response.Message, r.Response.Payload)
	}
	init := peertest.Run("strict", "put a 1")
	init.IsInit = true
	if got, want := run(false, "get a"), "chaincode 'strict' has not been initialized for this version, must call as init first"; !strings.HasSuffix(got, want) {
		t.Errorf("before: got %q, want …%q", got, want)
	}
	s.MustSubmit(t, s.client, init, s.node)
	if got, want := run(false, "get a"), "200 <1>"; got != want {
		t.Errorf("after: got %q, want %q", got, want)
	}
	if got, want := run(true, "get a"), "chaincode 'strict' is already initialized but called as init"; !strings.HasSuffix(got, want) {
		t.Errorf("again: got %q, want …%q", got, want)
	}
	call := peertest.Run("kv", "get a")
	call.IsInit = true
	r := s.node.Call(t, s.client, call)
	if want := "chaincode 'kv' does not require initialization but called as init"; !strings.HasSuffix(r.Response.Message, want) {
		t.Errorf("not required: got %q, want …%q", r.Response.Message, want)
	}
}

// An execution that takes too long is given up; what the chaincode does later
// for it is refused, and the next transaction works.
func TestExecuteTimeout(t *testing.T) {
	late := make(chan error, 1)
	release := make(chan struct{})
	s := newStage(t, peertest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		if function, _ := stub.GetFunctionAndParameters(); function != "hang" {
			return peertest.Script(stub)
		}
		<-release
		_, err := stub.GetState("a")
		late <- err
		return shim.Success(nil)
	}), func(c *peer.Config) { c.ExecuteTimeout = time.Second })
	if got, want := s.ask(t, "hang"), "error sending: timeout expired while executing transaction"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want …%q", got, want)
	}
	close(release)
	if err := <-late; err == nil || !strings.Contains(err.Error(), "no ledger context") {
		t.Errorf("a late request: got %v, want no ledger context", err)
	}
	// On a machine that stands still the next one may be late too, but not for ever.
	var got string
	for range 20 {
		if got = s.ask(t, "get a"); !strings.Contains(got, "timeout expired") {
			break
		}
	}
	if want := "<>"; got != want {
		t.Errorf("the next transaction: got %q, want %q", got, want)
	}
}
