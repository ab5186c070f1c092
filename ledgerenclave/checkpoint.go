// SPDX-License-Identifier: Apache-2.0

package ledgerenclave

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/ledgerenclave/index"
	"github.com/privatechaincode/fpc/protocol"
)

// checkpointVersion is the version of checkpoints that this code writes and
// reads.
const checkpointVersion = 1

// checkpoint is a checkpoint being written.
type checkpoint struct {
	ledger *ledger
	export *index.Export
	id     []byte // random
	head   *fpc.Head
	part   uint32 // the next one
}

// Checkpoint returns the next part of a sealed checkpoint; part 0 begins one, at
// the present head. Blocks come in and asks are answered meanwhile. A host can
// put back an old checkpoint, or another one of the same code: it then shows an
// older head, which chaincode enclaves that saw a newer one refuse.
//
// Codes: not_joined, no_checkpoint (not the next part).
func (e *Enclave) Checkpoint(_ context.Context, req *fpc.CheckpointRequest) (*fpc.CheckpointResponse, error) {
	const step = "VAL-8"
	l, err := e.joined(step)
	if err != nil {
		return nil, err
	}
	e.checkpointing.Lock()
	defer e.checkpointing.Unlock()
	if req.GetPart() == 0 {
		if err := e.beginCheckpoint(step, l); err != nil {
			return nil, err
		}
	}
	c := e.checkpoint
	if c == nil || c.part != req.GetPart() {
		return nil, protocol.Errorf(step, CodeNoCheckpoint, "part %d is not the next one of a checkpoint", req.GetPart())
	}
	piece, last := c.export.Part(e.config.Limits.MaxPart)
	if piece.GetHeader() != nil {
		piece.Header.StateDatabase, piece.Header.Registry = l.stateDatabase, l.registry
	}
	sealed, err := e.sealPart(step, c, piece, last)
	if c.part++; last || err != nil {
		e.endCheckpoint()
	}
	if err != nil {
		return nil, err
	}
	return &fpc.CheckpointResponse{Checkpoint: sealed, Last: last, Head: c.head}, nil
}

func (e *Enclave) beginCheckpoint(step string, l *ledger) error {
	e.endCheckpoint()
	id := make([]byte, 32)
	if _, err := rand.Read(id); err != nil {
		return protocol.Errorf(step, protocol.CodeInternal, "name a checkpoint: %w", err)
	}
	view := l.index.Newest()
	export, err := view.Export()
	if err != nil {
		return protocol.Errorf(step, protocol.CodeInternal, "%w", err)
	}
	e.checkpoint = &checkpoint{ledger: l, export: export, id: id, head: view.Head()}
	return nil
}

// endCheckpoint gives up the checkpoint under way, if there is one.
func (e *Enclave) endCheckpoint() {
	if e.checkpoint != nil {
		e.checkpoint.export.Close()
		e.checkpoint = nil
	}
}

func (e *Enclave) sealPart(step string, c *checkpoint, piece *fpc.LedgerPart, last bool) ([]byte, error) {
	plain, err := proto.Marshal(piece)
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "encode a part: %w", err)
	}
	p := e.config.Platform
	m := &fpc.SealedLedgerPart{
		Version: checkpointVersion, Platform: p.Name(), CodeId: p.CodeID(), ChannelHash: c.ledger.channelHash,
		Head: c.head, Checkpoint: c.id, Part: c.part, Last: last,
	}
	if m.Sealed, err = p.SealingKey().Seal(keys.LabelLedgerCheckpoint, partAAD(m), plain); err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "seal a part: %w", err)
	}
	out, err := proto.Marshal(m)
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "encode a sealed part: %w", err)
	}
	return out, nil
}

// partAAD is all of a part but what is sealed.
func partAAD(m *fpc.SealedLedgerPart) []byte {
	number := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	last := byte(0)
	if m.GetLast() {
		last = 1
	}
	return keys.Encode("part", number(m.GetVersion()), []byte(m.GetPlatform()), []byte(m.GetCodeId()), m.GetChannelHash(),
		binary.BigEndian.AppendUint64(nil, m.GetHead().GetHeight()), m.GetHead().GetHash(), m.GetCheckpoint(),
		number(m.GetPart()), []byte{last})
}

// resuming is a checkpoint being read.
type resuming struct {
	first  *fpc.SealedLedgerPart // without what is sealed
	header *fpc.LedgerHeader
	index  *index.Import
	part   uint32 // the next one
}

// Resume takes the parts of a sealed checkpoint, one after the other; part 0
// begins anew. With the last part the enclave follows the channel from the
// checkpoint's head on. Until then, and after any error, it knows no channel.
//
// Codes: already_joined, checkpoint_truncated, checkpoint_version,
// checkpoint_other_platform, checkpoint_other_code, checkpoint_tampered,
// checkpoint_other_part.
func (e *Enclave) Resume(_ context.Context, req *fpc.ResumeRequest) (*fpc.ResumeResponse, error) {
	const step = "VAL-8"
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.fresh(step); err != nil {
		return nil, err
	}
	resp, err := e.resume(step, req)
	if err != nil {
		e.resuming = nil
	}
	return resp, err
}

