// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package scene

import (
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// Lies are what a host shows its enclave instead of the truth. The zero value
// is an honest host.
type Lies struct {
	Values   map[string][]byte                // shown instead of the committed values; nil: absent
	Hidden   map[string]bool                  // rows left out of ranges
	Proposal func(p *shim.SignedProposal)     // changes the proposal after it was signed
	TxID     string                           // shown instead of the proposal's
	Channel  string                           // shown instead of the channel's name
	Rows     func(rows []*shim.KV) []*shim.KV // changes the rows of a range
}

// LyingPeer is a peer's side of one transaction, as a host passes it to its
// enclave. It signs the transaction's proposal in its creator's name.
type LyingPeer struct {
	*shimtest.Stub
	Signer msp.Signer
	Lies   Lies
}

var (
	_ shim.ChaincodeStubInterface = (*LyingPeer)(nil)
	_ shim.RawRangeStub           = (*LyingPeer)(nil)
)

// GetSignedProposal returns the proposal, signed.
func (p *LyingPeer) GetSignedProposal() (*shim.SignedProposal, error) {
	signed, err := p.Stub.GetSignedProposal()
	if err != nil {
		return nil, err
	}
	if signed.Signature, err = p.Signer.Sign(signed.GetProposalBytes()); err != nil {
		return nil, err
	}
	if p.Lies.Proposal != nil {
		p.Lies.Proposal(signed)
	}
	return signed, nil
}

// GetTxID returns the transaction id, or the lie.
func (p *LyingPeer) GetTxID() string {
	if p.Lies.TxID != "" {
		return p.Lies.TxID
	}
	return p.Stub.GetTxID()
}

// GetChannelID returns the channel, or the lie.
func (p *LyingPeer) GetChannelID() string {
	if p.Lies.Channel != "" {
		return p.Lies.Channel
	}
	return p.Stub.GetChannelID()
}

// GetMultipleStates returns committed values, or the lies.
func (p *LyingPeer) GetMultipleStates(keys ...string) ([][]byte, error) {
	values, err := p.Stub.GetMultipleStates(keys...)
	for i, key := range keys {
		if lie, ok := p.Lies.Values[key]; ok && err == nil {
			values[i] = lie
		}
	}
	return values, err
}

// GetRawStateByRange returns the rows that are not hidden.
func (p *LyingPeer) GetRawStateByRange(start, end string) (shim.StateQueryIteratorInterface, error) {
	all, err := p.Stub.GetRawStateByRange(start, end)
	if err != nil {
		return nil, err
	}
	defer all.Close()
	var rows []*shim.KV
	for all.HasNext() {
		row, err := all.Next()
		if err != nil {
			return nil, err
		}
		if lie, ok := p.Lies.Values[row.GetKey()]; ok {
			row.Value = lie
		}
		if !p.Lies.Hidden[row.GetKey()] {
			rows = append(rows, row)
		}
	}
	if p.Lies.Rows != nil {
		rows = p.Lies.Rows(rows)
	}
	return shim.NewRows(rows), nil
}
