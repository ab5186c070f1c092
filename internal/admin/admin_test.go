// SPDX-License-Identifier: Apache-2.0

package admin_test

import (
	"errors"
	"testing"

	"github.com/privatechaincode/fpc/internal/admin"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

// called is a stub with other answers about its proposal.
type called struct {
	*shimtest.Stub
	channel  string // empty: the proposal's
	proposal func(*shim.SignedProposal) (*shim.SignedProposal, error)
}

func (c called) GetChannelID() string {
	if c.channel != "" {
		return c.channel
	}
	return c.Stub.GetChannelID()
}

func (c called) GetSignedProposal() (*shim.SignedProposal, error) {
	signed, err := c.Stub.GetSignedProposal()
	if err != nil || c.proposal == nil {
		return signed, err
	}
	return c.proposal(signed)
}

// What is not known to be a call of the chaincode itself is none.
func TestDirect(t *testing.T) {
	ledger := shimtest.NewChannel("mychannel")
	stub := ledger.Deploy("ercc", nil).NewStub(shimtest.Tx{Creator: []byte("admin"), Args: shimtest.Args("revokeEnclave")})
	for name, test := range map[string]struct {
		of   called
		name string
		want protocol.Code
	}{
		"itself":             {called{Stub: stub}, "ercc", ""},
		"another chaincode":  {called{Stub: stub}, "other", protocol.CodeNotDirect},
		"on another channel": {called{Stub: stub, channel: "other"}, "ercc", protocol.CodeNotDirect},
		"no proposal":        {called{Stub: stub, proposal: func(*shim.SignedProposal) (*shim.SignedProposal, error) { return nil, nil }}, "ercc", protocol.CodeNotDirect},
		"an unreadable one": {called{Stub: stub, proposal: func(s *shim.SignedProposal) (*shim.SignedProposal, error) {
			s.ProposalBytes = s.ProposalBytes[1:]
			return s, nil
		}}, "ercc", protocol.CodeNotDirect},
		"a peer that gives it": {called{Stub: stub, proposal: func(s *shim.SignedProposal) (*shim.SignedProposal, error) { return s, errors.New("none") }}, "ercc", protocol.CodeNotDirect},
	} {
		t.Run(name, func(t *testing.T) {
			err := admin.Direct("REG-14", test.of, test.name)
			if got := protocol.CodeOf(err); got != test.want || (err == nil) != (test.want == "") {
				t.Errorf("got %v, want code %q", err, test.want)
			}
		})
	}
}
