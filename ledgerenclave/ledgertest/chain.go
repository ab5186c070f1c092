// SPDX-License-Identifier: Apache-2.0

// Package ledgertest is untrusted: it makes chains for the tests and
// measurements of ledger enclaves, signed by organisations that the test holds.
// No product code imports it.
package ledgertest

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// ChannelID is the name of all channels made here.
const ChannelID = "mychannel"

// Chain is a channel whose blocks the test makes. It is not safe for concurrent
// use; Tx is.
type Chain struct {
	*devtest.Channel
	T      testing.TB
	Blocks [][]byte // serialised, from the genesis block on
	Header *common.BlockHeader
	// LastConfig is what blocks say is the newest configuration block.
	LastConfig uint64

	clients, peers []*fpctest.Member
	orderer        *fpctest.Member
	lifecycle      map[string][]byte
}

// New makes a channel of so many organisations with its genesis block.
func New(t testing.TB, orgs int) *Chain {
	t.Helper()
	c := &Chain{T: t, Channel: devtest.NewChannel(t, ChannelID, orgs, channel.Batch{}), lifecycle: make(map[string][]byte)}
	for _, org := range c.Orgs {
		c.clients, c.peers = append(c.clients, org.Client()), append(c.peers, org.Peer())
	}
	c.orderer = c.Orderer.Orderer()
	c.Header = c.Genesis.GetHeader()
	c.Blocks = [][]byte{devtest.Marshal(t, c.Genesis)}
	return c
}

// Hash returns the Channel_hash.
func (c *Chain) Hash() []byte { return block.Hash(c.Genesis.GetHeader()) }

// Client is the client of an organisation, counted from 1.
func (c *Chain) Client(org int) *fpctest.Member { return c.clients[org-1] }

// Peer is the peer of an organisation, counted from 1.
func (c *Chain) Peer(org int) *fpctest.Member { return c.peers[org-1] }

// Height is the number of blocks.
func (c *Chain) Height() uint64 { return uint64(len(c.Blocks)) }

// Make makes the next block over serialised envelopes, signed by the orderer,
// without adding it to the chain.
func (c *Chain) Make(envelopes ...[]byte) *common.Block {
	c.T.Helper()
	b := block.New(c.Header.GetNumber()+1, block.Hash(c.Header), envelopes)
	c.Sign(b)
	return b
}

// Sign signs a block anew, as the orderer.
func (c *Chain) Sign(b *common.Block) {
	c.T.Helper()
	if err := block.Sign(b, c.LastConfig, nil, devtest.Nonce(c.T), c.orderer); err != nil {
		c.T.Fatal(err)
	}
}

// Add adds a block to the chain and returns it, serialised.
func (c *Chain) Add(b *common.Block) []byte {
	c.T.Helper()
	raw := devtest.Marshal(c.T, b)
	c.Blocks, c.Header = append(c.Blocks, raw), b.GetHeader()
	return raw
}

// Block makes the next block, adds it and returns it, serialised.
func (c *Chain) Block(envelopes ...[]byte) []byte {
	c.T.Helper()
	return c.Add(c.Make(envelopes...))
}

// Tx says what an endorser transaction is like.
type Tx struct {
	Chaincode string
	// Namespaces is the read/write set.
	Namespaces []rwset.Namespace
	Endorsers  []msp.Signer
	Creator    msp.Signer // default: the first organisation's client
	Nonce      []byte     // default: a fresh one
	Version    string     // default: 1.0
	// Spoil changes the signed envelope.
	Spoil func(*common.Envelope)
}

// Tx makes a serialised transaction, and its id.
func (c *Chain) Tx(tx Tx) (raw []byte, txID string) {
	c.T.Helper()
	if tx.Creator == nil {
		tx.Creator = c.Client(1)
	}
	if tx.Nonce == nil {
		tx.Nonce = make([]byte, envelope.NonceSize)
		if _, err := rand.Read(tx.Nonce); err != nil {
			c.T.Fatal(err)
		}
	}
	if tx.Version == "" {
		tx.Version = "1.0"
	}
	env, txID, err := c.transaction(tx)
	if err != nil {
		c.T.Fatal(err)
	}
	if tx.Spoil != nil {
		tx.Spoil(env)
	}
	raw, err = proto.Marshal(env)
	if err != nil {
		c.T.Fatal(err)
	}
	return raw, txID
}

