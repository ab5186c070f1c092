// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package full

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

// Call is one request of a client, which several enclaves may answer.
type Call struct {
	World    *World
	Creator  *fpctest.Member
	Proposal *peer.Proposal
	Request  *fpc.InvokeRequest // as stubs hand it over
	TxID     string

	rKey  keys.ResponseKey
	ccreq []byte
	hash  []byte
}

// Heights are the heads that a request names.
type Heights struct{ At, Min uint64 }

// Ask makes a proposal at the newest head.
func (w *World) Ask(args ...string) *Call {
	w.T.Helper()
	return w.AskAt(Heights{}, args...)
}

// AskAt makes a proposal that names heads.
func (w *World) AskAt(heights Heights, args ...string) *Call {
	w.T.Helper()
	clear := &fpc.ClearRequest{}
	for _, a := range args {
		clear.Args = append(clear.Args, []byte(a))
	}
	return w.AskWith(w.Client(1), heights, clear)
}

// AskWith makes a creator's proposal of a clear request; its response key is
// filled in.
func (w *World) AskWith(creator *fpctest.Member, heights Heights, clear *fpc.ClearRequest) *Call {
	w.T.Helper()
	sealed, rKey := request.Seal(w.T, w.Key, keys.RequestBinding{
		ChannelHash: w.Hash(), ChaincodeID: Chaincode, Creator: creator.Creator(),
	}, clear)
	sealed.AtHeight, sealed.MinHeight = heights.At, heights.Min
	ccreq, err := proto.Marshal(sealed)
	w.check(err)
	c := &Call{World: w, Creator: creator, rKey: rKey, ccreq: ccreq}
	c.propose()
	return c
}

// propose makes the signed proposal around the sealed request.
func (c *Call) propose() {
	c.World.T.Helper()
	nonce := make([]byte, envelope.NonceSize)
	_, _ = rand.Read(nonce) // documented never to fail
	var err error
	c.Proposal, c.TxID, err = envelope.NewProposal(envelope.Request{
		ChannelID: c.World.ID, Chaincode: Chaincode, Creator: c.Creator.Creator(), Nonce: nonce,
		Args: protocol.InvokeArgs(c.ccreq), Timestamp: time.Unix(1_700_000_000, 0),
	})
	c.World.check(err)
	signed, err := envelope.SignProposal(c.Proposal, c.Creator)
	c.World.check(err)
	unpacked, err := envelope.UnpackProposal(signed)
	c.World.check(err)
	c.hash = unpacked.Hash
	c.Request = &fpc.InvokeRequest{ChannelId: c.World.ID, TxId: c.TxID}
	c.Request.SignedProposal, err = proto.Marshal(signed)
	c.World.check(err)
}

// Answer is a verified answer of an enclave.
type Answer struct {
	Raw         *fpc.Response
	Endorsement *protocol.VerifiedEndorsement // nil: a sealed error
	Clear       *fpc.ClearResponse
	Sealed      []byte // sealed state that came with it
	Steps       []*fpc.Step
}

// Expected is what the client expects of a host's enclave.
func (c *Call) Expected(h *Host) protocol.ExpectedEndorsement {
	return protocol.ExpectedEndorsement{
		Enclave: h.Credentials, Certificate: h.Stored.GetCertificate(), ProposalHash: c.hash, TxID: c.TxID,
		RequestHash: protocol.RequestHash(c.ccreq), ChaincodeEKID: c.World.Key.ID(), ResponseKey: c.rKey,
	}
}

// Send has a host's enclave answer on its peer's present state.
func (c *Call) Send(h *Host) (*Answer, error) { return c.SendOn(h, h.Simulate()) }

// SendOn has a host's enclave answer on the state given, and verifies and opens
// the answer (INV-22).
func (c *Call) SendOn(h *Host, access enclave.StateAccess) (*Answer, error) {
	resp, err := h.Enclave.Invoke(c.World.T.Context(), c.Request, access)
	if err != nil {
		return nil, err
	}
	a := &Answer{Sealed: resp.GetSealedState(), Steps: resp.GetSteps()}
	if a.Raw, err = protocol.ParseResponse("INV-22", resp.GetResponse()); err != nil {
		return nil, err
	}
	if a.Raw.GetEndorsed() == nil {
		v, err := protocol.VerifyResponse("INV-22", h.Credentials.EnclaveVK, a.Raw)
		if err != nil {
			return nil, err
		}
		a.Clear, err = protocol.OpenResponse(c.rKey, v)
		return a, err
	}
	v, err := protocol.VerifyEndorsed("INV-22", a.Raw, c.Expected(h))
	if err != nil {
		return nil, err
	}
	a.Endorsement = &v
	a.Clear, err = protocol.OpenEndorsed(c.rKey, v)
	return a, err
}

// MustSend is Send for answers that must come and be no errors.
func (c *Call) MustSend(h *Host) *Answer {
	c.World.T.Helper()
	a, err := c.Send(h)
	c.World.check(err)
	if a.Endorsement == nil {
		c.World.T.Fatalf("got status %d, %q, want an endorsed result", a.Clear.GetStatus(), a.Clear.GetMessage())
	}
	return a
}

// All has all hosts' enclaves answer.
func (c *Call) All() []*Answer {
	c.World.T.Helper()
	var all []*Answer
	for _, h := range c.World.Hosts {
		all = append(all, c.MustSend(h))
	}
	return all
}

// Transaction forms the transaction from answers (VAL-6): serialised envelope.
func (c *Call) Transaction(answers ...*Answer) []byte {
	c.World.T.Helper()
	var responses []*peer.ProposalResponse
	for _, a := range answers {
		responses = append(responses, a.Endorsement.ProposalResponse())
	}
	payload, err := envelope.CreateTransaction(c.Proposal, responses...)
	c.World.check(err)
	env, err := envelope.Sign(payload, c.Creator)
	c.World.check(err)
	raw, err := proto.Marshal(env)
	c.World.check(err)
	return raw
}

// Submit invokes at all hosts and commits; the transaction must be valid.
func (w *World) Submit(args ...string) []*Answer {
	w.T.Helper()
	c := w.Ask(args...)
	all := c.All()
	w.MustCommit(c.Transaction(all...))
	return all
}

// As puts the same sealed request into another creator's proposal.
func (c *Call) As(creator *fpctest.Member) *Call {
	c.World.T.Helper()
	stolen := &Call{World: c.World, Creator: creator, rKey: c.rKey, ccreq: c.ccreq}
	stolen.propose()
	return stolen
}
