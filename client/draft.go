// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// signable is something that the creator signs: at once by the network's own
// signer, or elsewhere.
type signable struct {
	network   *Network
	creator   []byte
	bytes     []byte
	signature []byte
}

// Bytes returns what is signed.
func (s *signable) Bytes() []byte { return bytes.Clone(s.bytes) }

// Digest returns the SHA-256 of what is signed, for a signer that takes digests.
func (s *signable) Digest() []byte {
	sum := sha256.Sum256(s.bytes)
	return sum[:]
}

// Sign sets the creator's signature over Bytes: ECDSA, ASN.1, low-S, as Fabric
// wants it. Peers check it.
func (s *signable) Sign(signature []byte) { s.signature = bytes.Clone(signature) }

// sign uses the network's own signer if nobody signed, and it is the creator.
func (s *signable) sign() error {
	if s.signature != nil {
		return nil
	}
	own := s.network.config.Signer
	if !bytes.Equal(own.Creator(), s.creator) {
		return fmt.Errorf("not signed: its creator is not this client's own identity, so sign its Digest elsewhere and call Sign")
	}
	signature, err := own.Sign(s.bytes)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	s.signature = signature
	return nil
}

// draft is a proposal that may not be signed yet.
type draft struct {
	signable
	txID    string
	message *peer.Proposal
}

// TransactionID returns the proposal's transaction id.
func (d *draft) TransactionID() string { return d.txID }

// draft builds a proposal. There is no way to give it transient data.
func (n *Network) draft(chaincode string, creator, nonce []byte, args [][]byte) (*draft, error) {
	message, txID, err := envelope.NewProposal(envelope.Request{
		ChannelID: n.config.Pins.ChannelID(), Chaincode: chaincode, Creator: creator, Nonce: nonce,
		Args: args, Timestamp: n.config.Now(),
	})
	if err != nil {
		return nil, fmt.Errorf("build proposal: %w", err)
	}
	b, err := proto.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("encode proposal: %w", err)
	}
	return &draft{signable{network: n, creator: creator, bytes: b}, txID, message}, nil
}

// freshDraft builds a proposal with a nonce of its own.
func (n *Network) freshDraft(chaincode string, creator []byte, args [][]byte) (*draft, error) {
	nonce := make([]byte, envelope.NonceSize)
	_, _ = rand.Read(nonce) // documented never to fail
	return n.draft(chaincode, creator, nonce, args)
}

// signed returns the signed proposal.
func (d *draft) signed() (*peer.SignedProposal, error) {
	if err := d.sign(); err != nil {
		return nil, err
	}
	return &peer.SignedProposal{ProposalBytes: d.bytes, Signature: d.signature}, nil
}

// reply is what one peer answered to a proposal: a good answer, or why not.
type reply struct {
	peer   Peer
	answer *peer.ProposalResponse
	err    error
}

// ask sends a proposal to one peer; a refusal in the answer's status is an error.
func ask(ctx context.Context, p Peer, proposal *peer.SignedProposal) reply {
	answer, err := p.ProcessProposal(ctx, proposal)
	if err == nil {
		if s := answer.GetResponse().GetStatus(); s < 200 || s >= 400 {
			err = &fabric.RejectedError{Server: p.Name(), Status: s, Message: answer.GetResponse().GetMessage()}
		}
	}
	if err != nil {
		return reply{peer: p, err: refused(err)}
	}
	return reply{peer: p, answer: answer}
}

// askUntil sends a proposal to all peers at once, and returns what came when
// enough accepts it, or else all: a peer that hangs does not hold up the others.
func askUntil(ctx context.Context, peers []Peer, proposal *peer.SignedProposal, enough func([]reply) bool) []reply {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	came := make(chan reply, len(peers))
	for _, p := range peers {
		go func() { came <- ask(ctx, p, proposal) }()
	}
	var replies []reply
	for range peers {
		replies = append(replies, <-came)
		if enough(replies) {
			break
		}
	}
	return replies
}
