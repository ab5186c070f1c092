// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/peer"
)

func TestRegistersUnderItsPackageID(t *testing.T) {
	p := connect(t, script(func(shim.ChaincodeStubInterface) error { return nil }), nil)
	if p.registered != ccid {
		t.Errorf("registered as %q, want %q", p.registered, ccid)
	}
}

// TestConcurrency: transactions interleave, each with its own goroutines, and
// the peer never sees two requests of one at a time (the fake peer checks).
func TestConcurrency(t *testing.T) {
	const transactions, readers = 40, 5
	var inside sync.WaitGroup
	inside.Add(transactions)
	p := connect(t, script(func(stub shim.ChaincodeStubInterface) error {
		inside.Done()
		inside.Wait() // all are under way at the same time
		key := string(stub.GetArgs()[0])
		failures := make([]error, readers)
		var reading sync.WaitGroup
		for i := range readers {
			reading.Go(func() { failures[i] = wantValue(key, "value of "+key)(stub.GetState(key)) })
		}
		reading.Wait()
		return errors.Join(append(failures, stub.PutState("out"+key, []byte(key)))...)
	}), nil)
	p.mu.Lock()
	for i := range transactions {
		p.state[fmt.Sprint(i)] = "value of " + fmt.Sprint(i)
	}
	p.mu.Unlock()
	var done []chan *message
	for i := range transactions {
		done = append(done, p.start(p.invoke(fmt.Sprint("tx", i), fmt.Sprint(i))))
	}
	for i, d := range done {
		if r := response(t, p.result(d)); r.GetStatus() != shim.OK {
			t.Errorf("transaction %d: %s", i, r.GetMessage())
		}
	}
	if got := p.count(pb.ChaincodeMessage_PUT_STATE); got != transactions {
		t.Errorf("%d writes, want %d", got, transactions)
	}
}

func TestBadTransactionsAreAnswered(t *testing.T) {
	behave := map[string]func(shim.ChaincodeStubInterface) *shim.Response{
		"panic":     func(shim.ChaincodeStubInterface) *shim.Response { panic("secret inside") },
		"nothing":   func(shim.ChaincodeStubInterface) *shim.Response { return nil },
		"error":     func(shim.ChaincodeStubInterface) *shim.Response { return shim.Error("no") },
		"forbidden": func(shim.ChaincodeStubInterface) *shim.Response { return &shim.Response{Status: 403, Message: "no"} },
	}
	p := connect(t, chaincode(func(stub shim.ChaincodeStubInterface) *shim.Response {
		_ = stub.SetEvent("never", nil)
		return behave[string(stub.GetArgs()[0])](stub)
	}), nil)
	notAProposal := p.invoke("tx", "error")
	notAProposal.Proposal = &pb.SignedProposal{ProposalBytes: []byte{0xff}}
	badInput := p.invoke("tx")
	badInput.Payload = []byte{0xff}
	failedInit, refusedInit := p.invoke("tx", "error"), p.invoke("tx", "forbidden")
	failedInit.Type, refusedInit.Type = pb.ChaincodeMessage_INIT, pb.ChaincodeMessage_INIT
	for _, test := range []struct {
		name    string
		send    *message
		want    pb.ChaincodeMessage_Type
		status  int32
		message string
	}{
		{"panic", p.invoke("tx", "panic"), pb.ChaincodeMessage_COMPLETED, 500, "the chaincode panicked; its log tells where"},
		{"application error", p.invoke("tx", "error"), pb.ChaincodeMessage_COMPLETED, 500, "no"},
		{"other status", p.invoke("tx", "forbidden"), pb.ChaincodeMessage_COMPLETED, 403, "no"},
		{"no response", p.invoke("tx", "nothing"), pb.ChaincodeMessage_ERROR, 0, "the chaincode returned no response"},
		{"input does not decode", badInput, pb.ChaincodeMessage_ERROR, 0, "chaincode input"},
		{"proposal does not decode", notAProposal, pb.ChaincodeMessage_ERROR, 0, "signed proposal"},
		{"failed Init", failedInit, pb.ChaincodeMessage_ERROR, 0, "no"},
		{"refused Init", refusedInit, pb.ChaincodeMessage_COMPLETED, 403, "no"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := p.transact(test.send)
			text, status := string(got.GetPayload()), int32(0)
			if got.GetType() == pb.ChaincodeMessage_COMPLETED {
				r := response(t, got)
				text, status = r.GetMessage(), r.GetStatus()
			}
			if got.GetType() != test.want || status != test.status || !strings.HasPrefix(text, test.message) {
				t.Errorf("got %s, status %d, %q, want %s, %d, %q", got.GetType(), status, text, test.want, test.status, test.message)
			}
			if got.GetChaincodeEvent() != nil {
				t.Errorf("event %v of a failed transaction", got.GetChaincodeEvent())
			}
		})
	}
}

