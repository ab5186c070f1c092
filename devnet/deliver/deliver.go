// SPDX-License-Identifier: Apache-2.0

// Package deliver is untrusted: it streams a channel's blocks to whoever may
// read them, for the peer (protos.Deliver) and for the orderer
// (orderer.AtomicBroadcast/Deliver) alike. What a client receives it must
// verify by itself; nothing here signs.
//
// One stream answers one SeekInfo after the other: blocks, then a status. A
// status other than SUCCESS ends the stream, as Fabric does.
package deliver

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
)

// DefaultWindow is how far a seek request's timestamp may be from the server's
// clock, unless the server says otherwise.
const DefaultWindow = 15 * time.Minute

// Resources under which a peer authorizes readers; the orderer has one rule
// only and passes OrdererDeliver.
const (
	EventBlock         = "event/Block"
	EventFilteredBlock = "event/FilteredBlock"
	OrdererDeliver     = "orderer/Deliver"
)

// ErrUnavailable is returned by Chain.WaitHeight when the chain cannot grow for now
// (an orderer that has lost its consenters): the client is told
// SERVICE_UNAVAILABLE, unless it asked for best effort and the block is there.
var ErrUnavailable = errors.New("deliver: chain is unavailable")

// Chain is one channel, as far as its readers are concerned. Its methods are
// called by many streams at once.
type Chain interface {
	// Height is the number of blocks that can be read.
	Height() uint64
	// Block returns the block with the given number, which is below Height. The
	// caller does not change it.
	Block(number uint64) (*common.Block, error)
	// WaitHeight returns once Height() >= height; with the context's error when
	// that ends first; with ErrUnavailable while the chain is halted, even if it
	// is that high.
	WaitHeight(ctx context.Context, height uint64) error
	// Sequence is the number of the channel's configuration. A change makes
	// every stream authorize its reader anew before the next block.
	Sequence() uint64
	// Authorize verifies the claim, which is the envelope of the seek request,
	// and tells whether its signer may read the resource under the present
	// configuration.
	Authorize(resource string, claim policy.SignedData) error
}

// Server answers seek requests. Its fields are set before the first use.
type Server struct {
	// Chain finds a channel by its name.
	Chain func(channelID string) (Chain, bool)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Window is the tolerance for the request's timestamp; 0 means DefaultWindow.
	Window time.Duration
	// Expires tells when an identity expires, the zero time for never. The
	// stream of an expired client ends. Nil means the certificate's NotAfter.
	Expires func(identity []byte) time.Time
}

// Sender writes one kind of answer.
type Sender interface {
	Status(common.Status) error
	Block(*common.Block) error
}

// Stream is the receiving half of a deliver call.
type Stream interface {
	Context() context.Context
	Recv() (*common.Envelope, error)
}

// Serve answers the seek requests of one stream until the client hangs up (nil),
// a request fails (its status is sent, then nil) or the transport breaks.
func (s *Server) Serve(stream Stream, resource string, out Sender) error {
	for {
		env, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		status, err := s.answer(stream.Context(), env, resource, out)
		if err != nil {
			return err
		}
		if err := out.Status(status); err != nil || status != common.Status_SUCCESS {
			return err
		}
	}
}

// answer streams the blocks of one request and returns its final status. An
// error means that the stream itself is broken.
func (s *Server) answer(ctx context.Context, env *common.Envelope, resource string, out Sender) (common.Status, error) {
	req, err := parse(env)
	if err != nil || !s.timely(req.header) {
		return common.Status_BAD_REQUEST, nil
	}
	chain, ok := s.Chain(req.header.GetChannelId())
	if !ok {
		return common.Status_NOT_FOUND, nil
	}
	var seek orderer.SeekInfo
	if err := proto.Unmarshal(req.data, &seek); err != nil {
		return common.Status_BAD_REQUEST, nil
	}
	reader := &session{chain: chain, resource: resource, request: req.signed, server: s, expires: s.expires(req.signed.Identity)}
	if err := reader.authorize(); err != nil {
		return common.Status_FORBIDDEN, nil
	}
	return reader.stream(ctx, &seek, out)
}

// timely tells whether the header's timestamp is near the server's clock. A
// replayed request is refused by its age.
func (s *Server) timely(h *common.ChannelHeader) bool {
	if h.GetTimestamp() == nil || h.GetTimestamp().CheckValid() != nil {
		return false
	}
	window := s.Window
	if window == 0 {
		window = DefaultWindow
	}
	age := s.now().Sub(h.GetTimestamp().AsTime())
	return age.Abs() <= window
}

func (s *Server) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *Server) expires(identity []byte) time.Time {
	if s.Expires == nil {
		return certificateExpiry(identity)
	}
	return s.Expires(identity)
}

// request is an unpacked seek envelope.
type request struct {
	header *common.ChannelHeader
	data   []byte
	signed policy.SignedData
}

func parse(env *common.Envelope) (*request, error) {
	var payload common.Payload
	if err := proto.Unmarshal(env.GetPayload(), &payload); err != nil {
		return nil, err
	}
	if payload.GetHeader() == nil {
		return nil, errors.New("deliver: envelope has no header")
	}
	var header common.ChannelHeader
	if err := proto.Unmarshal(payload.Header.ChannelHeader, &header); err != nil {
		return nil, err
	}
	var signature common.SignatureHeader
	if err := proto.Unmarshal(payload.Header.SignatureHeader, &signature); err != nil {
		return nil, err
	}
	return &request{
		header: &header,
		data:   payload.Data,
		signed: policy.SignedData{Data: env.Payload, Identity: signature.Creator, Signature: env.Signature},
	}, nil
}

// certificateExpiry is the NotAfter of a serialized identity's certificate, or
// the zero time when there is none to be read (its signature then fails).
func certificateExpiry(identity []byte) time.Time {
	var id msp.SerializedIdentity
	if err := proto.Unmarshal(identity, &id); err != nil {
		return time.Time{}
	}
	cert, err := parseCertificate(id.GetIdBytes())
	if err != nil {
		return time.Time{}
	}
	return cert.NotAfter
}
