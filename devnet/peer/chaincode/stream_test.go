// SPDX-License-Identifier: Apache-2.0

package chaincode_test

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
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/peer"
	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/internal/deploy"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
	"github.com/privatechaincode/fpc/shim"
	shimpeer "github.com/privatechaincode/fpc/shim/peer"
)

// rogue is a chaincode service that does on its stream what a test wants.
type rogue struct {
	id     string // its package id
	behave func(r *rogue, stream rpc.ChaincodeStream) error
}

// Connect implements rpc.ChaincodeServer.
func (r *rogue) Connect(stream rpc.ChaincodeStream) error { return r.behave(r, stream) }

// register makes the chaincode ready.
func (r *rogue) register(stream rpc.ChaincodeStream) error {
	payload, err := proto.Marshal(&pb.ChaincodeID{Name: r.id})
	if err != nil {
		return err
	}
	if err := stream.Send(&pb.ChaincodeMessage{Type: pb.ChaincodeMessage_REGISTER, Payload: payload}); err != nil {
		return err
	}
	for _, want := range []pb.ChaincodeMessage_Type{pb.ChaincodeMessage_REGISTERED, pb.ChaincodeMessage_READY} {
		msg, err := stream.Recv()
		if err != nil {
			return err
		}
		if msg.Type != want {
			return fmt.Errorf("got %s, want %s", msg.Type, want)
		}
	}
	return nil
}

