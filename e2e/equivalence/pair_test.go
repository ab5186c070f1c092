// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package equivalence

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/shimtest"
	"github.com/privatechaincode/fpc/stub/validation"
)

// stage is an enclave with a chaincode, and the same chaincode plain.
type stage struct {
	world   *enclavetest.World
	sek     keys.StateKey
	blinded bool
	code    shim.Chaincode
	clients []*fpctest.Member
}

func newStage(t testing.TB, code shim.Chaincode, changes ...func(*enclave.Config)) *stage {
	t.Helper()
	s := &stage{code: code}
	changes = append(changes, func(c *enclave.Config) { s.blinded = c.BlindedKeys })
	s.world = enclavetest.New(t).Start(code, changes...)
	s.sek = s.world.StateKey()
	s.clients = []*fpctest.Member{s.world.Org1.Client("alice"), s.world.Org2.Client("bob")}
	return s
}

// pair is the chaincode on two ledgers of its own, once plain, once private.
type pair struct {
	*stage
	plain, private *shimtest.Chaincode
}

func (s *stage) newPair() *pair {
	p := &pair{stage: s}
	p.plain = shimtest.NewChannel(s.world.ChannelID).Deploy(s.world.ChaincodeID, s.code)
	p.private = shimtest.NewChannel(s.world.ChannelID).Deploy(s.world.ChaincodeID, validator{s.world})
	return p
}

// validator is what a peer's stub does with validateEnclaveEndorsement.
type validator struct{ world *enclavetest.World }

func (validator) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

func (v validator) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	if err := v.replay(stub); err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(nil)
}

func (v validator) replay(stub shim.ChaincodeStubInterface) error {
	state, ok := stub.(validation.State)
	if !ok {
		return errors.New("no raw ranges")
	}
	claim, err := validation.Parse(stub.GetArgs()[0])
	if err != nil {
		return err
	}
	creator, err := stub.GetCreator()
	if err != nil {
		return err
	}
	endorsement, err := new(validation.Known).Verify(claim, validation.Outer{ChannelID: stub.GetChannelID(), Chaincode: v.world.ChaincodeID, Creator: creator}, v.world.View)
	if err != nil {
		return err
	}
	return endorsement.Replay(state)
}

// access is an honest host's way to the state, a few rows at a time.
type access struct {
	*shimtest.Stub
	open map[string]shim.StateQueryIteratorInterface
}

// batch is how many rows one answer holds.
const batch = 3

func (a *access) Access(_ context.Context, req *fpc.StateRequest) (*fpc.StateResponse, error) {
	switch r := req.GetRequest().(type) {
	case *fpc.StateRequest_Get:
		values, err := a.GetMultipleStates(r.Get.GetKeys()...)
		return &fpc.StateResponse{Values: values}, err
	case *fpc.StateRequest_OpenRange:
		rows, err := a.GetRawStateByRange(r.OpenRange.GetStart(), r.OpenRange.GetEnd())
		if err != nil {
			return nil, err
		}
		id := strconv.Itoa(len(a.open))
		a.open[id] = rows
		return a.next(id)
	case *fpc.StateRequest_NextRows:
		return a.next(r.NextRows.GetId())
	case *fpc.StateRequest_CloseRange:
		return &fpc.StateResponse{}, a.open[r.CloseRange.GetId()].Close()
	case *fpc.StateRequest_GetMetadata:
		policy, err := a.GetStateValidationParameter(r.GetMetadata.GetKey())
		return &fpc.StateResponse{Metadata: policy}, err
	}
	return nil, fmt.Errorf("access of unknown kind %T", req.GetRequest())
}

func (a *access) next(id string) (*fpc.StateResponse, error) {
	resp := &fpc.StateResponse{Id: id}
	for rows := a.open[id]; rows.HasNext() && len(resp.Rows) < batch; {
		row, err := rows.Next()
		if err != nil {
			return nil, err
		}
		resp.Rows = append(resp.Rows, &fpc.Row{Key: row.GetKey(), Value: row.GetValue()})
	}
	resp.HasMore = a.open[id].HasNext()
	return resp, nil
}

// tx is one invocation.
type tx struct {
	client    int
	args      []string
	transient map[string][]byte
}

// outcome is what a client has of an invocation, its event in clear.
type outcome struct {
	Status  int32
	Message string
	Payload string
	Event   string
}

// stampedAt is the timestamp of all proposals.
var stampedAt = time.Unix(1_700_000_000, 0)

// runPlain simulates an invocation; commit says whether it took effect.
func (p *pair) runPlain(x tx) (out outcome, commit func() bool) {
	simulation := p.plain.Simulate(shimtest.Tx{
		Creator: p.clients[x.client].Creator(), Args: shimtest.Args(x.args...), Transient: x.transient, Timestamp: stampedAt,
	})
	out = outcome{Status: simulation.Response.GetStatus(), Message: simulation.Response.GetMessage(), Payload: string(simulation.Response.GetPayload())}
	if e := simulation.Event; e != nil {
		out.Event = fmt.Sprintf("%s %q", e.GetEventName(), e.GetPayload())
	}
	return out, func() bool { return simulation.Commit() == nil }
}

