// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Call says what a proposal shall ask for.
type Call struct {
	Channel   string // empty: the peer itself (install and the like)
	Chaincode string
	Args      [][]byte
	Transient map[string][]byte
	IsInit    bool
}

// Args turns strings into arguments.
func Args(args ...string) [][]byte {
	out := make([][]byte, len(args))
	for i, a := range args {
		out[i] = []byte(a)
	}
	return out
}

// Proposal is a call by one client, with its transaction id.
type Proposal struct {
	TxID    string
	Call    Call
	Message *peer.Proposal
	Signed  *peer.SignedProposal
}

// Prepare builds and signs a proposal. now goes into its header; peers refuse
// one that is far from their own clock.
func Prepare(call Call, signer msp.Signer, random io.Reader, now time.Time) (*Proposal, error) {
	nonce := make([]byte, envelope.NonceSize)
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("choose a nonce: %w", err)
	}
	message, txID, err := envelope.NewProposal(envelope.Request{
		ChannelID: call.Channel, Chaincode: call.Chaincode, Creator: signer.Creator(), Nonce: nonce,
		Args: call.Args, Transient: call.Transient, IsInit: call.IsInit, Timestamp: now,
	})
	if err != nil {
		return nil, fmt.Errorf("build proposal: %w", err)
	}
	signed, err := envelope.SignProposal(message, signer)
	if err != nil {
		return nil, fmt.Errorf("sign proposal: %w", err)
	}
	return &Proposal{TxID: txID, Call: call, Message: message, Signed: signed}, nil
}

// Ask sends the proposal to one peer and returns its answer, or [RejectedError]
// when the peer or the chaincode refused.
func (p *Proposal) Ask(ctx context.Context, to *Peer) (*peer.ProposalResponse, error) {
	resp, err := to.ProcessProposal(ctx, p.Signed)
	if err != nil {
		return nil, err
	}
	if s := resp.Response.Status; s < 200 || s >= 400 {
		return nil, &RejectedError{Server: to.Name(), Status: s, Message: resp.Response.Message}
	}
	return resp, nil
}

// Answer is what one peer answered.
type Answer struct {
	Peer     *Peer
	Response *peer.ProposalResponse
}

// AskAll sends the proposal to all peers at once. It fails with all their errors
// if any fails.
func (p *Proposal) AskAll(ctx context.Context, peers []*Peer) ([]Answer, error) {
	if len(peers) == 0 {
		return nil, errors.New("no peer named to endorse; name some with --peerAddresses")
	}
	answers, errs := make([]Answer, len(peers)), make([]error, len(peers))
	done := make(chan struct{})
	for i, to := range peers {
		go func() {
			defer func() { done <- struct{}{} }()
			resp, err := p.Ask(ctx, to)
			answers[i], errs[i] = Answer{Peer: to, Response: resp}, err
		}()
	}
	for range peers {
		<-done
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return answers, nil
}

// Transaction is an endorsed proposal, ready to be signed and ordered.
type Transaction struct {
	TxID    string
	Result  *peer.Response // of the execution that was endorsed
	Payload []byte         // what the client signs
}

// Endorse collects endorsements; all must be over the same bytes.
func Endorse(ctx context.Context, p *Proposal, peers []*Peer) (*Transaction, error) {
	answers, err := p.AskAll(ctx, peers)
	if err != nil {
		return nil, err
	}
	return p.Assemble(answers)
}

// Assemble forms the transaction from answers already collected.
func (p *Proposal) Assemble(answers []Answer) (*Transaction, error) {
	responses := make([]*peer.ProposalResponse, len(answers))
	names := make([]string, len(answers))
	same := true
	for i, a := range answers {
		responses[i], names[i] = a.Response, a.Peer.Name()
		same = same && bytes.Equal(a.Response.Payload, answers[0].Response.Payload)
	}
	if !same {
		return nil, &DisagreementError{TxID: p.TxID, Servers: names}
	}
	payload, err := envelope.CreateTransaction(p.Message, responses...)
	if err != nil {
		return nil, fmt.Errorf("form transaction %s: %w", p.TxID, err)
	}
	return &Transaction{TxID: p.TxID, Result: responses[0].Response, Payload: payload}, nil
}

// Sign gives the envelope that an orderer takes.
func (t *Transaction) Sign(signer msp.Signer) (*common.Envelope, error) {
	return envelope.Sign(t.Payload, signer)
}