// stageRogue deploys a rogue as "kv" on one peer.
func stageRogue(t *testing.T, behave func(r *rogue, stream rpc.ChaincodeStream) error, options ...peertest.Option) *stage {
	t.Helper()
	n := peertest.Start(t, 1, options...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	raw := peertest.Package(t, "kv", l.Addr().String())
	server := grpc.NewServer()
	rpc.RegisterChaincodeServer(server, &rogue{lifecycle.PackageID("kv", raw), behave})
	go server.Serve(l)
	t.Cleanup(server.Stop)
	n.Define(t, peertest.Definition{Name: "kv"}, raw)
	return &stage{n, n.Nodes[0], n.Orgs[0].Client()}
}

func reply(to *pb.ChaincodeMessage, kind pb.ChaincodeMessage_Type, payload []byte) *pb.ChaincodeMessage {
	return &pb.ChaincodeMessage{Type: kind, Payload: payload, Txid: to.Txid, ChannelId: to.ChannelId}
}

// A chaincode that breaks the protocol fails its own transaction, with a reason.
func TestRogueChaincodes(t *testing.T) {
	success, err := proto.Marshal(shim.Success([]byte("fine")))
	if err != nil {
		t.Fatal(err)
	}
	// once registers and answers the first transaction with messages.
	once := func(messages ...func(tx *pb.ChaincodeMessage) *pb.ChaincodeMessage) func(*rogue, rpc.ChaincodeStream) error {
		return func(r *rogue, stream rpc.ChaincodeStream) error {
			if err := r.register(stream); err != nil {
				return err
			}
			tx, err := stream.Recv()
			if err != nil {
				return err
			}
			for _, m := range messages {
				if err := stream.Send(m(tx)); err != nil {
					return err
				}
			}
			<-stream.Context().Done()
			return nil
		}
	}
	send := func(kind pb.ChaincodeMessage_Type, payload []byte) func(*pb.ChaincodeMessage) *pb.ChaincodeMessage {
		return func(tx *pb.ChaincodeMessage) *pb.ChaincodeMessage { return reply(tx, kind, payload) }
	}
	elsewhere := func(*pb.ChaincodeMessage) *pb.ChaincodeMessage {
		return &pb.ChaincodeMessage{Type: pb.ChaincodeMessage_COMPLETED, Txid: "another", ChannelId: "mychannel", Payload: success}
	}
	for _, c := range []struct {
		name   string
		behave func(*rogue, rpc.ChaincodeStream) error
		want   string
	}{
		{"well behaved", once(send(pb.ChaincodeMessage_COMPLETED, success)), "fine"},
		{"keeps alive, speaks of another transaction", once(send(pb.ChaincodeMessage_KEEPALIVE, nil), elsewhere, send(pb.ChaincodeMessage_COMPLETED, success)), "fine"},
		{"completes twice", once(send(pb.ChaincodeMessage_COMPLETED, success), send(pb.ChaincodeMessage_COMPLETED, nil)), "fine"},
		{"another package's", func(_ *rogue, s rpc.ChaincodeStream) error {
			return (&rogue{id: "other:0"}).register(s)
		}, `failed: the chaincode there registered as "other:0"`},
		{"no registration first", func(_ *rogue, s rpc.ChaincodeStream) error {
			return errors.Join(s.Send(&pb.ChaincodeMessage{Type: pb.ChaincodeMessage_COMPLETED}), wait(s))
		}, "failed: chaincode sent COMPLETED before REGISTER"},
		{"a registration that does not decode", func(_ *rogue, s rpc.ChaincodeStream) error {
			return errors.Join(s.Send(&pb.ChaincodeMessage{Type: pb.ChaincodeMessage_REGISTER, Payload: []byte("\xff")}), wait(s))
		}, "failed: chaincode's registration does not decode"},
		{"silence", func(_ *rogue, s rpc.ChaincodeStream) error { return wait(s) }, "did not register within 300ms"},
		{"hangs up at once", func(*rogue, rpc.ChaincodeStream) error { return nil }, "failed: chaincode did not register: EOF"},
		{"hangs up when ready", func(r *rogue, s rpc.ChaincodeStream) error { return r.register(s) }, "chaincode stream terminated"},
		{"crashes in a transaction", func(r *rogue, s rpc.ChaincodeStream) error {
			if err := r.register(s); err != nil {
				return err
			}
			_, err := s.Recv()
			return errors.Join(err, errors.New("crashed"))
		}, "error sending: chaincode stream terminated"},
		{"registers again", once(send(pb.ChaincodeMessage_REGISTER, nil)), "error sending: chaincode stream terminated"},
		{"sends what only peers send", once(send(pb.ChaincodeMessage_TRANSACTION, nil)), "error sending: chaincode stream terminated"},
		{"sends an unknown type", once(send(99, nil)), "error sending: chaincode stream terminated"},
		{"an answer that does not decode", once(send(pb.ChaincodeMessage_COMPLETED, []byte("\xff"))), "failed to unmarshal response for transaction"},
		{"an error", once(send(pb.ChaincodeMessage_ERROR, []byte("out of order"))), "transaction returned with failure: out of order"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := stageRogue(t, c.behave, func(cfg *peer.Config) {
				if c.name == "silence" {
					cfg.StartTimeout = 300 * time.Millisecond
				}
			})
			if got := s.ask(t, "f"); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want …%q…", got, c.want)
			}
		})
	}
}

func wait(s rpc.ChaincodeStream) error {
	<-s.Context().Done()
	return nil
}

