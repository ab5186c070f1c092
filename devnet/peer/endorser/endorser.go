// SPDX-License-Identifier: Apache-2.0

// Package endorser is untrusted: it takes proposals, checks them in Fabric's
// order, simulates them and signs what came out.
//
// What is wrong with a proposal itself is a gRPC error. What goes wrong while
// it is processed is an answer with status 500 and no payload. A chaincode's
// refusal is an answer with the chaincode's status and no endorsement.
package endorser

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/trace"
)

// Statuses of responses: from statusRefused on nothing is endorsed.
const (
	statusRefused = 400
	statusError   = 500
)

// Runner executes chaincodes; chaincode.Support is one.
type Runner interface {
	IsSystem(name string) bool
	Definition(inv *chaincode.Invocation, name string) (*chaincode.Definition, error)
	Execute(ctx context.Context, inv *chaincode.Invocation, name string, input *peer.ChaincodeInput) (*peer.Response, *peer.ChaincodeEvent, error)
}

// Endorser serves protos.Endorser. Its fields are set before the first use.
type Endorser struct {
	// Channel returns a joined channel.
	Channel func(id string) (*ledger.Ledger, bool)
	// Local is the MSP of the peer's organisation: it knows the creators of
	// proposals to the peer itself.
	Local *msp.MSP
	// MayPropose tells whether somebody may propose on a channel.
	MayPropose func(channelID string, id *msp.Presented) error
	Runner     Runner
	Signer     msp.Signer
	// Now is the peer's clock, for the expiry of creators.
	Now func() time.Time
	// Answered is told of every answer; may be nil.
	Answered func(*peer.ProposalResponse, error)
	Trace    trace.Recorder
	Log      *slog.Logger
}

// ProcessProposal implements rpc.EndorserServer. With an error it returns a
// response too where the proposal could be read at all: only a caller in the
// same process sees both, and tells a bad proposal from a bad connection by it.
func (e *Endorser) ProcessProposal(ctx context.Context, signed *peer.SignedProposal) (*peer.ProposalResponse, error) {
	response, err := e.answer(ctx, signed)
	if e.Answered != nil {
		e.Answered(response, err)
	}
	return response, err
}

func (e *Endorser) answer(ctx context.Context, signed *peer.SignedProposal) (*peer.ProposalResponse, error) {
	if err := e.checkExpiry(signed); err != nil {
		return nil, err
	}
	p, err := envelope.UnpackProposal(signed)
	if err != nil {
		return failed(err), err
	}
	e.received(p)
	var l *ledger.Ledger
	if id := p.ChannelID(); id != "" {
		var ok bool
		if l, ok = e.Channel(id); !ok {
			return failed(fmt.Errorf("channel '%s' not found", id)), nil
		}
	}
	proposer, err := e.admit(p, l)
	if err != nil {
		e.Log.Info("proposal refused", "txid", p.TxID(), "chaincode", p.Chaincode, "reason", err)
		return failed(err), err
	}
	response, err := e.process(ctx, p, l, proposer)
	if err != nil {
		e.Log.Info("proposal failed", "txid", p.TxID(), "chaincode", p.Chaincode, "reason", err)
		return failed(err), nil
	}
	e.answered(p)
	return response, nil
}

func failed(err error) *peer.ProposalResponse {
	return &peer.ProposalResponse{Response: &peer.Response{Status: statusError, Message: err.Error()}}
}

// checkExpiry is the filter in front of the endorser: certificates' expiry
// counts here, by the peer's clock, and nowhere later.
func (e *Endorser) checkExpiry(signed *peer.SignedProposal) error {
	var proposal peer.Proposal
	if err := proto.Unmarshal(signed.GetProposalBytes(), &proposal); err != nil {
		return fmt.Errorf("failed parsing proposal: %w", err)
	}
	var header common.Header
	if err := proto.Unmarshal(proposal.GetHeader(), &header); err != nil {
		return fmt.Errorf("failed parsing header: %w", err)
	}
	var signature common.SignatureHeader
	if err := proto.Unmarshal(header.GetSignatureHeader(), &signature); err != nil {
		return fmt.Errorf("failed parsing signature header: %w", err)
	}
	if expiry, ok := expiryOf(signature.GetCreator()); ok && e.Now().After(expiry) {
		return errors.New("proposal client identity expired")
	}
	return nil
}

// expiryOf reads the NotAfter of a serialized identity. One that cannot be read
// is refused later, for what it is.
func expiryOf(creator []byte) (time.Time, bool) {
	_, certPEM, err := msp.ParseSerialized(creator)
	if err != nil {
		return time.Time{}, false
	}
	block, _ := pem.Decode(certPEM)
	if block == nil {
		return time.Time{}, false
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}, false
	}
	return cert.NotAfter, true
}

