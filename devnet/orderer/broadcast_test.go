// SPDX-License-Identifier: Apache-2.0

package orderer

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/ledger/kv"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

func TestBroadcastFilters(t *testing.T) {
	b := start(t, nil)
	data := &peer.Response{Message: "x"}
	client := b.Orgs[0].Client()
	expired := b.Orgs[0].Issue(fpctest.Template{
		Name: "expired", OUs: []string{fpctest.RoleClient},
		NotBefore: b.Orgs[0].Root.Cert.NotBefore, NotAfter: time.Now().Add(-time.Minute),
	})
	signed := func(kind common.HeaderType, channelID string, signer *fpctest.Member) *common.Envelope {
		return devtest.Signed(t, kind, channelID, data, signer)
	}
	forged := signed(common.HeaderType_ENDORSER_TRANSACTION, b.ID, client)
	forged.Signature[len(forged.Signature)-1] ^= 1
	unsigned := signed(common.HeaderType_ENDORSER_TRANSACTION, b.ID, client)
	unsigned.Signature = nil
	stranger := fpctest.NewOrg(t, "StrangerMSP").Client()
	namesake := fpctest.NewOrg(t, "Org1MSP").Client()
	const bad, forbidden = common.Status_BAD_REQUEST, common.Status_FORBIDDEN
	for _, c := range []struct {
		name string
		env  *common.Envelope
		want common.Status
		info string
	}{
		{"good", signed(common.HeaderType_ENDORSER_TRANSACTION, b.ID, client), common.Status_SUCCESS, ""},
		{"unknown type is the peers' affair", signed(99, b.ID, client), common.Status_SUCCESS, ""},
		{"empty", &common.Envelope{}, bad, "empty"},
		{"garbage", &common.Envelope{Payload: []byte("garbage")}, bad, "channel ID"},
		{"no header", &common.Envelope{Payload: devtest.Marshal(t, &common.Payload{Data: []byte("x")})}, bad, "channel ID"},
		{"unknown channel", signed(common.HeaderType_ENDORSER_TRANSACTION, "elsewhere", client), common.Status_NOT_FOUND, "elsewhere"},
		{"too large", b.message(t, 1<<20), bad, "exceeds maximum"},
		{"expired", signed(common.HeaderType_ENDORSER_TRANSACTION, b.ID, expired), bad, "expired"},
		{"forged signature", forged, forbidden, "permission denied"},
		{"no signature", unsigned, forbidden, "permission denied"},
		{"foreign organisation", signed(common.HeaderType_ENDORSER_TRANSACTION, b.ID, stranger), forbidden, "permission denied"},
		{"self-made organisation of the same name", signed(common.HeaderType_ENDORSER_TRANSACTION, b.ID, namesake), forbidden, "permission denied"},
		{"config transaction", signed(common.HeaderType_CONFIG, b.ID, b.Orgs[0].Admin()), bad, "cannot be processed directly"},
		{"config update of garbage", signed(common.HeaderType_CONFIG_UPDATE, b.ID, b.Orgs[0].Admin()), bad, "config update"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := b.broadcast(t, c.env)[0]
			if got.Status != c.want || !strings.Contains(got.Info, c.info) {
				t.Errorf("got %v %q, want %v with %q", got.Status, got.Info, c.want, c.info)
			}
		})
	}
	if got := len(b.block(t, 1).Data.Data); got != 2 {
		t.Errorf("messages in block 1: got %d, want the 2 good ones", got)
	}
	if got := b.orderer.chain(b.ID).Height(); got != 2 {
		t.Errorf("height: got %d, want 2: refused messages make no block", got)
	}
}

func TestStreamEndsAfterRefusal(t *testing.T) {
	b := start(t, nil)
	stream, err := b.client.Broadcast(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&common.Envelope{}); err != nil {
		t.Fatal(err)
	}
	if r, err := stream.Recv(); err != nil || r.Status != common.Status_BAD_REQUEST {
		t.Fatalf("got %v, %v, want BAD_REQUEST", r.GetStatus(), err)
	}
	if r, err := stream.Recv(); err == nil {
		t.Errorf("after a refusal: got %v, want the end of the stream", r.GetStatus())
	}
}

func TestBlocksAreCutByCountAndTime(t *testing.T) {
	b := start(t, nil)
	first, second, third := b.message(t, 1), b.message(t, 2), b.message(t, 3)
	b.mustOrder(t, first, second, third)
	one := b.block(t, 1)
	if got := len(one.Data.Data); got != 2 {
		t.Errorf("block 1 by count: got %d messages, want 2", got)
	}
	<-b.timers.started // the first message's, stopped when the count was reached
	expire := <-b.timers.started
	if got := b.orderer.chain(b.ID).Height(); got != 2 {
		t.Errorf("height before the timer expires: got %d, want 2", got)
	}
	expire <- time.Time{}
	two := b.block(t, 2)
	if got := len(two.Data.Data); got != 1 {
		t.Errorf("block 2 by time: got %d messages, want 1", got)
	}
	if want := devtest.Marshal(t, third); string(two.Data.Data[0]) != string(want) {
		t.Error("block 2 does not hold the third message as it was sent")
	}
	for _, blk := range []*common.Block{one, two} {
		if err := b.Bundle.VerifyBlock(blk); err != nil {
			t.Errorf("block %d under BlockValidation: got %v, want nil", blk.Header.Number, err)
		}
	}
	if err := block.Check(two, one.Header); err != nil {
		t.Errorf("block 2 after block 1: got %v, want nil", err)
	}
}

