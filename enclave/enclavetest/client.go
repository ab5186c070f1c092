// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclavetest

import (
	"crypto/rand"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/fpctest/request"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// Call is one request of a client. Its parts may be changed before it is sent.
type Call struct {
	World *World
	// Request is what the stub hands to the enclave.
	Request *fpc.InvokeRequest
	// CCReq is ccreq_msg as the proposal carries it.
	CCReq []byte
	// RKey opens the answer.
	RKey keys.ResponseKey
}

// Ask seals a request of a client and puts it into a signed proposal (INV-3 to
// INV-6).
func (w *World) Ask(creator *fpctest.Member, args ...string) *Call {
	w.T.Helper()
	return w.AskWith(creator, &fpc.ClearRequest{Args: Args(args...)})
}

// Args makes arguments of strings.
func Args(args ...string) [][]byte {
	out := make([][]byte, len(args))
	for i, a := range args {
		out[i] = []byte(a)
	}
	return out
}

// AskWith is Ask for a clear request; its response key is filled in.
func (w *World) AskWith(creator *fpctest.Member, clear *fpc.ClearRequest) *Call {
	w.T.Helper()
	sealed, rKey := request.Seal(w.T, w.Key, keys.RequestBinding{
		ChannelHash: w.ChannelHash,
		ChaincodeID: w.ChaincodeID,
		Creator:     creator.Creator(),
	}, clear)
	ccreq, err := proto.Marshal(sealed)
	w.check(err)
	c := &Call{World: w, RKey: rKey, CCReq: ccreq}
	c.Request = w.Propose(creator, w.Proposal(creator, protocol.InvokeArgs(c.CCReq)...))
	return c
}

// Proposal is what an honest client's proposal says; tests change it.
func (w *World) Proposal(creator *fpctest.Member, args ...[]byte) envelope.Request {
	nonce := make([]byte, envelope.NonceSize)
	_, _ = rand.Read(nonce) // documented never to fail
	return envelope.Request{
		ChannelID: w.ChannelID,
		Chaincode: w.ChaincodeID,
		Creator:   creator.Creator(),
		Nonce:     nonce,
		Args:      args,
		Timestamp: time.Unix(1_700_000_000, 0),
	}
}

// Propose signs a proposal and hands it over as a stub does.
func (w *World) Propose(creator *fpctest.Member, r envelope.Request) *fpc.InvokeRequest {
	w.T.Helper()
	proposal, txID, err := envelope.NewProposal(r)
	w.check(err)
	signed, err := envelope.SignProposal(proposal, creator)
	w.check(err)
	return w.Hand(signed, r.ChannelID, txID)
}

// Hand makes the stub's message of a signed proposal.
func (w *World) Hand(signed *peer.SignedProposal, channelID, txID string) *fpc.InvokeRequest {
	w.T.Helper()
	b, err := proto.Marshal(signed)
	w.check(err)
	return &fpc.InvokeRequest{SignedProposal: b, ChannelId: channelID, TxId: txID}
}

// Answer is a verified answer of the enclave.
type Answer struct {
	Raw      []byte // ccrsp_msg
	Response *fpc.EnclaveResponse
	Clear    *fpc.ClearResponse
	Result   bool // not an error response
}

// Send invokes the enclave, verifies and opens its answer (INV-22).
func (c *Call) Send(host enclave.StateAccess) (*Answer, error) {
	resp, err := c.World.Enclave.Invoke(c.World.T.Context(), c.Request, host)
	if err != nil {
		return nil, err
	}
	return c.Open(resp.GetResponse())
}

// MustSend is Send for answers that must come.
func (c *Call) MustSend(host enclave.StateAccess) *Answer {
	c.World.T.Helper()
	a, err := c.Send(host)
	c.World.check(err)
	return a
}

// Open verifies and opens ccrsp_msg.
func (c *Call) Open(ccrsp []byte) (*Answer, error) {
	m, err := protocol.ParseResponse("INV-22", ccrsp)
	if err != nil {
		return nil, err
	}
	verified, err := protocol.VerifyResponse("INV-22", c.World.Credentials.EnclaveVK, m)
	if err != nil {
		return nil, err
	}
	clear, err := protocol.OpenResponse(c.RKey, verified)
	if err != nil {
		return nil, err
	}
	return &Answer{Raw: ccrsp, Response: verified.Message(), Clear: clear, Result: verified.IsResult()}, nil
}
