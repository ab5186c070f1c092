// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// open brings a fresh ledger enclave to the newest point that is known: the
// checkpoint's head, or the genesis block.
func (h *Host) open(ctx context.Context, e Enclave) (*fpc.Head, error) {
	resumed, part := &fpc.ResumeResponse{}, uint32(0)
	found, err := h.store.load(func(b []byte, last bool) error {
		req := &fpc.ResumeRequest{Checkpoint: b, Part: part, Last: last}
		if last {
			req.AttestationParams = h.config.AttestationParams()
		}
		part++
		return ask(ctx, e, methodResume, req, resumed)
	})
	switch {
	case err != nil && errors.Is(err, ErrEnded):
		return nil, err
	case err != nil:
		return nil, protocol.Wrap(step, CodeDamagedCheckpoint, err).WithHint(
			"move " + h.store.path() + " away: the ledger enclave then follows the channel from its first block")
	case found:
		return h.checkResumed(resumed)
	}
	joined := &fpc.JoinResponse{}
	err = ask(ctx, e, methodJoin, &fpc.JoinRequest{
		Genesis: h.config.Genesis, StateDatabase: h.config.StateDatabase, Registry: h.config.Registry, AttestationParams: h.config.AttestationParams(),
	}, joined)
	return joined.GetHead(), err
}

// checkResumed refuses a checkpoint of something else than was configured. The
// ledger enclave would follow it all the same, and every enclave refuse to talk
// to it.
func (h *Host) checkResumed(r *fpc.ResumeResponse) (*fpc.Head, error) {
	foreign := func(what, is, want string) error {
		return protocol.Errorf(step, CodeForeignCheckpoint, "the checkpoint %s is of %s %s, and %s is wanted", h.store.path(), what, is, want).
			WithHint("name another state folder, or the one that belongs to this channel")
	}
	hex := func(b []byte) string { return fmt.Sprintf("%x", b) }
	switch {
	case !bytes.Equal(r.GetChannelHash(), h.channelHash):
		return nil, foreign("the channel with hash", hex(r.GetChannelHash()), hex(h.channelHash))
	case r.GetStateDatabase() != h.config.StateDatabase:
		return nil, foreign("state database", r.GetStateDatabase(), h.config.StateDatabase)
	case r.GetRegistry() != h.config.Registry:
		return nil, foreign("registry", r.GetRegistry(), h.config.Registry)
	}
	return r.GetHead(), nil
}

// checkpoint has the ledger enclave seal what it knows, and stores it.
func (h *Host) checkpoint(ctx context.Context, e Enclave) error {
	begun, size, part := time.Now(), 0, uint32(0)
	var head *fpc.Head
	err := h.store.save(func() ([]byte, bool, error) {
		resp := &fpc.CheckpointResponse{}
		if err := ask(ctx, e, methodCheckpoint, &fpc.CheckpointRequest{Part: part}, resp); err != nil {
			return nil, false, err
		}
		part++
		size, head = size+len(resp.GetCheckpoint()), resp.GetHead()
		return resp.GetCheckpoint(), resp.GetLast(), nil
	})
	if err != nil {
		return err
	}
	took := time.Since(begun)
	h.config.Meter.Checkpointed(size, took)
	h.config.Log.Debug("checkpoint stored", "height", head.GetHeight(), "bytes", size, "parts", part, "took", took)
	return nil
}
