// SPDX-License-Identifier: Apache-2.0

package deliver

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
)

// session is one reader of one channel.
type session struct {
	server   *Server
	chain    Chain
	resource string
	request  policy.SignedData
	expires  time.Time

	checked  bool
	sequence uint64
}

// authorize holds the reader against the channel's policy, once and then again
// after each change of the configuration. Expiry counts at every block.
func (s *session) authorize() error {
	if !s.expires.IsZero() && s.server.now().After(s.expires) {
		return fmt.Errorf("deliver: client identity expired at %s", s.expires.UTC().Format(time.RFC3339))
	}
	sequence := s.chain.Sequence()
	if s.checked && sequence == s.sequence {
		return nil
	}
	if err := s.chain.Authorize(s.resource, s.request); err != nil {
		return err
	}
	s.checked, s.sequence = true, sequence
	return nil
}

// endless marks a seek without a last block.
const endless = ^uint64(0)

// bounds turns a seek's positions into block numbers, first and last included.
func (s *session) bounds(seek *orderer.SeekInfo) (first, last uint64, status common.Status) {
	if seek.GetStart() == nil || seek.GetStop() == nil {
		return 0, 0, common.Status_BAD_REQUEST
	}
	height := s.chain.Height()
	newest := uint64(0)
	if height > 0 {
		newest = height - 1
	}
	switch start := seek.Start.Type.(type) {
	case *orderer.SeekPosition_Oldest:
	case *orderer.SeekPosition_Newest:
		first = newest
	case *orderer.SeekPosition_Specified:
		first = start.Specified.GetNumber()
		if first > height {
			return 0, 0, common.Status_NOT_FOUND
		}
	case *orderer.SeekPosition_NextCommit:
		first = height
	default:
		return 0, 0, common.Status_NOT_FOUND
	}
	switch stop := seek.Stop.Type.(type) {
	case *orderer.SeekPosition_Oldest:
		last = first
	case *orderer.SeekPosition_Newest:
		// Newest to newest is one block, however fast the chain grows.
		last = newest
		if proto.Equal(seek.Start, seek.Stop) {
			last = first
		}
	case *orderer.SeekPosition_Specified:
		if last = stop.Specified.GetNumber(); last < first {
			return 0, 0, common.Status_BAD_REQUEST
		}
	default:
		// Fabric never meets such a stop: the stream goes on for ever.
		last = endless
	}
	return first, last, common.Status_SUCCESS
}

// stream sends the blocks of one seek.
func (s *session) stream(ctx context.Context, seek *orderer.SeekInfo, out Sender) (common.Status, error) {
	number, last, status := s.bounds(seek)
	if status != common.Status_SUCCESS {
		return status, nil
	}
	for {
		if seek.GetBehavior() == orderer.SeekInfo_FAIL_IF_NOT_READY && number >= s.chain.Height() {
			return common.Status_NOT_FOUND, nil
		}
		if status, err := s.await(ctx, number, seek); err != nil || status != common.Status_SUCCESS {
			return status, err
		}
		block, err := s.chain.Block(number)
		if err != nil {
			return common.Status_INTERNAL_SERVER_ERROR, nil
		}
		if err := s.authorize(); err != nil {
			return common.Status_FORBIDDEN, nil
		}
		if err := out.Block(content(block, seek.GetContentType())); err != nil {
			return common.Status_INTERNAL_SERVER_ERROR, err
		}
		if number == last {
			return common.Status_SUCCESS, nil
		}
		number++
	}
}

// await returns when the block can be read; a client that asked for best
// effort waits through the chain's troubles.
func (s *session) await(ctx context.Context, number uint64, seek *orderer.SeekInfo) (common.Status, error) {
	err := s.chain.WaitHeight(ctx, number+1)
	switch {
	case err == nil:
		return common.Status_SUCCESS, nil
	case ctx.Err() != nil:
		return common.Status_INTERNAL_SERVER_ERROR, fmt.Errorf("deliver: ended before block %d: %w", number, ctx.Err())
	case !errors.Is(err, ErrUnavailable):
		return common.Status_INTERNAL_SERVER_ERROR, nil
	case seek.GetErrorResponse() == orderer.SeekInfo_BEST_EFFORT && number < s.chain.Height():
		return common.Status_SUCCESS, nil
	default:
		return common.Status_SERVICE_UNAVAILABLE, nil
	}
}

// content is what the reader asked to see of a block: all of it, or its header
// and metadata alone. Configuration blocks always come whole, because without
// them a reader cannot verify what follows.
func content(block *common.Block, kind orderer.SeekInfo_SeekContentType) *common.Block {
	if kind != orderer.SeekInfo_HEADER_WITH_SIG || isConfig(block) {
		return block
	}
	return &common.Block{Header: block.GetHeader(), Metadata: block.GetMetadata()}
}

// isConfig tells whether a block holds a configuration transaction, which is
// always alone in its block.
func isConfig(block *common.Block) bool {
	if len(block.GetData().GetData()) != 1 {
		return false
	}
	tx, err := unpack(block.Data.Data[0])
	return err == nil && tx.header.GetType() == int32(common.HeaderType_CONFIG)
}

func parseCertificate(pemBytes []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(pemBytes)
	if block == nil {
		return nil, errors.New("deliver: identity holds no PEM certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}