// runPrivate has the enclave run an invocation; commit has its answer replayed.
func (p *pair) runPrivate(x tx) (out outcome, commit func() bool) {
	t := p.world.T
	t.Helper()
	creator := p.clients[x.client]
	host := &access{p.private.NewStub(shimtest.Tx{Creator: creator.Creator()}), map[string]shim.StateQueryIteratorInterface{}}
	a := p.world.AskWith(creator, &fpc.ClearRequest{Args: enclavetest.Args(x.args...), Transient: x.transient}).MustSend(host)
	out = outcome{Status: a.Clear.GetStatus(), Message: withoutCode(a.Clear.GetMessage()), Payload: withoutCode(string(a.Clear.GetPayload()))}
	if a.Response.GetEvent() != nil {
		out.Event = p.openEvent(a.Response)
	}
	return out, func() bool {
		if !a.Result {
			return false
		}
		result := p.private.Submit(shimtest.Tx{Creator: creator.Creator(), Args: [][]byte{a.Raw}})
		if got, want := result.Event.GetPayload(), a.Response.GetEvent().GetPayload(); result.OK() && string(got) != string(want) {
			t.Errorf("the event of the committed transaction: got %x, want the enclave's %x", got, want)
		}
		if result.OK() {
			return true
		}
		why, ok := protocol.ParseError(result.Response.GetMessage())
		if !ok || (why.Code != protocol.CodeStaleRead && why.Code != protocol.CodeAlteredRange) {
			t.Errorf("replay refused with %q, want a conflict", result.Response.GetMessage())
		}
		return false
	}
}

// code is how steps and codes of private errors stand before what plain ones say
// too.
var code = regexp.MustCompile(`[A-Z]+-[0-9]+[a-z]? \[[a-z_]+\] `)

func withoutCode(text string) string { return code.ReplaceAllString(text, "") }

func (p *pair) openEvent(m *fpc.EnclaveResponse) string {
	t := p.world.T
	t.Helper()
	txID, err := keys.ParseTxID(m.GetTxId())
	if err != nil {
		t.Fatal(err)
	}
	payload, err := p.sek.OpenEvent(keys.EventBinding{
		ChannelHash: p.world.ChannelHash, ChaincodeID: p.world.ChaincodeID, Generation: 1, Name: m.GetEvent().GetName(),
		TxID: txID, RequestHash: [32]byte(m.GetRequestHash()), Exec: keys.Exec(m.GetExec()),
	}, m.GetEvent().GetPayload())
	if err != nil {
		t.Fatalf("open the event: %v", err)
	}
	return fmt.Sprintf("%s %q", m.GetEvent().GetName(), payload)
}

// effects is a state in clear: values and key-level policies.
func effects(cc *shimtest.Chaincode, clear func(key string, value []byte) string) map[string]string {
	all := make(map[string]string)
	stub := cc.NewStub(shimtest.Tx{})
	for _, key := range cc.Keys() {
		if protocol.IsReservedKey(key) {
			continue
		}
		policy, _ := stub.GetStateValidationParameter(key)
		all[key] = fmt.Sprintf("%q under %x", clear(key, cc.Get(key)), policy)
	}
	return all
}

// wantSameState compares what stands on both ledgers, sealed values opened.
func (p *pair) wantSameState(t interface{ Fatalf(string, ...any) }) {
	names := make(map[string]string) // a key on the private ledger, and in clear
	want := effects(p.plain, func(_ string, value []byte) string { return string(value) })
	for _, key := range slices.Sorted(maps.Keys(want)) {
		names[p.at(key)] = key
	}
	got := make(map[string]string)
	for at, effect := range effects(p.private, func(at string, sealed []byte) string { return p.open(names[at], sealed) }) {
		got[names[at]] = effect
	}
	if !maps.Equal(got, want) {
		t.Fatalf("state:\nplain   %v\nprivate %v", want, got)
	}
}

// at is where a key stands on the private ledger.
func (p *pair) at(key string) string {
	if !p.blinded {
		return key
	}
	at, err := p.sek.BlindKey(keys.KeyBinding{ChannelHash: p.world.ChannelHash, ChaincodeID: p.world.ChaincodeID, Generation: 1, Key: key})
	if err != nil {
		p.world.T.Fatal(err)
	}
	return at
}

func (p *pair) open(key string, sealed []byte) string {
	plain, header, err := p.sek.OpenValue(keys.ValueBinding{ChannelHash: p.world.ChannelHash, ChaincodeID: p.world.ChaincodeID, Key: key}, sealed)
	if err != nil || header.Generation != 1 || header.TxID == (keys.TxID{}) {
		return fmt.Sprintf("does not open: %v", err)
	}
	return string(plain)
}
