// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

// record is one message as it went over the wire.
type record struct {
	// Call numbers the gRPC calls, so that answers can be told from requests.
	Call   int    `json:"call"`
	Method string `json:"method"`
	// Answer tells the server's messages from the client's.
	Answer bool `json:"answer"`
	// Detail is the type of an error detail, empty for a message.
	Detail string `json:"detail,omitempty"`
	Bytes  []byte `json:"bytes"`
}

// tape keeps what relays saw.
type tape struct {
	mu    sync.Mutex
	out   *json.Encoder
	calls int
	err   error
}

func newTape(t *testing.T, path string) *tape {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &tape{out: json.NewEncoder(f)}
}

func (r *tape) call() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	return r.calls
}

func (r *tape) add(rec record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = errors.Join(r.err, r.out.Encode(rec))
}

// raw passes messages on without decoding them.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// relay listens in clear on a free port and passes all calls on to a server,
// over TLS if credentials are given. It returns its address.
func (r *tape) relay(t *testing.T, to string, creds credentials.TransportCredentials) string {
	t.Helper()
	if creds == nil {
		creds = insecure.NewCredentials()
	}
	upstream, err := grpc.NewClient("passthrough:///"+to, grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const limit = 100 << 20
	s := grpc.NewServer(grpc.ForceServerCodecV2(raw{}), grpc.MaxRecvMsgSize(limit),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error { return r.pass(upstream, stream) }))
	go s.Serve(l)
	t.Cleanup(func() {
		s.Stop()
		upstream.Close()
	})
	return l.Addr().String()
}

// pass carries one call, both ways.
func (r *tape) pass(upstream *grpc.ClientConn, client grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(client)
	call := r.call()
	ctx, cancel := context.WithCancel(client.Context())
	defer cancel()
	server, err := upstream.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method,
		grpc.ForceCodecV2(raw{}), grpc.WaitForReady(true), grpc.MaxCallRecvMsgSize(100<<20))
	if err != nil {
		return err
	}
	go func() {
		if r.pump(record{Call: call, Method: method}, client, server) != nil {
			cancel()
			return
		}
		_ = server.CloseSend() // the answers tell whether that went well
	}()
	err = r.pump(record{Call: call, Method: method, Answer: true}, server, client)
	for _, d := range status.Convert(err).Proto().GetDetails() {
		r.add(record{Call: call, Method: method, Answer: true, Detail: d.GetTypeUrl(), Bytes: d.GetValue()})
	}
	return err
}

type side interface {
	SendMsg(any) error
	RecvMsg(any) error
}

// pump moves messages one way until their sender ends.
func (r *tape) pump(head record, from, to side) error {
	for {
		var message []byte
		err := from.RecvMsg(&message)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		head.Bytes = message
		r.add(head)
		if err := to.SendMsg(&message); err != nil {
			return status.Error(codes.Unavailable, fmt.Sprintf("relay: %v", err))
		}
	}
}
