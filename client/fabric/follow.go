// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// followers are the streams of filtered blocks that one peer's watches share.
// A stream begins with its first watch, and ends when no watch was left for a
// while, so their number is bounded by the identities in use.
type followers struct {
	mu     sync.Mutex // guards open, closed, and all followers and watchers
	open   map[followed]*follower
	closed bool
	pace   pace
}

// followed says which watches can share a stream: a peer decides by the
// identity what it shows.
type followed struct{ channel, creator string }

// pace is how long a follower waits for what.
type pace struct {
	linger      time.Duration // without watches, before the stream is closed
	retry       time.Duration // before the first attempt to reconnect; doubles
	longest     time.Duration // wait between attempts
	reconnected time.Duration // without success, before all watches fail
}

var usualPace = pace{linger: 30 * time.Second, retry: 50 * time.Millisecond, longest: time.Second, reconnected: 10 * time.Second}

// follower reads the filtered blocks of one channel for all watches that share
// them. It holds one entry for each and the newest block, whatever the chain
// does meanwhile.
type follower struct {
	all     *followers
	peer    *Peer
	key     followed
	signer  msp.Signer
	now     func() time.Time
	cancel  context.CancelFunc
	waiting map[string][]*Watcher // by transaction id
	newest  *peer.FilteredBlock   // nil: none came yet
	live    chan struct{}         // closed while the stream stands
	idle    *time.Timer           // runs while nobody waits
}

// follow registers a watch with the stream that it shares, which is opened if
// there is none. The watch is live once the channel is closed.
func (p *Peer) follow(ctx context.Context, channel, txID string, signer msp.Signer, now time.Time) (*Watcher, <-chan struct{}, error) {
	key := followed{channel, string(signer.Creator())}
	p.followers.mu.Lock()
	defer p.followers.mu.Unlock()
	if p.followers.closed {
		return nil, nil, p.closedError()
	}
	f, ok := p.followers.open[key]
	if !ok {
		f = p.newFollower(key, signer, now)
		p.followers.open[key] = f
	}
	f.idle.Stop()
	w := &Watcher{ctx: ctx, follower: f, txID: txID, settled: make(chan struct{})}
	w.unbind = context.AfterFunc(ctx, func() { f.leave(w) })
	f.waiting[txID] = append(f.waiting[txID], w)
	for _, tx := range f.newest.GetFilteredTransactions() { // it may have been broadcast before
		if tx.Txid == txID {
			f.settle(tx, f.newest.Number)
			break
		}
	}
	return w, f.live, nil
}

func (p *Peer) newFollower(key followed, signer msp.Signer, now time.Time) *follower {
	begun := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{
		all: &p.followers, peer: p, key: key, signer: signer, cancel: cancel,
		now:     func() time.Time { return now.Add(time.Since(begun)) },
		waiting: make(map[string][]*Watcher),
		live:    make(chan struct{}),
	}
	f.idle = time.AfterFunc(p.followers.pace.linger, f.retire)
	go func() {
		defer cancel()
		f.end(f.run(ctx))
	}()
	return f
}

// run reads blocks until nobody needs them any more, or they do not come. Who
// waits only learns that it broke if it cannot be mended: the stream goes on
// where it was.
func (f *follower) run(ctx context.Context) error {
	pace := f.all.pace
	pause, broken := pace.retry, time.Now()
	for {
		stood, err := f.read(ctx)
		if ctx.Err() != nil {
			return f.peer.closedError()
		}
		if !f.retries(err) {
			return err
		}
		if stood {
			pause, broken = pace.retry, time.Now()
		} else if time.Since(broken) > pace.reconnected {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return f.peer.closedError()
		}
		pause = min(2*pause, pace.longest)
	}
}