// admit checks who proposes, that the transaction is new, and that the proposer
// may propose. A proposal to the peer itself has no transaction to be new.
func (e *Endorser) admit(p *envelope.Proposal, l *ledger.Ledger) (*msp.Identity, error) {
	id, err := e.authenticate(p, l)
	if err != nil {
		return nil, fmt.Errorf("error validating proposal: %w", err)
	}
	if l == nil {
		return id, nil
	}
	switch _, err := l.TxStatus(p.TxID()); {
	case err == nil:
		return nil, fmt.Errorf("duplicate transaction found [%s]. Creator [%x]", p.TxID(), p.Creator())
	case !errors.Is(err, ledger.ErrNotFound):
		return nil, err
	}
	if e.Runner.IsSystem(p.Chaincode) {
		return id, nil // system chaincodes check their callers themselves
	}
	return id, e.MayPropose(p.ChannelID(), id.Presented)
}

// authenticate returns the creator, whose signature is on the proposal.
func (e *Endorser) authenticate(p *envelope.Proposal, l *ledger.Ledger) (*msp.Identity, error) {
	present := e.Local.Present
	if l != nil {
		present = l.Bundle().Identities().Present
	}
	presented, err := present(p.Creator())
	if err != nil {
		return nil, fmt.Errorf("access denied: channel [%s] creator org unknown, creator is malformed", p.ChannelID())
	}
	denied := fmt.Errorf("access denied: channel [%s] creator org [%s]", p.ChannelID(), presented.MSPID())
	id, err := presented.Validate()
	if err != nil {
		e.Log.Info("creator is not valid", "txid", p.TxID(), "reason", err)
		return nil, denied
	}
	claim := p.SignedData()
	if err := id.Verify(claim.Data, claim.Signature); err != nil {
		e.Log.Info("proposal signature is not its creator's", "txid", p.TxID(), "reason", err)
		return nil, denied
	}
	return id, nil
}

// simulates tells whether a chaincode runs against the state; qscc and cscc ask
// the ledger itself.
func simulates(l *ledger.Ledger, name string) bool {
	return l != nil && name != "qscc" && name != "cscc"
}

func (e *Endorser) process(ctx context.Context, p *envelope.Proposal, l *ledger.Ledger, proposer *msp.Identity) (*peer.ProposalResponse, error) {
	inv := &chaincode.Invocation{ChannelID: p.ChannelID(), TxID: p.TxID(), Proposal: p}
	if l != nil {
		inv.Proposer = proposer.Presented // who signs for the peer itself, only the peer's own MSP knows
	}
	if simulates(l, p.Chaincode) {
		snap, err := l.Snapshot()
		if err != nil {
			return nil, err
		}
		inv.Sim = simulator.New(p.TxID(), snap)
		defer inv.Sim.Done()
	}
	def, err := e.Runner.Definition(inv, p.Chaincode)
	if err != nil {
		return nil, fmt.Errorf("make sure the chaincode %s has been successfully defined on channel %s and try again: %w", p.Chaincode, p.ChannelID(), err)
	}
	response, event, err := e.Runner.Execute(ctx, inv, p.Chaincode, p.Spec.GetInput())
	if err != nil {
		return nil, fmt.Errorf("error in simulation: %w", err)
	}
	results, err := e.results(inv, l)
	if err != nil {
		return nil, fmt.Errorf("error in simulation: %w", err)
	}
	return e.respond(p, def, response, event, results)
}

// results ends the simulation. Private writes are kept, durably, before anybody
// can see their hashes.
func (e *Endorser) results(inv *chaincode.Invocation, l *ledger.Ledger) ([]byte, error) {
	if inv.Sim == nil {
		return nil, nil
	}
	results, err := inv.Sim.Results()
	if err != nil {
		return nil, err
	}
	if results.Private != nil {
		if err := l.PutPrivate(inv.TxID, results.Private); err != nil {
			return nil, fmt.Errorf("keep private data: %w", err)
		}
	}
	return results.Public, nil
}

// respond endorses a result, or tells it unendorsed where it is a refusal or
// where there is no channel to endorse for.
func (e *Endorser) respond(p *envelope.Proposal, def *chaincode.Definition, response *peer.Response, event *peer.ChaincodeEvent, results []byte) (*peer.ProposalResponse, error) {
	if p.ChannelID() == "" && response.GetStatus() < statusError {
		return &peer.ProposalResponse{Response: response}, nil
	}
	if s := response.GetStatus(); s >= statusRefused && s < statusError {
		return &peer.ProposalResponse{Response: response}, nil
	}
	result := envelope.Result{
		ProposalHash: p.Hash,
		ReadWriteSet: results,
		Response:     response,
		ChaincodeID:  &peer.ChaincodeID{Name: p.Chaincode, Version: def.Version},
	}
	if event != nil && response.GetStatus() < statusRefused {
		raw, err := proto.Marshal(event)
		if err != nil {
			return nil, fmt.Errorf("failed to marshal chaincode event: %w", err)
		}
		result.Event = raw
	}
	payload, err := envelope.ResponsePayload(result)
	if err != nil {
		return nil, fmt.Errorf("failed to create the proposal response: %w", err)
	}
	if response.GetStatus() >= statusError {
		return &peer.ProposalResponse{Response: response, Payload: payload}, nil
	}
	endorsement, err := envelope.Endorse(payload, e.Signer)
	if err != nil {
		return nil, fmt.Errorf("endorsing failed: %w", err)
	}
	return &peer.ProposalResponse{Version: 1, Response: response, Payload: payload, Endorsement: endorsement}, nil
}