// Bad requests within a transaction are refused one by one; the stream lives.
func TestBadRequests(t *testing.T) {
	var mu sync.Mutex
	answers := map[string]string{}
	requests := []struct {
		name    string
		kind    pb.ChaincodeMessage_Type
		payload []byte
		want    string
	}{
		{"garbage", pb.ChaincodeMessage_GET_STATE, []byte("\xff"), "GET_STATE failed: transaction ID: TX: unmarshal failed"},
		{"unknown iterator", pb.ChaincodeMessage_QUERY_STATE_NEXT, devtest.Marshal(t, &pb.QueryStateNext{Id: "7"}), "QUERY_STATE_NEXT failed: transaction ID: TX: query iterator not found"},
		{"closing an unknown iterator", pb.ChaincodeMessage_QUERY_STATE_CLOSE, devtest.Marshal(t, &pb.QueryStateClose{Id: "7"}), "RESPONSE"},
		{"unknown batch operation", pb.ChaincodeMessage_WRITE_BATCH_STATE, devtest.Marshal(t, &pb.WriteBatchState{Rec: []*pb.WriteRecord{{Key: "a"}}}), "WRITE_BATCH_STATE failed: transaction ID: TX: unknown operation type"},
		{"no metadata", pb.ChaincodeMessage_PUT_STATE_METADATA, devtest.Marshal(t, &pb.PutStateMetadata{Key: "a"}), "PUT_STATE_METADATA failed: transaction ID: TX: no metadata given"},
		{"purge without a collection", pb.ChaincodeMessage_PURGE_PRIVATE_DATA, nil, "PURGE_PRIVATE_DATA failed: transaction ID: TX: only applicable for private data"},
		{"hash without a collection", pb.ChaincodeMessage_GET_PRIVATE_DATA_HASH, nil, "GET_PRIVATE_DATA_HASH failed: transaction ID: TX: only applicable for private data"},
		{"hash of a private key", pb.ChaincodeMessage_GET_PRIVATE_DATA_HASH, devtest.Marshal(t, &pb.GetState{Key: "a", Collection: "c"}), "GET_PRIVATE_DATA_HASH failed: transaction ID: TX: collection mychannel/kv/c could not be found: this peer keeps no private data"},
		{"a call of nobody", pb.ChaincodeMessage_INVOKE_CHAINCODE, nil, "INVOKE_CHAINCODE failed: transaction ID: TX: no chaincode named to call"},
	}
	s := stageRogue(t, func(r *rogue, stream rpc.ChaincodeStream) error {
		if err := r.register(stream); err != nil {
			return err
		}
		tx, err := stream.Recv()
		if err != nil {
			return err
		}
		for _, q := range requests {
			if err := stream.Send(reply(tx, q.kind, q.payload)); err != nil {
				return err
			}
			answer, err := stream.Recv()
			if err != nil {
				return err
			}
			text := answer.Type.String()
			if answer.Type == pb.ChaincodeMessage_ERROR {
				text = strings.ReplaceAll(string(answer.Payload), tx.Txid, "TX")
			}
			mu.Lock()
			answers[q.name] = text
			mu.Unlock()
		}
		raw, err := proto.Marshal(shim.Success(nil))
		return errors.Join(err, stream.Send(reply(tx, pb.ChaincodeMessage_COMPLETED, raw)), wait(stream))
	})
	if got := s.ask(t, "f"); got != "" {
		t.Fatalf("the transaction: got %q, want success", got)
	}
	for _, q := range requests {
		if got := answers[q.name]; !strings.HasPrefix(got, q.want) {
			t.Errorf("%s: got %q, want %q…", q.name, got, q.want)
		}
	}
}