// retries tells whether a broken stream is opened again: not if the peer
// refuses, nor if it could not even be opened once, so that whoever asked can
// ask another peer at once. If it is not, nobody can join any more.
func (f *follower) retries(err error) bool {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	select {
	case <-f.live:
		f.live = make(chan struct{}) // who comes now waits for the next stream
	default:
	}
	var unreachable *UnreachableError
	if errors.As(err, &unreachable) && f.newest != nil && len(f.waiting) > 0 {
		return true
	}
	f.forget()
	return false
}

// read opens a stream at the newest block, so that at least one block comes and
// shows that it stands, and hands out blocks until it breaks.
//
// A Fabric peer cannot filter a block with a transaction that it cannot take
// apart, and says BAD_REQUEST in its place. Anybody who may write to the channel
// can have such a transaction ordered, and with it the others of its block; so
// whole blocks are read then, until this stream ends.
func (f *follower) read(ctx context.Context) (stood bool, _ error) {
	stood, err := f.readFrom(ctx, f.peer.deliver.DeliverFiltered)
	var rejected *RejectedError
	if !errors.As(err, &rejected) || rejected.Status != int32(common.Status_BAD_REQUEST) {
		return stood, err
	}
	again, err := f.readFrom(ctx, f.peer.deliver.Deliver)
	return stood || again, err
}

type deliverCall func(context.Context, ...grpc.CallOption) (rpc.DeliverClientStream, error)

func (f *follower) readFrom(ctx context.Context, open deliverCall) (stood bool, _ error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	seek, err := f.peer.seek(f.key.channel, f.signer, f.now(), f.position(), specified(math.MaxUint64))
	if err != nil {
		return false, err
	}
	stream, err := open(ctx)
	if err != nil {
		return false, callError(ctx, f.peer.name, err)
	}
	_ = stream.Send(seek) // a failed Send has its reason in Recv
	for {
		answer, err := stream.Recv()
		if err != nil {
			return stood, callError(ctx, f.peer.name, err)
		}
		block := answer.GetFilteredBlock()
		if whole := answer.GetBlock(); whole != nil {
			if block, err = filtered(whole); err != nil {
				return stood, &RejectedError{Server: f.peer.name, Message: err.Error()}
			}
		}
		if block == nil {
			return stood, deliverError(f.peer.name, answer.GetStatus())
		}
		if err := f.take(block); err != nil {
			return stood, err
		}
		stood = true
	}
}

// filtered is what watches need of a block: the transactions' ids, of those that
// can be taken apart, and the peer's verdicts.
func filtered(b *common.Block) (*peer.FilteredBlock, error) {
	codes, err := block.Filter(b)
	if err != nil {
		return nil, err
	}
	result := &peer.FilteredBlock{Number: b.GetHeader().GetNumber()}
	for i, raw := range b.GetData().GetData() {
		env := &common.Envelope{}
		if proto.Unmarshal(raw, env) != nil {
			continue
		}
		opened, err := envelope.OpenAny(env)
		if err != nil {
			continue
		}
		result.FilteredTransactions = append(result.FilteredTransactions, &peer.FilteredTransaction{
			Txid: opened.Channel.GetTxId(), TxValidationCode: codes[i],
		})
	}
	return result, nil
}

// deliverError is the status that a peer ended a stream with.
func deliverError(server string, s common.Status) error {
	switch s {
	case common.Status_SERVICE_UNAVAILABLE, common.Status_INTERNAL_SERVER_ERROR:
		return &UnreachableError{Server: server, Err: errors.New("deliver: " + s.String())}
	}
	return &RejectedError{Server: server, Status: int32(s), Message: "deliver: " + s.String()}
}

func (f *follower) position() *orderer.SeekPosition {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	if f.newest == nil {
		return &orderer.SeekPosition{Type: &orderer.SeekPosition_Newest{Newest: &orderer.SeekNewest{}}}
	}
	return specified(f.newest.Number)
}

func (p *Peer) closedError() error {
	return &UnreachableError{Server: p.name, Err: errors.New("the connection was closed")}
}

// close ends all streams; who waits is told.
func (s *followers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, f := range s.open {
		f.cancel()
	}
}
