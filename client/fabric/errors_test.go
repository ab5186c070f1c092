// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// A call that its caller ended says nothing about the server: the cause is in the
// error, and nobody is called unreachable.
func TestEndedCallIsNobodysFault(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, answers none
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p, err := DialPeer(Endpoint{Address: silent.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	o, err := DialOrderer(Endpoint{Address: silent.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for name, call := range map[string]func(context.Context) error{
		"proposal": func(ctx context.Context) error { _, err := p.ProcessProposal(ctx, &peer.SignedProposal{}); return err },
		"block": func(ctx context.Context) error {
			_, err := p.Block(ctx, "mychannel", 0, signer("ann"), time.Now())
			return err
		},
		"watch": func(ctx context.Context) error {
			_, err := p.Watch(ctx, "mychannel", "tx", signer("ann"), time.Now())
			return err
		},
		"reach":     p.Reach,
		"broadcast": func(ctx context.Context) error { return o.Broadcast(ctx, &common.Envelope{}) },
		"blocks": func(ctx context.Context) error {
			return p.Blocks(ctx, "mychannel", 0, signer("ann"), time.Now(), func(*common.Block) error { return nil })
		},
	} {
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(enough)
		err := call(ctx)
		var unreachable *UnreachableError
		if !errors.Is(err, enough) || errors.As(err, &unreachable) {
			t.Errorf("%s: got error %v, want %v in it and no UnreachableError", name, err, enough)
		}
	}
}

// A server that ends a call itself, or is too slow, does not answer.
func TestServerThatEndsACall(t *testing.T) {
	for _, code := range []codes.Code{codes.Canceled, codes.Unavailable, codes.DeadlineExceeded} {
		err := callError(t.Context(), "peer p", status.Error(code, "gone"))
		var unreachable *UnreachableError
		if !errors.As(err, &unreachable) || unreachable.Server != "peer p" {
			t.Errorf("%s: got error %v, want an UnreachableError about peer p", code, err)
		}
	}
}
