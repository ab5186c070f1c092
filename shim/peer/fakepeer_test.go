// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
)

type message = pb.ChaincodeMessage

// stream is the peer's end of the chaincode protocol.
type stream interface {
	Send(*message) error
	Recv() (*message, error)
}

// fakePeer plays a Fabric peer: it makes the handshake, sends transactions and
// answers their requests from a map. Like a real peer it takes one request of a
// transaction at a time; a second one is a test failure.
type fakePeer struct {
	t      *testing.T
	stream stream
	params *pb.ChaincodeAdditionalParams

	registered string // the chaincode id it got
	echoes     chan *message
	ended      chan error

	sendMu sync.Mutex
	mu     sync.Mutex
	state  map[string]string
	policy map[string][]byte
	kinds  []pb.ChaincodeMessage_Type // of all requests
	sizes  []int                      // of batches and multi-gets
	active map[string]bool
	open   map[string][]*pb.QueryResultBytes
	closed []string
	wait   map[string]chan *message // transactions under way
	hold   chan struct{}            // if set, answers wait until it is closed
	asked  chan *message            // if set, gets requests before they are answered
}

func newFakePeer(t *testing.T) *fakePeer {
	return &fakePeer{
		t: t, params: &pb.ChaincodeAdditionalParams{}, echoes: make(chan *message, 10), ended: make(chan error, 1),
		state: make(map[string]string), policy: make(map[string][]byte), active: make(map[string]bool),
		open: make(map[string][]*pb.QueryResultBytes), wait: make(map[string]chan *message),
	}
}

// serve makes the handshake and then answers until the stream ends.
func (p *fakePeer) serve(s stream) error {
	p.stream = s
	first, err := s.Recv()
	if err != nil {
		return err
	}
	id := &pb.ChaincodeID{}
	if err := proto.Unmarshal(first.GetPayload(), id); err != nil || first.GetType() != pb.ChaincodeMessage_REGISTER {
		return fmt.Errorf("first message %v, want REGISTER with a chaincode id", first)
	}
	p.registered = id.GetName()
	p.send(&message{Type: pb.ChaincodeMessage_REGISTERED})
	p.send(&message{Type: pb.ChaincodeMessage_READY, Payload: p.encode(p.params)})
	go func() { p.ended <- p.loop() }()
	return nil
}

func (p *fakePeer) loop() error {
	for {
		m, err := p.stream.Recv()
		if err != nil {
			return err
		}
		switch m.GetType() {
		case pb.ChaincodeMessage_COMPLETED, pb.ChaincodeMessage_ERROR:
			p.finished(m)
		case pb.ChaincodeMessage_KEEPALIVE:
			p.echoes <- m
		default:
			p.begin(m)
			go p.request(m)
		}
	}
}

func (p *fakePeer) begin(m *message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if key := m.GetChannelId() + m.GetTxid(); p.active[key] {
		p.t.Errorf("%s while another request of %s is under way", m.GetType(), key)
	} else {
		p.active[key] = true
	}
	p.kinds = append(p.kinds, m.GetType())
}

func (p *fakePeer) request(m *message) {
	if p.asked != nil {
		p.asked <- m
	}
	if p.hold != nil {
		<-p.hold
	}
	payload, err := p.answer(m)
	reply := &message{Type: pb.ChaincodeMessage_RESPONSE, Payload: payload, Txid: m.GetTxid(), ChannelId: m.GetChannelId()}
	if err != nil {
		reply.Type, reply.Payload = pb.ChaincodeMessage_ERROR, []byte(err.Error())
	}
	p.mu.Lock()
	delete(p.active, m.GetChannelId()+m.GetTxid())
	p.mu.Unlock()
	p.send(reply)
}

func (p *fakePeer) finished(m *message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := m.GetChannelId() + m.GetTxid()
	if p.wait[key] == nil {
		p.t.Errorf("%s for a transaction that is not under way: %v", m.GetType(), m)
		return
	}
	p.wait[key] <- m
	delete(p.wait, key)
}

// transact runs a transaction and returns the message that ended it.
func (p *fakePeer) transact(m *message) *message {
	p.t.Helper()
	return p.result(p.start(m))
}

func (p *fakePeer) result(done chan *message) *message {
	p.t.Helper()
	select {
	case m := <-done:
		return m
	case err := <-p.ended:
		p.t.Fatalf("stream ended before the transaction: %v", err)
	case <-time.After(time.Minute):
		p.t.Fatal("the transaction did not end")
	}
	return nil
}

