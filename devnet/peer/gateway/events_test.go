// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	pb "github.com/privatechaincode/fpc/internal/pb/gateway"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

func (s *stage) events(t *testing.T, signer msp.Signer, request *pb.ChaincodeEventsRequest) rpc.EventsClientStream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request.Identity = signer.Creator()
	raw := devtest.Marshal(t, request)
	signature, err := signer.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := s.gateway.ChaincodeEvents(ctx, &pb.SignedChaincodeEventsRequest{Request: raw, Signature: signature})
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// next prints the next message: "block: name=payload …".
func next(t *testing.T, stream rpc.EventsClientStream, first uint64) string {
	t.Helper()
	r, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for _, e := range r.Events {
		events = append(events, e.EventName+"="+string(e.Payload))
	}
	return fmt.Sprintf("+%d: %s", r.BlockNumber-first, strings.Join(events, " "))
}

func at(n uint64) *orderer.SeekPosition {
	return &orderer.SeekPosition{Type: &orderer.SeekPosition_Specified{Specified: &orderer.SeekSpecified{Number: n}}}
}

// Events of valid transactions of the one chaincode, from where the client says.
func TestChaincodeEvents(t *testing.T) {
	s := start(t)
	s.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	s.Deploy(t, peertest.Definition{Name: "other"}, peertest.Script)
	first := s.Nodes[0].Ledger.Height()
	propose := func(chaincode string, script ...string) *peertest.Proposal {
		return peertest.Propose(t, s.client, peertest.Run(chaincode, script...))
	}
	one, two, foreign := propose("kv", "event one 1"), propose("kv", "event two 2"), propose("other", "event other 0")
	invalid, three := propose("kv", "event invalid 0"), propose("kv", "event three 3")
	s.Order(one.Endorse(t, s.Nodes...), foreign.Endorse(t, s.Nodes...), two.Endorse(t, s.Nodes...)) // +0
	s.Order(invalid.Endorse(t, s.Nodes[0]))                                                         // +1
	s.Order(propose("kv", "put a 1").Endorse(t, s.Nodes...))                                        // +2
	s.Order(three.Endorse(t, s.Nodes...))                                                           // +3

	for _, c := range []struct {
		name    string
		request *pb.ChaincodeEventsRequest
		want    []string
	}{
		{"from a block", &pb.ChaincodeEventsRequest{StartPosition: at(first)}, []string{"+0: one=1 two=2", "+3: three=3"}},
		{"from a later block", &pb.ChaincodeEventsRequest{StartPosition: at(first + 1)}, []string{"+3: three=3"}},
		{"after a transaction within its block", &pb.ChaincodeEventsRequest{StartPosition: at(0), AfterTransactionId: one.TxID}, []string{"+0: two=2", "+3: three=3"}},
		{"after the last of a block", &pb.ChaincodeEventsRequest{StartPosition: at(0), AfterTransactionId: two.TxID}, []string{"+3: three=3"}},
		{"of the other chaincode", &pb.ChaincodeEventsRequest{ChaincodeId: "other", StartPosition: at(first)}, []string{"+0: other=0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.request.ChannelId = peertest.ChannelID
			if c.request.ChaincodeId == "" {
				c.request.ChaincodeId = "kv"
			}
			stream := s.events(t, s.client, c.request)
			for _, want := range c.want {
				if got := next(t, stream, first); got != want {
					t.Fatalf("got %q, want %q", got, want)
				}
			}
		})
	}

	t.Run("as they come", func(t *testing.T) {
		from := s.Nodes[0].Ledger.Height()
		for _, start := range []*orderer.SeekPosition{nil, {Type: &orderer.SeekPosition_NextCommit{}}, at(from)} {
			stream := s.events(t, s.client, &pb.ChaincodeEventsRequest{ChannelId: peertest.ChannelID, ChaincodeId: "kv", StartPosition: start})
			// The stream is open once the peer has read the request; a transaction
			// ordered before that would be missed, so go on until one arrives.
			got := make(chan string, 1)
			go func() {
				if r, err := stream.Recv(); err == nil {
					got <- r.Events[0].EventName
				}
			}()
			for arrived := false; !arrived; {
				s.MustSubmit(t, s.client, peertest.Run("kv", "event live now"), s.Nodes...)
				select {
				case name := <-got:
					arrived = true
					if name != "live" {
						t.Errorf("got %q, want live", name)
					}
				default:
				}
			}
		}
	})
}

func TestChaincodeEventsFailures(t *testing.T) {
	s := start(t)
	stranger := fpctest.NewOrg(t, "StrangerMSP").Client()
	for _, c := range []struct {
		name    string
		signer  msp.Signer
		request *pb.ChaincodeEventsRequest
		want    codes.Code
	}{
		{"a stranger", stranger, &pb.ChaincodeEventsRequest{ChannelId: peertest.ChannelID}, codes.PermissionDenied},
		{"an unknown channel", s.client, &pb.ChaincodeEventsRequest{ChannelId: "elsewhere"}, codes.PermissionDenied},
		{"from the oldest", s.client, &pb.ChaincodeEventsRequest{ChannelId: peertest.ChannelID, StartPosition: &orderer.SeekPosition{Type: &orderer.SeekPosition_Oldest{}}}, codes.InvalidArgument},
		{"from the newest", s.client, &pb.ChaincodeEventsRequest{ChannelId: peertest.ChannelID, StartPosition: &orderer.SeekPosition{Type: &orderer.SeekPosition_Newest{}}}, codes.InvalidArgument},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := s.events(t, c.signer, c.request).Recv(); status.Code(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	for _, request := range []*pb.SignedChaincodeEventsRequest{{}, {Request: []byte("\xff")}} {
		stream, err := s.gateway.ChaincodeEvents(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("malformed: got %v, want InvalidArgument", err)
		}
	}
}
