// SPDX-License-Identifier: Apache-2.0

package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/deliver"
	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// chain is a chain in memory whose access rule and configuration a test changes.
type chain struct {
	*devtest.Channel

	mu       sync.Mutex
	blocks   []*common.Block
	grown    chan struct{}
	sequence uint64
	closed   error // what Authorize answers
	halted   bool
	asked    []string // resources
}

func newChain(t *testing.T) *chain {
	c := devtest.NewChannel(t, "mychannel", 2, channel.DefaultBatch)
	return &chain{Channel: c, blocks: []*common.Block{c.Genesis}, grown: make(chan struct{})}
}

func (c *chain) add(t *testing.T, codes []peer.TxValidationCode, envelopes ...*common.Envelope) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.Next(t, c.blocks[len(c.blocks)-1].Header, envelopes...)
	if err := block.SetFilter(b, codes); err != nil {
		t.Fatal(err)
	}
	c.blocks = append(c.blocks, b)
	close(c.grown)
	c.grown = make(chan struct{})
}

func (c *chain) Height() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uint64(len(c.blocks))
}

func (c *chain) Block(n uint64) (*common.Block, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.blocks[n], nil
}

func (c *chain) WaitHeight(ctx context.Context, height uint64) error {
	for {
		c.mu.Lock()
		ready, halted, grown := uint64(len(c.blocks)) >= height, c.halted, c.grown
		c.mu.Unlock()
		if halted {
			return deliver.ErrUnavailable
		}
		if ready {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *chain) Sequence() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sequence
}

func (c *chain) Authorize(resource string, claim policy.SignedData) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, resource)
	if c.closed != nil {
		return c.closed
	}
	p, _ := c.Bundle.Policy(policy.ApplicationReaders)
	return p.Evaluate([]policy.SignedData{claim})
}

// change is a new configuration under which readers get the given answer.
func (c *chain) change(closed error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	c.closed = closed
}

// serve offers the chain over gRPC and returns a client of it.
func serve(t *testing.T, c *chain, s *deliver.Server) rpc.DeliverClient {
	t.Helper()
	s.Chain = func(id string) (deliver.Chain, bool) { return c, id == c.ID }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	rpc.RegisterDeliverServer(server, s)
	go server.Serve(l)
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return rpc.NewDeliverClient(conn)
}

func at(n uint64) *orderer.SeekPosition {
	return &orderer.SeekPosition{Type: &orderer.SeekPosition_Specified{Specified: &orderer.SeekSpecified{Number: n}}}
}

func seek(t *testing.T, c *chain, reader *fpctest.Member, info *orderer.SeekInfo) *common.Envelope {
	t.Helper()
	return devtest.Signed(t, common.HeaderType_DELIVER_SEEK_INFO, c.ID, info, reader)
}

// open begins a call and sends one request.
func open(t *testing.T, call func(context.Context, ...grpc.CallOption) (rpc.DeliverClientStream, error), env *common.Envelope) rpc.DeliverClientStream {
	t.Helper()
	stream, err := call(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(env); err != nil {
		t.Fatal(err)
	}
	return stream
}

// next reads one answer: a block's number, or a status.
func next(t *testing.T, stream rpc.DeliverClientStream) string {
	t.Helper()
	r, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	switch answer := r.Type.(type) {
	case *peer.DeliverResponse_Block:
		return fmt.Sprint(answer.Block.Header.Number)
	case *peer.DeliverResponse_FilteredBlock:
		return "filtered " + fmt.Sprint(answer.FilteredBlock.Number)
	default:
		return r.GetStatus().String()
	}
}

func expect(t *testing.T, stream rpc.DeliverClientStream, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := next(t, stream); got != w {
			t.Fatalf("got %q, want %q", got, w)
		}
	}
}

// A reader who is excluded while streaming gets no block after that.
func TestAccessIsJudgedAnewAfterAConfigurationChange(t *testing.T) {
	c := newChain(t)
	client := serve(t, c, &deliver.Server{})
	stream := open(t, client.Deliver, seek(t, c, c.Orgs[0].Client(), &orderer.SeekInfo{Start: at(0), Stop: at(9)}))
	expect(t, stream, "0")
	c.change(nil)
	c.add(t, nil)
	expect(t, stream, "1")
	c.change(errors.New("excluded"))
	c.add(t, nil)
	expect(t, stream, "FORBIDDEN")

	c.mu.Lock()
	defer c.mu.Unlock()
	if got, want := strings.Join(c.asked, " "), "event/Block event/Block event/Block"; got != want {
		t.Errorf("rules asked for: got %q, want %q", got, want)
	}
}