func (p *fakePeer) start(m *message) chan *message {
	done := make(chan *message, 1)
	p.mu.Lock()
	p.wait[m.GetChannelId()+m.GetTxid()] = done
	p.mu.Unlock()
	p.send(m)
	return done
}

func (p *fakePeer) send(m *message) {
	p.sendMu.Lock()
	defer p.sendMu.Unlock()
	if err := p.stream.Send(m); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, context.Canceled) {
		p.t.Logf("peer sends %s: %v", m.GetType(), err)
	}
}

func (p *fakePeer) encode(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		p.t.Error(err)
	}
	return b
}

// invoke makes a TRANSACTION message.
func (p *fakePeer) invoke(txID string, args ...string) *message {
	input := &pb.ChaincodeInput{Decorations: map[string][]byte{"by": []byte("peer")}}
	for _, a := range args {
		input.Args = append(input.Args, []byte(a))
	}
	return &message{Type: pb.ChaincodeMessage_TRANSACTION, Payload: p.encode(input), Txid: txID, ChannelId: "mychannel"}
}

// answer does what the request says.
func (p *fakePeer) answer(m *message) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m.GetType() {
	case pb.ChaincodeMessage_GET_STATE, pb.ChaincodeMessage_GET_PRIVATE_DATA_HASH:
		r := decode[pb.GetState](p, m)
		if r.GetKey() == "refused" {
			return nil, errors.New("GET_STATE failed: because")
		}
		return []byte(p.state[r.GetCollection()+r.GetKey()]), nil
	case pb.ChaincodeMessage_GET_STATE_MULTIPLE:
		r := decode[pb.GetStateMultiple](p, m)
		p.sizes = append(p.sizes, len(r.GetKeys()))
		result := &pb.GetStateMultipleResult{}
		for _, k := range r.GetKeys() {
			result.Values = append(result.Values, []byte(p.state[r.GetCollection()+k]))
		}
		return p.encode(result), nil
	case pb.ChaincodeMessage_GET_STATE_BY_RANGE:
		return p.openRange(decode[pb.GetStateByRange](p, m))
	case pb.ChaincodeMessage_GET_QUERY_RESULT:
		return nil, errors.New("ExecuteQuery not supported for leveldb")
	case pb.ChaincodeMessage_GET_HISTORY_FOR_KEY:
		r := decode[pb.GetHistoryForKey](p, m)
		entry := &shim.KeyModification{TxId: "older", Value: []byte("was " + r.GetKey())}
		return p.encode(&pb.QueryResponse{Results: []*pb.QueryResultBytes{{ResultBytes: p.encode(entry)}}, Id: "h"}), nil
	case pb.ChaincodeMessage_QUERY_STATE_NEXT:
		return p.next(decode[pb.QueryStateNext](p, m).GetId())
	case pb.ChaincodeMessage_QUERY_STATE_CLOSE:
		id := decode[pb.QueryStateClose](p, m).GetId()
		p.closed = append(p.closed, id)
		delete(p.open, id)
		return p.encode(&pb.QueryResponse{Id: id}), nil
	case pb.ChaincodeMessage_GET_STATE_METADATA:
		r := decode[pb.GetStateMetadata](p, m)
		result := &pb.StateMetadataResult{Entries: []*pb.StateMetadata{{Metakey: "OTHER", Value: []byte("x")}}}
		if policy := p.policy[r.GetCollection()+r.GetKey()]; policy != nil {
			result.Entries = append(result.Entries, &pb.StateMetadata{Metakey: "VALIDATION_PARAMETER", Value: policy})
		}
		return p.encode(result), nil
	case pb.ChaincodeMessage_INVOKE_CHAINCODE:
		return p.call(m, decode[pb.ChaincodeSpec](p, m))
	case pb.ChaincodeMessage_WRITE_BATCH_STATE:
		r := decode[pb.WriteBatchState](p, m)
		p.sizes = append(p.sizes, len(r.GetRec()))
		for _, w := range r.GetRec() {
			p.write(w)
		}
		return nil, nil
	default:
		return nil, p.single(m)
	}
}