// Nobody listens for now: the invocation works once somebody does.
func TestServiceComesLate(t *testing.T) {
	n := peertest.Start(t, 1)
	address, err := deploy.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := pkg.BuildCCAAS("kv", pkg.Connection{Address: address, DialTimeout: "5m"})
	if err != nil {
		t.Fatal(err)
	}
	n.Define(t, peertest.Definition{Name: "kv"}, raw)
	s := &stage{n, n.Nodes[0], n.Orgs[0].Client()}

	asked := make(chan string)
	go func() {
		p := peertest.Propose(t, s.client, peertest.Run("kv", "get a"))
		r, err := s.node.Process(context.Background(), p)
		asked <- fmt.Sprint(r.GetResponse().GetStatus(), string(r.GetResponse().GetPayload()), err)
	}()
	// The peer is dialling by now or soon; either way it finds the service.
	peertest.Serve(t, shimpeer.ServerConfig{CCID: lifecycle.PackageID("kv", raw), Address: address}, peertest.Script)
	if got, want := <-asked, "200<><nil>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A process that is killed and started anew is connected again.
func TestServiceRestarts(t *testing.T) {
	n := peertest.Start(t, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	raw := peertest.Package(t, "kv", address)
	cfg := shimpeer.ServerConfig{CCID: lifecycle.PackageID("kv", raw), Listener: l}
	ctx, kill := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- shimpeer.Serve(ctx, cfg, peertest.Script) }()
	n.Define(t, peertest.Definition{Name: "kv"}, raw)
	s := &stage{n, n.Nodes[0], n.Orgs[0].Client()}
	s.do(t, "put a 1")

	kill()
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	peertest.Serve(t, shimpeer.ServerConfig{CCID: cfg.CCID, Address: address}, peertest.Script)
	// The peer may not have seen the end of the old stream yet: then this one
	// transaction says so.
	got := s.ask(t, "get a")
	if strings.HasSuffix(got, "chaincode stream terminated") {
		got = s.ask(t, "get a")
	}
	if want := "<1>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A launched chaincode dials the peer. Only an installed package may, and only
// one process of it.
func TestRegister(t *testing.T) {
	n := peertest.Start(t, 1)
	raw := launched(t)
	n.Define(t, peertest.Definition{Name: "kv"}, raw)
	s := &stage{n, n.Nodes[0], n.Orgs[0].Client()}
	id := lifecycle.PackageID("kv", raw)

	register := func(ctx context.Context, id string) chan error {
		ended := make(chan error, 1)
		go func() {
			ended <- shimpeer.Register(ctx, shimpeer.ClientConfig{CCID: id, PeerAddress: s.node.Address}, peertest.Script)
		}()
		return ended
	}
	if err := <-register(t.Context(), "unknown:00"); err == nil || !strings.Contains(err.Error(), "chaincode install package 'unknown:00' not found") {
		t.Errorf("unknown package: got %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := register(ctx, id)
	if got, want := s.ask(t, "put a 1", "get a"), "<>"; got != want { // waits for the registration
		t.Fatalf("got %q, want %q", got, want)
	}
	if err := <-register(t.Context(), id); err == nil || !strings.Contains(err.Error(), "duplicate chaincodeID: "+id) {
		t.Errorf("second process: got %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatalf("the first process: %v", err)
	}
}

// launched is a package of type fpc without an address: it is started, and
// registers by itself.
func launched(t *testing.T) []byte {
	t.Helper()
	return archive(t, map[string][]byte{
		"metadata.json": []byte(`{"type":"fpc","label":"kv"}`),
		"code.tar.gz":   archive(t, map[string][]byte{"manifest.txt": []byte("sim:0\n")}),
	})
}

// A process that connects and says nothing is cut off, and the invocation that
// waits for it is told.
func TestRegistrationTakesTooLong(t *testing.T) {
	n := peertest.Start(t, 1, func(c *peer.Config) { c.StartTimeout = 200 * time.Millisecond })
	n.Define(t, peertest.Definition{Name: "kv"}, launched(t))
	s := &stage{n, n.Nodes[0], n.Orgs[0].Client()}
	stream, err := rpc.RegisterChaincode(t.Context(), s.node.Conn)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.ask(t, "f"), "did not register within 200ms"; !strings.HasSuffix(got, want) {
		t.Errorf("the invocation: got %q, want …%q", got, want)
	}
	if _, err := stream.Recv(); !strings.Contains(status.Convert(err).Message(), "did not register within 200ms") {
		t.Errorf("the process: got %v", err)
	}
}

// Closing the peer ends what is being executed and what is being started.
func TestClose(t *testing.T) {
	executing := make(chan struct{})
	s := newStage(t, peertest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		close(executing)
		<-t.Context().Done()
		return shim.Success(nil)
	}))
	s.Define(t, peertest.Definition{Name: "absent"}, launched(t))
	answers := make(chan string, 2)
	for _, name := range []string{"kv", "absent"} {
		p := peertest.Propose(t, s.client, peertest.Run(name, "f"))
		go func() {
			r, err := s.node.Process(context.Background(), p)
			answers <- r.GetResponse().GetMessage() + fmt.Sprint(err)
		}()
	}
	<-executing
	if err := s.node.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := <-answers; !strings.Contains(got, "chaincode stream terminated") && !strings.Contains(got, "shutting down") && !strings.Contains(got, "did not register") {
			t.Errorf("got %q, want a clean error", got)
		}
	}
}