// A reader whose certificate expires while streaming gets no block after that.
func TestExpiryEndsAStream(t *testing.T) {
	c := newChain(t)
	reader := c.Orgs[0].Client()
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	client := serve(t, c, &deliver.Server{Now: clock})
	stream := open(t, client.Deliver, seek(t, c, reader, &orderer.SeekInfo{Start: at(0), Stop: at(9)}))
	expect(t, stream, "0")
	mu.Lock()
	now = reader.Cert.NotAfter.Add(time.Second)
	mu.Unlock()
	c.add(t, nil)
	expect(t, stream, "FORBIDDEN")
}

func TestWindow(t *testing.T) {
	c := newChain(t)
	client := serve(t, c, &deliver.Server{Window: time.Minute, Now: func() time.Time { return time.Now().Add(2 * time.Minute) }})
	stream := open(t, client.Deliver, seek(t, c, c.Orgs[0].Client(), &orderer.SeekInfo{Start: at(0), Stop: at(0)}))
	expect(t, stream, "BAD_REQUEST")
}

// Headers come without data, configuration blocks whole.
func TestHeaderWithSignature(t *testing.T) {
	c := newChain(t)
	c.add(t, []peer.TxValidationCode{0}, &common.Envelope{Payload: []byte("anything")})
	client := serve(t, c, &deliver.Server{})
	stream := open(t, client.Deliver, seek(t, c, c.Orgs[0].Client(), &orderer.SeekInfo{
		Start: at(0), Stop: at(1), ContentType: orderer.SeekInfo_HEADER_WITH_SIG,
	}))
	for n, want := range []*common.Block{c.Genesis, {Header: c.blocks[1].Header, Metadata: c.blocks[1].Metadata}} {
		r, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(r.GetBlock(), want) {
			t.Errorf("block %d: got %v, want %v", n, r.GetBlock(), want)
		}
	}
}

func TestHaltedChain(t *testing.T) {
	c := newChain(t)
	c.halted = true
	client := serve(t, c, &deliver.Server{})
	for _, x := range []struct {
		name string
		mode orderer.SeekInfo_SeekErrorResponse
		want []string
	}{
		{"strict", orderer.SeekInfo_STRICT, []string{"SERVICE_UNAVAILABLE"}},
		{"best effort", orderer.SeekInfo_BEST_EFFORT, []string{"0", "SERVICE_UNAVAILABLE"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			stream := open(t, client.Deliver, seek(t, c, c.Orgs[0].Client(), &orderer.SeekInfo{Start: at(0), Stop: at(1), ErrorResponse: x.mode}))
			expect(t, stream, x.want...)
		})
	}
}