func (e *Enclave) resume(step string, req *fpc.ResumeRequest) (*fpc.ResumeResponse, error) {
	m := &fpc.SealedLedgerPart{}
	if err := proto.Unmarshal(req.GetCheckpoint(), m); err != nil || len(m.GetSealed()) == 0 {
		return nil, protocol.Errorf(step, CodeCheckpointTruncated, "%d bytes are no part of a checkpoint, or not all of it", len(req.GetCheckpoint()))
	}
	if err := e.expectPart(step, req, m); err != nil {
		return nil, err
	}
	plain, err := e.config.Platform.SealingKey().Open(keys.LabelLedgerCheckpoint, partAAD(m), m.GetSealed())
	if err != nil {
		return nil, protocol.Errorf(step, CodeCheckpointTampered, "part %d was altered, or sealed on another machine: %w", m.GetPart(), err)
	}
	piece := &fpc.LedgerPart{}
	if err := proto.Unmarshal(plain, piece); err != nil {
		return nil, protocol.Errorf(step, protocol.CodeSealedState, "part %d is not of this program's making: %w", m.GetPart(), err)
	}
	r := e.resuming
	if r == nil {
		m.Sealed = nil
		r = &resuming{first: m, header: piece.GetHeader(), index: index.NewImport(kept(piece.GetHeader().GetRegistry()), KeptHeads)}
		e.resuming = r
	}
	if err := r.index.Add(piece); err != nil {
		return nil, protocol.Errorf(step, protocol.CodeSealedState, "part %d: %w", m.GetPart(), err)
	}
	r.part++
	if !m.GetLast() {
		return &fpc.ResumeResponse{}, nil
	}
	return e.resumed(step, r, req.GetAttestationParams())
}

// expectPart refuses parts of another code, and all but the next part of the
// checkpoint under way.
func (e *Enclave) expectPart(step string, req *fpc.ResumeRequest, m *fpc.SealedLedgerPart) error {
	p := e.config.Platform
	switch {
	case m.GetVersion() != checkpointVersion:
		return protocol.Errorf(step, CodeCheckpointVersion, "the checkpoint is of version %d, this code reads %d", m.GetVersion(), checkpointVersion)
	case m.GetPlatform() != p.Name():
		return protocol.Errorf(step, CodeCheckpointOtherPlatform, "the checkpoint was sealed on platform %q, this is %q", m.GetPlatform(), p.Name())
	case m.GetCodeId() != p.CodeID():
		return protocol.Errorf(step, CodeCheckpointOtherCode, "the checkpoint was sealed by code %.12s, this is %.12s", m.GetCodeId(), p.CodeID())
	case m.GetPart() != req.GetPart():
		return protocol.Errorf(step, CodeCheckpointOtherPart, "part %d was given as part %d", m.GetPart(), req.GetPart())
	case req.GetLast() && !m.GetLast():
		return protocol.Errorf(step, CodeCheckpointTruncated, "part %d is not the checkpoint's last one", m.GetPart())
	}
	if req.GetPart() == 0 {
		e.resuming = nil
		return nil
	}
	r := e.resuming
	if r == nil || r.part != m.GetPart() || !bytes.Equal(r.first.GetCheckpoint(), m.GetCheckpoint()) || !proto.Equal(r.first.GetHead(), m.GetHead()) {
		return protocol.Errorf(step, CodeCheckpointOtherPart, "part %d is not the next one of the checkpoint under way", m.GetPart())
	}
	return nil
}

// resumed makes what was read this enclave's ledger.
func (e *Enclave) resumed(step string, r *resuming, params []byte) (*fpc.ResumeResponse, error) {
	ix, err := r.index.Finish()
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeSealedState, "%w", err)
	}
	a, err := agreed{r.header.GetStateDatabase(), r.header.GetRegistry(), params}.check(step)
	if err != nil {
		return nil, err
	}
	if hash, ok := ix.HashAt(1); !ok || !bytes.Equal(hash, r.first.GetChannelHash()) || !proto.Equal(ix.Newest().Head(), r.first.GetHead()) {
		return nil, protocol.Errorf(step, protocol.CodeSealedState, "the checkpoint is of another channel or head than it says")
	}
	if err := e.install(step, ix, a); err != nil {
		return nil, err
	}
	return &fpc.ResumeResponse{
		ChannelHash: r.first.GetChannelHash(), Head: ix.Newest().Head(), StateDatabase: a.stateDatabase, Registry: a.registry,
	}, nil
}
