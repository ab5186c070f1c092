// SPDX-License-Identifier: Apache-2.0

// Package shimtest is a ledger in memory for tests of chaincodes. It keeps
// Fabric's rules: writes are not read back, ranges see the committed state, a
// transaction that read a page does not write, conflicts show at commit.
//
//	channel := shimtest.NewChannel("mychannel")
//	auction := channel.Deploy("auction", new(Auction))
//	result := auction.Submit(shimtest.Tx{Creator: alice, Args: shimtest.Args("bid", "a1", "100")})
package shimtest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/privatechaincode/fpc/shim"
)

// ErrConflict is returned by Commit when another transaction changed what this
// one had read (Fabric's MVCC and phantom conflicts).
var ErrConflict = errors.New("read conflict")

// Channel holds chaincodes and their state.
type Channel struct {
	name string

	mu         sync.Mutex
	chaincodes map[string]*Chaincode
	height     uint64
	nonce      uint64
}

// Chaincode is a chaincode on a channel.
type Chaincode struct {
	Name    string
	channel *Channel
	code    shim.Chaincode
	// by collection; "" holds the chaincode's own keys
	state   map[string]map[string]entry
	history map[string][]*shim.KeyModification
}

type entry struct {
	value   []byte
	policy  []byte
	version uint64
}

// Tx is what a client sends. The zero value of a field is a sensible default.
type Tx struct {
	Creator     []byte // serialized identity; see Client
	Args        [][]byte
	Transient   map[string][]byte
	Decorations map[string][]byte
	Timestamp   time.Time // default: a fixed day, a second later per transaction
	Init        bool      // calls Init instead of Invoke
}

// Result is what came out of a transaction.
type Result struct {
	TxID     string
	Response *shim.Response
	Event    *shim.ChaincodeEvent // nil: none, or the chaincode failed
}

// OK tells whether a peer would endorse the response.
func (r Result) OK() bool { return r.Response.GetStatus() < shim.ERRORTHRESHOLD }

// Args makes arguments of strings.
func Args(args ...string) [][]byte {
	out := make([][]byte, len(args))
	for i, a := range args {
		out[i] = []byte(a)
	}
	return out
}

// NewChannel makes a channel with no chaincode.
func NewChannel(name string) *Channel {
	return &Channel{name: name, chaincodes: make(map[string]*Chaincode)}
}

// Deploy puts a chaincode on the channel, with empty state.
func (c *Channel) Deploy(name string, code shim.Chaincode) *Chaincode {
	c.mu.Lock()
	defer c.mu.Unlock()
	cc := &Chaincode{
		Name: name, channel: c, code: code,
		state:   map[string]map[string]entry{public: {}},
		history: make(map[string][]*shim.KeyModification),
	}
	c.chaincodes[name] = cc
	return cc
}

// Put sets a committed value, as a transaction of its own.
func (cc *Chaincode) Put(key string, value []byte) {
	cc.channel.mu.Lock()
	defer cc.channel.mu.Unlock()
	cc.channel.height++
	cc.apply(write{key: key, value: value}, "", nil)
}

// Get returns a committed value, nil if there is none.
func (cc *Chaincode) Get(key string) []byte {
	cc.channel.mu.Lock()
	defer cc.channel.mu.Unlock()
	return slices.Clone(cc.state[public][key].value)
}

// State returns a copy of the committed state.
func (cc *Chaincode) State() map[string]string {
	all := make(map[string]string)
	for _, key := range cc.Keys() {
		all[key] = string(cc.Get(key))
	}
	return all
}

// Keys returns the committed keys, sorted, composite ones first.
func (cc *Chaincode) Keys() []string {
	cc.channel.mu.Lock()
	defer cc.channel.mu.Unlock()
	return sortedKeys(cc.state[public], "", "")
}

// Evaluate runs the chaincode and commits nothing.
func (cc *Chaincode) Evaluate(tx Tx) Result { return cc.Simulate(tx).Result }

// Submit runs the chaincode and commits what it wrote, unless it failed.
func (cc *Chaincode) Submit(tx Tx) Result {
	s := cc.Simulate(tx)
	if !s.OK() {
		return s.Result
	}
	if err := s.Commit(); err != nil {
		return Result{TxID: s.TxID, Response: shim.Error(err.Error())}
	}
	return s.Result
}

// Simulate runs the chaincode; what it wrote can be committed later, or never.
func (cc *Chaincode) Simulate(tx Tx) *Simulation {
	stub := cc.NewStub(tx)
	response := stub.run(cc.code, tx.Init)
	result := Result{TxID: stub.GetTxID(), Response: response}
	if result.OK() {
		result.Event = stub.event
	}
	return &Simulation{Result: result, sim: stub.sim, channel: cc.channel}
}

// Simulation is a transaction that has run.
type Simulation struct {
	Result
	sim     *simulation
	channel *Channel
}

// Commit applies the writes. It fails with ErrConflict if what was read has
// changed since, and for a chaincode that failed.
func (s *Simulation) Commit() error {
	if !s.OK() {
		return fmt.Errorf("the chaincode failed with status %d: not endorsed", s.Response.GetStatus())
	}
	s.channel.mu.Lock()
	defer s.channel.mu.Unlock()
	if err := s.sim.check(); err != nil {
		return err
	}
	s.channel.height++
	for _, w := range s.sim.effective() {
		w.chaincode.apply(w, s.TxID, timestamppb.New(s.sim.timestamp))
	}
	return nil
}

// apply is called with the channel locked.
func (cc *Chaincode) apply(w write, txID string, at *timestamppb.Timestamp) {
	state := cc.state[w.collection]
	if state == nil {
		state = make(map[string]entry)
		cc.state[w.collection] = state
	}
	old, exists := state[w.key]
	switch {
	case w.policyOnly && !exists:
		return
	case w.policyOnly:
		old.policy = w.value
		old.version = cc.channel.height
		state[w.key] = old
		return
	case len(w.value) == 0: // on the wire, an empty value is a deletion
		delete(state, w.key)
	default:
		state[w.key] = entry{value: slices.Clone(w.value), policy: old.policy, version: cc.channel.height}
	}
	if w.collection == public {
		cc.history[w.key] = append(cc.history[w.key], &shim.KeyModification{
			TxId: txID, Value: slices.Clone(w.value), Timestamp: at, IsDelete: len(w.value) == 0,
		})
	}
}