// transaction is an endorser transaction whose chaincode set an event.
func transaction(t *testing.T, c *chain, event string) (*common.Envelope, string) {
	t.Helper()
	creator, endorser := c.Orgs[0].Client(), c.Orgs[0].Peer()
	proposal, txID, err := envelope.NewProposal(envelope.Request{
		ChannelID: c.ID, Chaincode: "asset", Creator: creator.Creator(), Nonce: devtest.Nonce(t), Args: [][]byte{[]byte("f")}, Timestamp: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	result := envelope.Result{ProposalHash: []byte("hash"), Response: &peer.Response{Status: 200}, ChaincodeID: &peer.ChaincodeID{Name: "asset"}}
	if event != "" {
		result.Event = devtest.Marshal(t, &peer.ChaincodeEvent{ChaincodeId: "asset", TxId: txID, EventName: event, Payload: []byte("secret")})
	}
	payload, err := envelope.ResponsePayload(result)
	if err != nil {
		t.Fatal(err)
	}
	endorsement, err := envelope.Endorse(payload, endorser)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := envelope.CreateTransaction(proposal, &peer.ProposalResponse{Response: result.Response, Payload: payload, Endorsement: endorsement})
	if err != nil {
		t.Fatal(err)
	}
	env, err := envelope.Sign(tx, creator)
	if err != nil {
		t.Fatal(err)
	}
	return env, txID
}

// Filtered blocks name events and verdicts and hold no payload; garbage in a
// block does not stop its readers.
func TestFilteredBlocksAndEvents(t *testing.T) {
	c := newChain(t)
	good, goodID := transaction(t, c, "sold")
	bad, badID := transaction(t, c, "lost")
	quiet, quietID := transaction(t, c, "")
	broken, _ := transaction(t, c, "")
	var payload common.Payload
	if err := proto.Unmarshal(broken.Payload, &payload); err != nil {
		t.Fatal(err)
	}
	payload.Data = []byte("no transaction")
	broken.Payload = devtest.Marshal(t, &payload)
	c.add(t, []peer.TxValidationCode{
		peer.TxValidationCode_VALID, peer.TxValidationCode_MVCC_READ_CONFLICT, peer.TxValidationCode_VALID,
		peer.TxValidationCode_BAD_PAYLOAD, peer.TxValidationCode_INVALID_OTHER_REASON,
	}, good, bad, quiet, broken, &common.Envelope{Payload: []byte("\xff\xff")})

	client := serve(t, c, &deliver.Server{})
	stream := open(t, client.DeliverFiltered, seek(t, c, c.Orgs[1].Client(), &orderer.SeekInfo{Start: at(1), Stop: at(1)}))
	r, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	action := func(id, name string) *peer.FilteredTransaction_TransactionActions {
		return &peer.FilteredTransaction_TransactionActions{TransactionActions: &peer.FilteredTransactionActions{
			ChaincodeActions: []*peer.FilteredChaincodeAction{{ChaincodeEvent: &peer.ChaincodeEvent{ChaincodeId: "asset", TxId: id, EventName: name}}},
		}}
	}
	none := &peer.FilteredTransaction_TransactionActions{TransactionActions: &peer.FilteredTransactionActions{}}
	want := &peer.FilteredBlock{ChannelId: c.ID, Number: 1, FilteredTransactions: []*peer.FilteredTransaction{
		{Txid: goodID, Type: common.HeaderType_ENDORSER_TRANSACTION, Data: action(goodID, "sold")},
		{Txid: badID, Type: common.HeaderType_ENDORSER_TRANSACTION, TxValidationCode: peer.TxValidationCode_MVCC_READ_CONFLICT, Data: action(badID, "lost")},
		{Txid: quietID, Type: common.HeaderType_ENDORSER_TRANSACTION, Data: none},
		{Txid: r.GetFilteredBlock().GetFilteredTransactions()[3].GetTxid(), Type: common.HeaderType_ENDORSER_TRANSACTION, TxValidationCode: peer.TxValidationCode_BAD_PAYLOAD, Data: none},
	}}
	if !proto.Equal(r.GetFilteredBlock(), want) {
		t.Errorf("filtered block:\n got %v\nwant %v", r.GetFilteredBlock(), want)
	}
	if c.asked[0] != deliver.EventFilteredBlock {
		t.Errorf("rule asked for: got %q, want %q", c.asked[0], deliver.EventFilteredBlock)
	}

	events, err := deliver.Events(c.blocks[1])
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 1 || events[0].TxId != goodID || string(events[0].Payload) != "secret" {
		t.Errorf("events of valid transactions: got %v, want one of %s with its payload", events, goodID)
	}
}

// Whatever a request holds, the answer is a status.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("\x0a\x02\x0a\x00\x12\x00"))
	s := &deliver.Server{Chain: func(string) (deliver.Chain, bool) { return nil, false }}
	f.Fuzz(func(t *testing.T, payload []byte) {
		out := &statuses{}
		if err := s.Serve(&oneRequest{env: &common.Envelope{Payload: payload}}, deliver.EventBlock, out); err != nil {
			t.Fatalf("got error %v, want a status", err)
		}
		if len(out.got) != 1 || out.got[0] == common.Status_SUCCESS {
			t.Fatalf("got %v, want one refusal", out.got)
		}
	})
}

type oneRequest struct{ env *common.Envelope }

func (*oneRequest) Context() context.Context { return context.Background() }

func (o *oneRequest) Recv() (*common.Envelope, error) { return o.env, nil }

type statuses struct{ got []common.Status }

func (s *statuses) Status(status common.Status) error {
	s.got = append(s.got, status)
	return nil
}

func (*statuses) Block(*common.Block) error { return errors.New("no block was asked for") }
