// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package full

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
)

// RemoteLedger is a ledger enclave at the other end of a transport. Its errors
// are those of the caller.
type RemoteLedger struct {
	Caller interface {
		Call(ctx context.Context, method string, request []byte, serve func(ctx context.Context, request []byte) ([]byte, error)) ([]byte, error)
	}
}

var _ Ledger = RemoteLedger{}

// DirectLedger is a RemoteLedger that stubs ask over a connection of their own.
type DirectLedger struct {
	RemoteLedger
	Stub RemoteLedger
}

// Session relays a hello.
func (d DirectLedger) Session(ctx context.Context, hello []byte) ([]byte, error) {
	return d.Stub.Session(ctx, hello)
}

// Ask relays a frame.
func (d DirectLedger) Ask(ctx context.Context, frame []byte) ([]byte, error) {
	return d.Stub.Ask(ctx, frame)
}

// Session relays a hello.
func (r RemoteLedger) Session(ctx context.Context, hello []byte) ([]byte, error) {
	return r.Caller.Call(ctx, ledgerenclave.MethodSession, hello, nil)
}

// Ask relays a frame.
func (r RemoteLedger) Ask(ctx context.Context, frame []byte) ([]byte, error) {
	return r.Caller.Call(ctx, ledgerenclave.MethodAsk, frame, nil)
}

// NextBlock hands over a block.
func (r RemoteLedger) NextBlock(ctx context.Context, req *fpc.NextBlockRequest) (*fpc.NextBlockResponse, error) {
	resp := &fpc.NextBlockResponse{}
	return resp, r.call(ctx, ledgerenclave.MethodNextBlock, req, resp)
}

// Join has the ledger enclave take all blocks of a world.
func (r RemoteLedger) Join(w *World) {
	w.T.Helper()
	w.check(r.call(w.T.Context(), ledgerenclave.MethodJoinChannel, &fpc.JoinRequest{
		Genesis: w.Blocks[0], StateDatabase: ledgerenclave.LevelDB,
	}, &fpc.JoinResponse{}))
	for _, b := range w.Blocks[1:] {
		_, err := r.NextBlock(w.T.Context(), &fpc.NextBlockRequest{Block: b})
		w.check(err)
	}
}

func (r RemoteLedger) call(ctx context.Context, method string, req, resp proto.Message) error {
	b, err := proto.Marshal(req)
	if err != nil {
		return err
	}
	out, err := r.Caller.Call(ctx, method, b, nil)
	if err != nil {
		return err
	}
	return proto.Unmarshal(out, resp)
}