func (p *fakePeer) single(m *message) error {
	switch m.GetType() {
	case pb.ChaincodeMessage_PUT_STATE:
		r := decode[pb.PutState](p, m)
		p.write(&pb.WriteRecord{Type: pb.WriteRecord_PUT_STATE, Collection: r.GetCollection(), Key: r.GetKey(), Value: r.GetValue()})
	case pb.ChaincodeMessage_DEL_STATE, pb.ChaincodeMessage_PURGE_PRIVATE_DATA:
		r := decode[pb.DelState](p, m)
		p.write(&pb.WriteRecord{Type: pb.WriteRecord_DEL_STATE, Collection: r.GetCollection(), Key: r.GetKey()})
	case pb.ChaincodeMessage_PUT_STATE_METADATA:
		r := decode[pb.PutStateMetadata](p, m)
		p.write(&pb.WriteRecord{Type: pb.WriteRecord_PUT_STATE_METADATA, Collection: r.GetCollection(), Key: r.GetKey(), Metadata: r.GetMetadata()})
	default:
		return fmt.Errorf("unknown request %s", m.GetType())
	}
	return nil
}

func (p *fakePeer) write(w *pb.WriteRecord) {
	key := w.GetCollection() + w.GetKey()
	switch w.GetType() {
	case pb.WriteRecord_PUT_STATE:
		p.state[key] = string(w.GetValue())
	case pb.WriteRecord_PUT_STATE_METADATA:
		if w.GetMetadata().GetMetakey() == "VALIDATION_PARAMETER" {
			p.policy[key] = w.GetMetadata().GetValue()
		}
	default:
		delete(p.state, key)
	}
}

// call answers for the called chaincode: with its arguments, or as its name says.
func (p *fakePeer) call(m *message, spec *pb.ChaincodeSpec) ([]byte, error) {
	switch spec.GetChaincodeId().GetName() {
	case "missing":
		return nil, errors.New("INVOKE_CHAINCODE failed: chaincode missing not found")
	case "broken":
		return p.encode(&message{Type: pb.ChaincodeMessage_ERROR, Payload: []byte("broke"), Txid: m.GetTxid()}), nil
	}
	response := &shim.Response{Status: shim.OK, Message: spec.GetChaincodeId().GetName(), Payload: spec.GetInput().GetArgs()[0]}
	return p.encode(&message{Type: pb.ChaincodeMessage_COMPLETED, Payload: p.encode(response), Txid: m.GetTxid()}), nil
}

// openRange answers as a peer does: pages at once, ranges by the hundred.
func (p *fakePeer) openRange(r *pb.GetStateByRange) ([]byte, error) {
	var rows []*pb.QueryResultBytes
	var keys []string
	for k := range p.state {
		if k >= r.GetStartKey() && (r.GetEndKey() == "" || k < r.GetEndKey()) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	page := &pb.QueryMetadata{}
	if err := proto.Unmarshal(r.GetMetadata(), page); err != nil {
		return nil, err
	}
	if b := page.GetBookmark(); b != "" {
		keys = slices.DeleteFunc(keys, func(k string) bool { return k < b })
	}
	info := &pb.QueryResponseMetadata{}
	if n := int(page.GetPageSize()); n > 0 && n < len(keys) {
		info.Bookmark, keys = keys[n], keys[:n]
	}
	for _, k := range keys {
		rows = append(rows, &pb.QueryResultBytes{ResultBytes: p.encode(&shim.KV{Namespace: "cc", Key: k, Value: []byte(p.state[k])})})
	}
	if r.GetMetadata() != nil {
		info.FetchedRecordsCount = int32(len(rows))
		return p.encode(&pb.QueryResponse{Results: rows, Id: "page", Metadata: p.encode(info)}), nil
	}
	id := "q" + strconv.Itoa(len(p.kinds))
	p.open[id] = rows
	return p.next(id)
}

func (p *fakePeer) next(id string) ([]byte, error) {
	rows, ok := p.open[id]
	if !ok {
		return nil, errors.New("query iterator not found")
	}
	n := min(100, len(rows))
	response := &pb.QueryResponse{Results: rows[:n], HasMore: n < len(rows), Id: id}
	p.open[id] = rows[n:]
	if !response.GetHasMore() {
		delete(p.open, id)
	}
	return p.encode(response), nil
}

func decode[M any, P interface {
	*M
	proto.Message
}](p *fakePeer, m *message,
) P {
	out := P(new(M))
	if err := proto.Unmarshal(m.GetPayload(), out); err != nil {
		p.t.Errorf("payload of %s: %v", m.GetType(), err)
	}
	return out
}
