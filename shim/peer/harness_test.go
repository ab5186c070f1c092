// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/peer"
)

// script is a chaincode that does what a test says; its error is its response.
type script func(shim.ChaincodeStubInterface) error

func (s script) Init(stub shim.ChaincodeStubInterface) *shim.Response { return s.Invoke(stub) }

func (s script) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	if err := s(stub); err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success([]byte("done"))
}

const ccid = "cc_1:0123456789abcdef"

// service is a chaincode as a service under test.
type service struct {
	address string
	stop    context.CancelFunc
	served  chan error
}

func serve(t *testing.T, cc shim.Chaincode, c peer.ServerConfig) *service {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.CCID, c.Listener = ccid, listener
	ctx, stop := context.WithCancel(context.Background())
	s := &service{address: listener.Addr().String(), stop: stop, served: make(chan error, 1)}
	go func() { s.served <- peer.Serve(ctx, c, cc) }()
	t.Cleanup(stop)
	return s
}

// wait returns what Serve returned.
func (s *service) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.served:
		return err
	case <-time.After(time.Minute):
		t.Fatal("Serve did not return")
		return nil
	}
}

// dial connects a fake peer to the service.
func (s *service) dial(t *testing.T, p *fakePeer, options ...grpc.DialOption) error {
	t.Helper()
	if len(options) == 0 {
		options = []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	}
	conn, err := grpc.NewClient(s.address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	stream, err := rpc.ConnectChaincode(context.Background(), conn)
	if err != nil {
		return err
	}
	return p.serve(stream)
}

// connect serves cc to a fake peer that can do what params says.
func connect(t *testing.T, cc shim.Chaincode, params *pb.ChaincodeAdditionalParams) *fakePeer {
	t.Helper()
	p := newFakePeer(t)
	if params != nil {
		p.params = params
	}
	if err := serve(t, cc, peer.ServerConfig{}).dial(t, p); err != nil {
		t.Fatal(err)
	}
	return p
}

// run runs one transaction of a script and fails the test if the script fails.
func run(t *testing.T, state map[string]string, params *pb.ChaincodeAdditionalParams, s script) *fakePeer {
	t.Helper()
	p := connect(t, s, params)
	p.mu.Lock()
	for k, v := range state {
		p.state[k] = v
	}
	p.mu.Unlock()
	if r := response(t, p.transact(p.invoke("tx1"))); r.GetStatus() != shim.OK {
		t.Fatalf("the chaincode failed: %s", r.GetMessage())
	}
	return p
}

// response returns the response in a COMPLETED message.
func response(t *testing.T, m *message) *shim.Response {
	t.Helper()
	if m.GetType() != pb.ChaincodeMessage_COMPLETED {
		t.Fatalf("the transaction ended with %s %q, want COMPLETED", m.GetType(), m.GetPayload())
	}
	r := &shim.Response{}
	if err := proto.Unmarshal(m.GetPayload(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// count tells how many requests of a kind the peer got.
func (p *fakePeer) count(kind pb.ChaincodeMessage_Type) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, k := range p.kinds {
		if k == kind {
			n++
		}
	}
	return n
}

func numbered(n int) map[string]string {
	state := make(map[string]string)
	for i := range n {
		state[fmt.Sprintf("k%04d", i)] = fmt.Sprint(i)
	}
	return state
}
