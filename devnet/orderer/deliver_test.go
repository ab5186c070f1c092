// SPDX-License-Identifier: Apache-2.0

package orderer

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	ab "github.com/privatechaincode/fpc/internal/pb/orderer"
)

func oldest() *ab.SeekPosition {
	return &ab.SeekPosition{Type: &ab.SeekPosition_Oldest{Oldest: &ab.SeekOldest{}}}
}

func newest() *ab.SeekPosition {
	return &ab.SeekPosition{Type: &ab.SeekPosition_Newest{Newest: &ab.SeekNewest{}}}
}

func nextCommit() *ab.SeekPosition {
	return &ab.SeekPosition{Type: &ab.SeekPosition_NextCommit{NextCommit: &ab.SeekNextCommit{}}}
}

func at(n uint64) *ab.SeekPosition {
	return &ab.SeekPosition{Type: &ab.SeekPosition_Specified{Specified: &ab.SeekSpecified{Number: n}}}
}

// grow brings a chain to four blocks: 0 to 3.
func grow(t *testing.T, b *bench) {
	t.Helper()
	for n := range uint64(3) {
		b.mustOrder(t, b.message(t, 1), b.message(t, 1))
		b.block(t, n+1)
	}
}

// collect reads answers up to the next status: "0 1 SUCCESS".
func collect(recv func() (*ab.DeliverResponse, error)) string {
	var out []string
	for {
		r, err := recv()
		if err != nil {
			return strings.Join(append(out, "ended"), " ")
		}
		if blk := r.GetBlock(); blk != nil {
			out = append(out, fmt.Sprint(blk.Header.Number))
			continue
		}
		return strings.Join(append(out, r.GetStatus().String()), " ")
	}
}

func TestDeliverPositions(t *testing.T) {
	b := start(t, nil)
	grow(t, b)
	const fail = ab.SeekInfo_FAIL_IF_NOT_READY
	for _, c := range []struct {
		name string
		seek *ab.SeekInfo
		want string
	}{
		{"all", &ab.SeekInfo{Start: oldest(), Stop: newest()}, "0 1 2 3 SUCCESS"},
		{"oldest", &ab.SeekInfo{Start: oldest(), Stop: oldest()}, "0 SUCCESS"},
		{"newest", &ab.SeekInfo{Start: newest(), Stop: newest()}, "3 SUCCESS"},
		{"range", &ab.SeekInfo{Start: at(1), Stop: at(2)}, "1 2 SUCCESS"},
		{"one", &ab.SeekInfo{Start: at(2), Stop: at(2)}, "2 SUCCESS"},
		{"backwards", &ab.SeekInfo{Start: at(2), Stop: at(1)}, "BAD_REQUEST"},
		{"no start", &ab.SeekInfo{Stop: newest()}, "BAD_REQUEST"},
		{"no stop", &ab.SeekInfo{Start: oldest()}, "BAD_REQUEST"},
		{"empty start", &ab.SeekInfo{Start: &ab.SeekPosition{}, Stop: newest()}, "NOT_FOUND"},
		{"far beyond the end", &ab.SeekInfo{Start: at(9), Stop: at(9)}, "NOT_FOUND"},
		{"beyond the end, not waiting", &ab.SeekInfo{Start: at(2), Stop: at(9), Behavior: fail}, "2 3 NOT_FOUND"},
		{"next block, not waiting", &ab.SeekInfo{Start: at(4), Stop: at(4), Behavior: fail}, "NOT_FOUND"},
		{"next commit, not waiting", &ab.SeekInfo{Start: nextCommit(), Stop: at(9), Behavior: fail}, "NOT_FOUND"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stream, err := b.client.Deliver(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := stream.Send(devtest.Signed(t, common.HeaderType_DELIVER_SEEK_INFO, b.ID, c.seek, b.Orgs[1].Peer())); err != nil {
				t.Fatal(err)
			}
			if got := collect(stream.Recv); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestDeliverRefusals(t *testing.T) {
	b := start(t, nil)
	all := &ab.SeekInfo{Start: oldest(), Stop: newest()}
	aged := func(age time.Duration) *common.Envelope {
		env, err := envelope.NewSigned(envelope.Message{
			Type: common.HeaderType_DELIVER_SEEK_INFO, ChannelID: b.ID,
			Nonce: devtest.Nonce(t), Timestamp: time.Now().Add(-age), Data: all,
		}, b.Orgs[0].Peer())
		if err != nil {
			t.Fatal(err)
		}
		return env
	}
	signed := func(channelID string, m *fpctest.Member) *common.Envelope {
		return devtest.Signed(t, common.HeaderType_DELIVER_SEEK_INFO, channelID, all, m)
	}
	expired := b.Orgs[0].Issue(fpctest.Template{
		Name: "expired", OUs: []string{fpctest.RolePeer},
		NotBefore: b.Orgs[0].Root.Cert.NotBefore, NotAfter: time.Now().Add(-time.Minute),
	})
	forged := signed(b.ID, b.Orgs[0].Peer())
	forged.Signature[len(forged.Signature)-1] ^= 1
	for _, c := range []struct {
		name string
		env  *common.Envelope
		want string
	}{
		{"reader", signed(b.ID, b.Orgs[0].Peer()), "0 SUCCESS"},
		{"garbage", &common.Envelope{Payload: []byte("garbage")}, "BAD_REQUEST"},
		{"old", aged(16 * time.Minute), "BAD_REQUEST"},
		{"from the future", aged(-16 * time.Minute), "BAD_REQUEST"},
		{"unknown channel", signed("elsewhere", b.Orgs[0].Peer()), "NOT_FOUND"},
		{"stranger", signed(b.ID, fpctest.NewOrg(t, "StrangerMSP").Peer()), "FORBIDDEN"},
		{"forged", forged, "FORBIDDEN"},
		{"expired", signed(b.ID, expired), "FORBIDDEN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stream, err := b.client.Deliver(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := stream.Send(c.env); err != nil {
				t.Fatal(err)
			}
			if got := collect(stream.Recv); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// One stream answers several requests, and waits for blocks to come.
func TestDeliverWaits(t *testing.T) {
	b := start(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := b.client.Deliver(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(seek *ab.SeekInfo) {
		t.Helper()
		if err := stream.Send(devtest.Signed(t, common.HeaderType_DELIVER_SEEK_INFO, b.ID, seek, b.Orgs[0].Peer())); err != nil {
			t.Fatal(err)
		}
	}
	ask(&ab.SeekInfo{Start: oldest(), Stop: newest()})
	if got, want := collect(stream.Recv), "0 SUCCESS"; got != want {
		t.Fatalf("first request: got %q, want %q", got, want)
	}
	ask(&ab.SeekInfo{Start: at(0), Stop: at(2)})
	if r, err := stream.Recv(); err != nil || r.GetBlock().GetHeader().GetNumber() != 0 {
		t.Fatalf("second request: got %v, %v, want block 0", r, err)
	}
	b.mustOrder(t, b.message(t, 1), b.message(t, 1), b.message(t, 1), b.message(t, 1))
	if got, want := collect(stream.Recv), "1 2 SUCCESS"; got != want {
		t.Errorf("blocks that came later: got %q, want %q", got, want)
	}
	ask(&ab.SeekInfo{Start: nextCommit(), Stop: at(99)})
	if err := b.orderer.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := collect(stream.Recv), "SERVICE_UNAVAILABLE"; got != want {
		t.Errorf("orderer closes while a reader waits: got %q, want %q", got, want)
	}
}