func (c *Chain) transaction(tx Tx) (*common.Envelope, string, error) {
	proposal, txID, err := envelope.NewProposal(envelope.Request{
		ChannelID: ChannelID, Chaincode: tx.Chaincode, Creator: tx.Creator.Creator(), Nonce: tx.Nonce,
		Args: [][]byte{[]byte("invoke")}, Timestamp: time.Unix(1_700_000_000, 0),
	})
	if err != nil {
		return nil, "", err
	}
	header := &common.Header{}
	if err := proto.Unmarshal(proposal.GetHeader(), header); err != nil {
		return nil, "", err
	}
	hash, err := envelope.ProposalHash(header, proposal.GetPayload())
	if err != nil {
		return nil, "", err
	}
	set, err := (&rwset.Set{Namespaces: tx.Namespaces}).Marshal()
	if err != nil {
		return nil, "", err
	}
	payload, err := envelope.ResponsePayload(envelope.Result{
		ProposalHash: hash, ReadWriteSet: set, Response: &peer.Response{Status: 200},
		ChaincodeID: &peer.ChaincodeID{Name: tx.Chaincode, Version: tx.Version},
	})
	if err != nil {
		return nil, "", err
	}
	responses := make([]*peer.ProposalResponse, len(tx.Endorsers))
	for i, endorser := range tx.Endorsers {
		endorsement, err := envelope.Endorse(payload, endorser)
		if err != nil {
			return nil, "", err
		}
		responses[i] = &peer.ProposalResponse{Response: &peer.Response{Status: 200}, Payload: payload, Endorsement: endorsement}
	}
	raw, err := envelope.CreateTransaction(proposal, responses...)
	if err != nil {
		return nil, "", err
	}
	env, err := envelope.Sign(raw, tx.Creator)
	return env, txID, err
}

// Put is a transaction that writes values (empty: deletes the key), endorsed by
// the peers of the first organisations that make a majority.
func (c *Chain) Put(chaincode string, pairs ...string) (raw []byte, txID string) {
	c.T.Helper()
	ns := rwset.Namespace{Name: chaincode}
	for i := 0; i < len(pairs); i += 2 {
		ns.Writes = append(ns.Writes, rwset.Write{Key: pairs[i], Value: []byte(pairs[i+1]), Delete: pairs[i+1] == ""})
	}
	return c.Tx(Tx{Chaincode: chaincode, Namespaces: []rwset.Namespace{ns}, Endorsers: c.Majority()})
}

// Majority are the peers of the first organisations that make a majority.
func (c *Chain) Majority() []msp.Signer {
	var signers []msp.Signer
	for _, p := range c.peers[:len(c.peers)/2+1] {
		signers = append(signers, p)
	}
	return signers
}

// Define is a transaction that commits a definition. The sequence is the next
// one, if it is not given.
func (c *Chain) Define(d lifecycle.Definition) []byte {
	c.T.Helper()
	if d.Version == "" {
		d.Version = "1.0"
	}
	if d.Sequence == 0 {
		before, err := lifecycle.Sequence(d.Name, lifecycleState{c, nil})
		if err != nil {
			c.T.Fatal(err)
		}
		d.Sequence = before + 1
	}
	ns := rwset.Namespace{Name: lifecycle.Namespace}
	if _, err := lifecycle.Commit(d, lifecycleState{c, &ns}, nil); err != nil {
		c.T.Fatal(err)
	}
	raw, _ := c.Tx(Tx{Chaincode: lifecycle.Namespace, Namespaces: []rwset.Namespace{ns}, Endorsers: c.Majority(), Version: "syscc"})
	return raw
}

// lifecycleState takes definitions for committed as soon as they are made.
type lifecycleState struct {
	c  *Chain
	ns *rwset.Namespace
}

// GetState implements lifecycle.Readable.
func (s lifecycleState) GetState(key string) ([]byte, error) { return s.c.lifecycle[key], nil }

// PutState implements lifecycle.ReadWritable.
func (s lifecycleState) PutState(key string, value []byte) error {
	s.c.lifecycle[key] = value
	s.ns.Writes = append(s.ns.Writes, rwset.Write{Key: key, Value: value})
	return nil
}

// DelState implements lifecycle.ReadWritable.
func (s lifecycleState) DelState(key string) error {
	delete(s.c.lifecycle, key)
	s.ns.Writes = append(s.ns.Writes, rwset.Write{Key: key, Delete: true})
	return nil
}

// Rule is a serialised application policy in the policy language.
func Rule(t testing.TB, text string) []byte {
	t.Helper()
	parsed, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return devtest.Marshal(t, &peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_SignaturePolicy{SignaturePolicy: parsed}})
}

// EnclaveRule is a serialised application policy of Full mode.
func (c *Chain) EnclaveRule(text, chaincode, version string) []byte {
	c.T.Helper()
	raw, err := protocol.CompileEnclavePolicy(text, c.Hash(), chaincode, version, func(mspID string) ([]byte, error) {
		for _, org := range c.Orgs {
			if org.MSPID == mspID {
				return msp.CertifiersIdentifier(org.CA.Chain...)
			}
		}
		c.T.Fatalf("no organisation %q", strings.TrimSpace(mspID))
		return nil, nil
	})
	if err != nil {
		c.T.Fatal(err)
	}
	return raw
}
