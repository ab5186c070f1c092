// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// StartWriteBatch holds writes back where the peer takes batches (3.x).
func (s *stub) StartWriteBatch() {
	extra := s.tx.session.extra
	if !extra.GetUseWriteBatch() || extra.GetMaxSizeWriteBatch() < 1 {
		return
	}
	s.batchMu.Lock()
	defer s.batchMu.Unlock()
	if s.batch == nil {
		s.batch = &[]*peer.WriteRecord{}
	}
}

// FinishWriteBatch sends the writes held back, in their order, as few messages.
func (s *stub) FinishWriteBatch() error {
	s.batchMu.Lock()
	defer s.batchMu.Unlock()
	if s.batch == nil {
		return nil
	}
	records := *s.batch
	s.batch = nil
	for len(records) > 0 {
		n := s.fitting(records)
		if _, err := s.tx.ask(peer.ChaincodeMessage_WRITE_BATCH_STATE, &peer.WriteBatchState{Rec: records[:n]}); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// fitting tells how many of the first records, at least one, go in one message:
// by the peer's count, and by half of the largest message.
func (s *stub) fitting(records []*peer.WriteRecord) int {
	count := min(len(records), int(s.tx.session.extra.GetMaxSizeWriteBatch()))
	size := proto.Size(records[0])
	for n := 1; n < count; n++ {
		if size += proto.Size(records[n]); size > s.tx.session.options.MaxMessage/2 {
			return n
		}
	}
	return count
}

// write sends a write, or adds it to the batch.
func (s *stub) write(r *peer.WriteRecord) error {
	s.batchMu.Lock()
	held := s.batch != nil
	if held {
		*s.batch = append(*s.batch, r)
	}
	s.batchMu.Unlock()
	if held {
		return nil
	}
	return s.writeNow(r)
}

func (s *stub) writeNow(r *peer.WriteRecord) error {
	var kind peer.ChaincodeMessage_Type
	var request proto.Message
	switch r.GetType() {
	case peer.WriteRecord_PUT_STATE:
		kind, request = peer.ChaincodeMessage_PUT_STATE, &peer.PutState{Collection: r.GetCollection(), Key: r.GetKey(), Value: r.GetValue()}
	case peer.WriteRecord_DEL_STATE:
		kind, request = peer.ChaincodeMessage_DEL_STATE, &peer.DelState{Collection: r.GetCollection(), Key: r.GetKey()}
	case peer.WriteRecord_PUT_STATE_METADATA:
		kind, request = peer.ChaincodeMessage_PUT_STATE_METADATA, &peer.PutStateMetadata{Collection: r.GetCollection(), Key: r.GetKey(), Metadata: r.GetMetadata()}
	case peer.WriteRecord_PURGE_PRIVATE_DATA:
		kind, request = peer.ChaincodeMessage_PURGE_PRIVATE_DATA, &peer.PurgePrivateState{Collection: r.GetCollection(), Key: r.GetKey()}
	default:
		return fmt.Errorf("write of unknown type %s", r.GetType())
	}
	_, err := s.tx.ask(kind, request)
	return err
}