func TestLargeMessageIsAlone(t *testing.T) {
	b := start(t, nil)
	b.mustOrder(t, b.message(t, 1), b.message(t, 64<<10))
	if got := len(b.block(t, 1).Data.Data); got != 1 {
		t.Errorf("block 1: got %d messages, want the one that waited", got)
	}
	if got := len(b.block(t, 2).Data.Data); got != 1 {
		t.Errorf("block 2: got %d messages, want the large one", got)
	}
}

// batchUpdate is an update of the batch size, signed by the orderer's admin.
func batchUpdate(t *testing.T, b *bench, from *channel.Bundle, count uint32) *common.Envelope {
	t.Helper()
	to := proto.CloneOf(from.Config())
	value := to.ChannelGroup.Groups["Orderer"].Values["BatchSize"]
	value.Value = devtest.Marshal(t, batchSize(count))
	update, err := channel.ComputeUpdate(b.ID, from.Config(), to)
	if err != nil {
		t.Fatal(err)
	}
	raw := devtest.Marshal(t, update)
	admin := b.Orderer.Admin()
	signature, err := channel.SignUpdate(raw, devtest.Nonce(t), admin)
	if err != nil {
		t.Fatal(err)
	}
	env, err := channel.UpdateEnvelope(b.ID, raw, []*common.ConfigSignature{signature}, devtest.Nonce(t), time.Now(), admin)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func TestConfigUpdateIsAloneAndInForce(t *testing.T) {
	b := start(t, nil)
	b.mustOrder(t, b.message(t, 1), batchUpdate(t, b, b.Bundle, 1))
	if got := len(b.block(t, 1).Data.Data); got != 1 {
		t.Errorf("block 1: got %d messages, want the one that waited", got)
	}
	config := b.block(t, 2)
	if !block.IsConfig(config) {
		t.Error("block 2 is no configuration block")
	}
	bundle, err := channel.FromBlock(config)
	if err != nil {
		t.Fatal(err)
	}
	if got := bundle.Sequence(); got != 1 {
		t.Errorf("sequence: got %d, want 1", got)
	}
	if err := b.Bundle.VerifyBlock(config); err != nil {
		t.Errorf("configuration block under the former policy: got %v, want nil", err)
	}
	b.mustOrder(t, b.message(t, 1)) // a count of one cuts at once
	next := b.block(t, 3)
	for _, c := range []struct {
		block *common.Block
		want  uint64
	}{{b.block(t, 1), 0}, {config, 2}, {next, 2}} {
		if got, err := block.LastConfig(c.block); err != nil || got != c.want {
			t.Errorf("last configuration at block %d: got %d, %v, want %d", c.block.Header.Number, got, err, c.want)
		}
	}
	again := b.broadcast(t, batchUpdate(t, b, b.Bundle, 3))[0]
	if again.Status != common.Status_BAD_REQUEST {
		t.Errorf("update of a former configuration: got %v %q, want BAD_REQUEST", again.Status, again.Info)
	}
}

func TestOrdererGoesOnAfterARestart(t *testing.T) {
	dir := t.TempDir()
	ch := devtest.NewChannel(t, "mychannel", 2, limits)
	var last *common.Block
	for round := range 3 {
		store, err := kv.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Run("round", func(t *testing.T) {
			b := newBench(t, ch, store, nil)
			if round == 0 {
				b.mustOrder(t, batchUpdate(t, b, ch.Bundle, 1))
				last = b.block(t, 1)
				return
			}
			b.mustOrder(t, b.message(t, round))
			next := b.block(t, uint64(round)+1)
			if err := block.Check(next, last.Header); err != nil {
				t.Errorf("round %d: block after the restart: got %v, want nil", round, err)
			}
			if got, err := block.LastConfig(next); err != nil || got != 1 {
				t.Errorf("round %d: last configuration: got %d, %v, want 1", round, got, err)
			}
			last = next
		})
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestClosedOrdererIsUnavailable(t *testing.T) {
	b := start(t, nil)
	if err := b.orderer.Close(); err != nil {
		t.Fatal(err)
	}
	if got := b.broadcast(t, b.message(t, 1))[0]; got.Status != common.Status_SERVICE_UNAVAILABLE {
		t.Errorf("got %v %q, want SERVICE_UNAVAILABLE", got.Status, got.Info)
	}
}