func TestKeepaliveIsEchoed(t *testing.T) {
	p := connect(t, script(func(shim.ChaincodeStubInterface) error { return nil }), nil)
	p.send(&message{Type: pb.ChaincodeMessage_KEEPALIVE})
	select {
	case <-p.echoes:
	case <-time.After(time.Minute):
		t.Error("no echo")
	}
}

func TestUnexpectedMessagesEndTheStream(t *testing.T) {
	for _, kind := range []pb.ChaincodeMessage_Type{pb.ChaincodeMessage_REGISTERED, pb.ChaincodeMessage_GET_STATE, 99} {
		p := connect(t, script(func(shim.ChaincodeStubInterface) error { return nil }), nil)
		p.send(&message{Type: kind})
		select {
		case err := <-p.ended:
			if !strings.Contains(err.Error(), "want TRANSACTION") {
				t.Errorf("after %s the stream ended with %v, want a protocol error", kind, err)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s did not end the stream", kind)
		}
	}
}

// TestAnswersNobodyAskedFor are dropped; the stream lives on.
func TestAnswersNobodyAskedFor(t *testing.T) {
	p := connect(t, script(func(stub shim.ChaincodeStubInterface) error {
		return wantValue("GetState", "v")(stub.GetState("k"))
	}), nil)
	p.state["k"] = "v"
	for _, kind := range []pb.ChaincodeMessage_Type{pb.ChaincodeMessage_RESPONSE, pb.ChaincodeMessage_ERROR} {
		p.send(&message{Type: kind, Txid: "tx1", ChannelId: "mychannel", Payload: []byte("forged")})
	}
	if r := response(t, p.transact(p.invoke("tx1"))); r.GetStatus() != shim.OK {
		t.Error(r.GetMessage())
	}
}

// TestStartedAnew: a peer that gave a transaction up may start it anew while
// the old run is still here. The old run's requests end; the answer under way
// does not become the answer to the new run.
func TestStartedAnew(t *testing.T) {
	first := make(chan error, 1)
	anew := make(chan struct{})
	p := newFakePeer(t)
	p.asked, p.hold = make(chan *message, 10), make(chan struct{})
	p.state["one"], p.state["two"] = "1", "2"
	cc := script(func(stub shim.ChaincodeStubInterface) error {
		if string(stub.GetArgs()[0]) == "first" {
			_, _ = stub.GetState("one")
			<-stub.(shim.ContextStub).Context().Done()
			first <- stub.PutState("x", nil)
			return nil
		}
		close(anew)
		return wantValue("GetState", "2")(stub.GetState("two"))
	})
	if err := serve(t, cc, peer.ServerConfig{}).dial(t, p); err != nil {
		t.Fatal(err)
	}
	p.start(p.invoke("tx1", "first"))
	<-p.asked // the first run has asked; its answer is held back
	second := p.start(p.invoke("tx1", "second"))
	<-anew
	close(p.hold)
	if r := response(t, p.result(second)); r.GetStatus() != shim.OK {
		t.Error(r.GetMessage())
	}
	if err := <-first; !errors.Is(err, peer.ErrEnded) {
		t.Errorf("write of the first run: %v, want %v", err, peer.ErrEnded)
	}
	if n := p.count(pb.ChaincodeMessage_PUT_STATE); n != 0 {
		t.Errorf("the peer got %d writes of the first run", n)
	}
}

func TestStubEndsWithItsTransaction(t *testing.T) {
	var kept shim.ChaincodeStubInterface
	p := connect(t, script(func(stub shim.ChaincodeStubInterface) error {
		kept = stub
		return nil
	}), nil)
	response(t, p.transact(p.invoke("tx1")))
	if _, err := kept.GetState("k"); !errors.Is(err, peer.ErrEnded) {
		t.Errorf("GetState after the end: %v, want %v", err, peer.ErrEnded)
	}
}

func TestTooLargeMessages(t *testing.T) {
	p := newFakePeer(t)
	cc := chaincode(func(stub shim.ChaincodeStubInterface) *shim.Response {
		large := make([]byte, 5000)
		var tooLarge *peer.TooLargeError
		if err := stub.PutState("k", large); !errors.As(err, &tooLarge) {
			return shim.Error(fmt.Sprintf("PutState: %v, want a *TooLargeError", err))
		}
		if _, err := stub.GetState("k"); err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(large)
	})
	if err := serve(t, cc, peer.ServerConfig{Options: peer.Options{MaxMessage: 4000}}).dial(t, p); err != nil {
		t.Fatal(err)
	}
	got := p.transact(p.invoke("tx1"))
	if text := string(got.GetPayload()); got.GetType() != pb.ChaincodeMessage_ERROR || !strings.Contains(text, "over the limit of 4000") {
		t.Errorf("got %s %.80q, want ERROR that names the limit", got.GetType(), text)
	}
}

func TestTooManyTransactions(t *testing.T) {
	leave := make(chan struct{})
	p := newFakePeer(t)
	cc := script(func(shim.ChaincodeStubInterface) error {
		<-leave
		return nil
	})
	if err := serve(t, cc, peer.ServerConfig{Options: peer.Options{MaxTransactions: 1}}).dial(t, p); err != nil {
		t.Fatal(err)
	}
	first := p.start(p.invoke("tx1"))
	if got := p.transact(p.invoke("tx2")); got.GetType() != pb.ChaincodeMessage_ERROR {
		t.Errorf("second transaction: %s, want ERROR", got.GetType())
	}
	close(leave)
	response(t, p.result(first))
}

// TestShutdown: a running transaction ends, a new one is refused, Serve returns.
func TestShutdown(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	p := newFakePeer(t)
	p.state["k"] = "v"
	s := serve(t, script(func(stub shim.ChaincodeStubInterface) error {
		if string(stub.GetArgs()[0]) == "short" {
			return nil
		}
		close(entered)
		<-leave
		return wantValue("GetState", "v")(stub.GetState("k"))
	}), peer.ServerConfig{Options: peer.Options{Grace: time.Hour}}) // which nothing waits out
	if err := s.dial(t, p); err != nil {
		t.Fatal(err)
	}
	running := p.start(p.invoke("tx1", "long"))
	<-entered
	s.stop()
	// The service notices ctx and messages in any order: ask until it refuses.
	for {
		got := p.transact(p.invoke("tx2", "short"))
		if text := string(got.GetPayload()); got.GetType() == pb.ChaincodeMessage_ERROR && strings.Contains(text, "shutting down") {
			break
		}
	}
	close(leave)
	if r := response(t, p.result(running)); r.GetStatus() != shim.OK {
		t.Errorf("running transaction: %s", r.GetMessage())
	}
	if err := s.wait(t); err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
}

func TestShutdownDoesNotWaitForEver(t *testing.T) {
	entered := make(chan struct{})
	p := newFakePeer(t)
	s := serve(t, script(func(stub shim.ChaincodeStubInterface) error {
		close(entered)
		<-stub.(shim.ContextStub).Context().Done()
		return context.Cause(stub.(shim.ContextStub).Context())
	}), peer.ServerConfig{Options: peer.Options{Grace: time.Millisecond}})
	if err := s.dial(t, p); err != nil {
		t.Fatal(err)
	}
	p.start(p.invoke("tx1"))
	<-entered
	s.stop()
	if err := s.wait(t); err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
}

// chaincode is a chaincode with the response of its own choice.
type chaincode func(shim.ChaincodeStubInterface) *shim.Response

func (c chaincode) Init(stub shim.ChaincodeStubInterface) *shim.Response   { return c(stub) }
func (c chaincode) Invoke(stub shim.ChaincodeStubInterface) *shim.Response { return c(stub) }
