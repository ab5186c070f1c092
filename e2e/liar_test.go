// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/pb/ledger"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// lies are what a host changes of what its peer and its stub tell each other.
// What is nil is passed on as it is.
type lies struct {
	// value is what the stub is shown for a key, instead of its value.
	value func(key string, value []byte) []byte
	// rows are what it is shown of a range.
	rows func(rows []*ledger.KV) []*ledger.KV
	// call is what the stub is called with; it may be changed in place.
	call func(*peer.ChaincodeMessage)
	// answer is what it answers; it may be changed in place.
	answer func(*peer.Response)
}

// liars stand between the peers and the stubs of a chaincode, one for each
// organisation, as its host can. They are honest until told otherwise.
type liars struct {
	t     *testing.T
	byOrg map[string]*liar // by MSP id
}

func newLiars(t *testing.T) *liars { return &liars{t: t, byOrg: map[string]*liar{}} }

// via is a deploy.Endpoint.
func (l *liars) via(name, address string) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, mspID, _ := strings.Cut(name, "@")
	host := &liar{target: address}
	l.byOrg[mspID] = host
	s := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))
	rpc.RegisterChaincodeServer(s, host)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	l.t.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			l.t.Errorf("relay of %s: %v", name, err)
		}
	})
	return listener.Addr().String(), nil
}

var _ deploy.Endpoint = (*liars)(nil).via

// lie makes the hosts of the organisations named lie, and those of all others
// honest.
func (l *liars) lie(with lies, mspIDs ...string) {
	for _, host := range l.byOrg {
		host.set(lies{})
	}
	for _, id := range mspIDs {
		l.byOrg[id].set(with)
	}
}

const maxMessage = 100 << 20

// liar is one host: to the peer a chaincode, to the stub a peer.
type liar struct {
	target string
	mu     sync.Mutex
	lies   lies
}

func (l *liar) set(to lies) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lies = to
}

func (l *liar) now() lies {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lies
}

// Connect implements rpc.ChaincodeServer: it relays one stream of the chaincode
// protocol until either side ends it.
func (l *liar) Connect(fromPeer rpc.ChaincodeStream) error {
	cc, err := grpc.NewClient("passthrough:///"+l.target, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return err
	}
	defer cc.Close()
	ctx, cancel := context.WithCancel(fromPeer.Context())
	defer cancel()
	toStub, err := rpc.ConnectChaincode(ctx, cc)
	if err != nil {
		return err
	}
	r := &relayed{liar: l, asked: map[string]*peer.ChaincodeMessage{}}
	ended := make(chan error, 2)
	go func() { ended <- pass(fromPeer.Recv, toStub.Send, r.toStub) }()
	go func() { ended <- pass(toStub.Recv, fromPeer.Send, r.toPeer) }()
	if err := <-ended; !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// pass passes messages on, changed, until an end.
func pass(from func() (*peer.ChaincodeMessage, error), to func(*peer.ChaincodeMessage) error, change func(*peer.ChaincodeMessage) error) error {
	for {
		m, err := from()
		if err != nil {
			return err
		}
		if err := change(m); err != nil {
			return err
		}
		if err := to(m); err != nil {
			return err
		}
	}
}

// relayed is one stream, with what each transaction asked for last: an answer
// does not say what it answers.
type relayed struct {
	*liar
	askedMu sync.Mutex
	asked   map[string]*peer.ChaincodeMessage // by transaction
}

func (r *relayed) toPeer(m *peer.ChaincodeMessage) error {
	if m.Type == peer.ChaincodeMessage_COMPLETED {
		return rewriteAs(m, &peer.Response{}, r.now().answer)
	}
	r.askedMu.Lock()
	defer r.askedMu.Unlock()
	r.asked[m.Txid] = m
	return nil
}

func (r *relayed) toStub(m *peer.ChaincodeMessage) error {
	now := r.now()
	switch m.Type {
	case peer.ChaincodeMessage_TRANSACTION:
		if now.call != nil {
			now.call(m)
		}
	case peer.ChaincodeMessage_RESPONSE:
		r.askedMu.Lock()
		asked := r.asked[m.Txid]
		r.askedMu.Unlock()
		return now.change(asked, m)
	}
	return nil
}

// change changes an answer to the stub.
func (l lies) change(asked, m *peer.ChaincodeMessage) error {
	switch asked.GetType() {
	case peer.ChaincodeMessage_GET_STATE:
		get := &peer.GetState{}
		if err := proto.Unmarshal(asked.Payload, get); err != nil || l.value == nil {
			return err
		}
		m.Payload = l.value(get.Key, m.Payload)
	case peer.ChaincodeMessage_GET_STATE_MULTIPLE:
		get := &peer.GetStateMultiple{}
		if err := proto.Unmarshal(asked.Payload, get); err != nil || l.value == nil {
			return err
		}
		return rewriteAs(m, &peer.GetStateMultipleResult{}, func(result *peer.GetStateMultipleResult) {
			for i, key := range get.Keys {
				result.Values[i] = l.value(key, result.Values[i])
			}
		})
	case peer.ChaincodeMessage_GET_STATE_BY_RANGE, peer.ChaincodeMessage_QUERY_STATE_NEXT:
		if l.rows == nil {
			return nil
		}
		return rewriteAs(m, &peer.QueryResponse{}, func(result *peer.QueryResponse) {
			var rows []*ledger.KV
			for _, r := range result.Results {
				kv := &ledger.KV{}
				_ = proto.Unmarshal(r.ResultBytes, kv) // of an honest peer
				rows = append(rows, kv)
			}
			result.Results = nil
			for _, kv := range l.rows(rows) {
				raw, _ := proto.Marshal(kv)
				result.Results = append(result.Results, &peer.QueryResultBytes{ResultBytes: raw})
			}
		})
	}
	return nil
}

// rewriteAs changes a message's payload; a nil change leaves it alone.
func rewriteAs[M proto.Message](m *peer.ChaincodeMessage, as M, change func(M)) error {
	if change == nil {
		return nil
	}
	if err := proto.Unmarshal(m.Payload, as); err != nil {
		return err
	}
	change(as)
	var err error
	m.Payload, err = proto.Marshal(as)
	return err
}
