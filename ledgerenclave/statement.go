// SPDX-License-Identifier: Apache-2.0

package ledgerenclave

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

const stepStatement = "KEY-5"

// statement judges a head statement (flows.md section 7): that the view is not
// frozen, and no fork. Each of its answers must be a peer's of the channel, to a
// proposal under the nonce that the asking enclave chose; what it says must lie on
// this chain, which must have reached it; and the organisations must be a
// lifecycle majority. The result is the height that such a majority vouches for.
func (a *answerer) statement(ask *fpc.StatementAsk) *fpc.StatementReply {
	height, err := a.judgeStatement(ask)
	if err != nil {
		return &fpc.StatementReply{Refused: protocol.Failure(err)}
	}
	return &fpc.StatementReply{Height: height}
}

// maxInfos is how many answers a statement may hold for each organisation.
const maxInfos = 4

func (a *answerer) judgeStatement(ask *fpc.StatementAsk) (uint64, error) {
	if len(ask.GetNonce()) != envelope.NonceSize {
		return 0, protocol.Errorf(stepStatement, CodeStatementNonce, "a statement's nonce has %d bytes, this one %d", envelope.NonceSize, len(ask.GetNonce()))
	}
	orgs := len(a.view.Bundle().ApplicationOrgs())
	if n := len(ask.GetInfos()); n > maxInfos*orgs {
		return 0, protocol.Errorf(stepStatement, protocol.CodeTooLarge, "%d answers of %d organisations", n, orgs)
	}
	vouched := make(map[string]uint64) // by MSP id
	for i, info := range ask.GetInfos() {
		mspID, chain, err := a.chainInfo(ask.GetNonce(), info)
		if err != nil {
			return 0, err
		}
		if err := a.onChain(i, mspID, chain); err != nil {
			return 0, err
		}
		vouched[mspID] = max(vouched[mspID], chain.GetHeight())
	}
	majority := orgs/2 + 1
	if len(vouched) < majority {
		return 0, protocol.Errorf(stepStatement, CodeStatementFew, "peers of %d organisations answered, %d of %d must", len(vouched), majority, orgs).
			WithHint("ask peers of more organisations")
	}
	heights := make([]uint64, 0, len(vouched))
	for _, h := range vouched {
		heights = append(heights, h)
	}
	slices.Sort(heights)
	return heights[len(heights)-majority], nil
}

// onChain: what a peer says lies on this ledger enclave's chain.
func (a *answerer) onChain(i int, mspID string, chain *common.BlockchainInfo) error {
	height := a.view.Height()
	if chain.GetHeight() > height {
		return protocol.Errorf(stepStatement, CodeStatementBehind, "a peer of %s is at height %d, this ledger enclave at %d", mspID, chain.GetHeight(), height).
			WithHint("let the ledger enclave catch up; if it does not, its host withholds blocks")
	}
	hash, ok := a.ledger.index.HashAt(chain.GetHeight())
	if !ok || !bytes.Equal(hash, chain.GetCurrentBlockHash()) {
		return protocol.Errorf(stepStatement, CodeStatementFork, "answer %d: at height %d a peer of %s follows another chain", i, chain.GetHeight(), mspID).
			WithHint("two chains of this channel exist: find out which one before anything else")
	}
	return nil
}

// chainInfo verifies one answer, and returns whose it is and what it says.
func (a *answerer) chainInfo(nonce []byte, info *fpc.ChainInfo) (mspID string, chain *common.BlockchainInfo, err error) {
	proposal, err := a.chainInfoProposal(nonce, info.GetSignedProposal())
	if err != nil {
		return "", nil, err
	}
	refuse := func(format string, args ...any) (string, *common.BlockchainInfo, error) {
		return "", nil, protocol.Errorf(stepStatement, CodeStatementEndorser, format, args...)
	}
	response := &peer.ProposalResponse{}
	if err := protocol.UnmarshalFabric(stepStatement, "a peer's answer", info.GetResponse(), response); err != nil {
		return "", nil, err
	}
	result, err := envelope.ParseResult(response.GetPayload())
	if err != nil {
		return refuse("a peer's answer holds no result: %w", err)
	}
	endorser, err := a.view.Bundle().Identities().Identity(response.GetEndorsement().GetEndorser())
	if err != nil {
		return refuse("endorser: %w", err)
	}
	if _, ok := a.view.Bundle().ApplicationOrg(endorser.MSPID()); !ok {
		return refuse("the endorser is of %s, which has no peers on this channel", endorser.MSPID())
	}
	if err := endorser.Satisfies(msp.RolePrincipal(endorser.MSPID(), common.MSPRole_PEER)); err != nil {
		return refuse("the endorser is no peer: %w", err)
	}
	claim := envelope.EndorsementClaim(response.GetPayload(), response.GetEndorsement())
	if err := endorser.Verify(claim.Data, claim.Signature); err != nil {
		return refuse("%w", err)
	}
	if !bytes.Equal(result.ProposalHash, proposal.Hash) {
		return refuse("the answer of a peer of %s is to another proposal", endorser.MSPID())
	}
	if status := result.Response.GetStatus(); status != 200 {
		return refuse("a peer of %s answered with status %d", endorser.MSPID(), status)
	}
	chain = &common.BlockchainInfo{}
	if err := proto.Unmarshal(result.Response.GetPayload(), chain); err != nil {
		return refuse("a peer of %s answered no BlockchainInfo: %w", endorser.MSPID(), err)
	}
	return endorser.MSPID(), chain, nil
}

// chainInfoProposal: a proposal asks for this channel's head, under this nonce.
// Who made it does not matter.
func (a *answerer) chainInfoProposal(nonce, raw []byte) (*envelope.Proposal, error) {
	signed := &peer.SignedProposal{}
	if err := protocol.UnmarshalFabric(stepStatement, "a proposal", raw, signed); err != nil {
		return nil, err
	}
	p, err := envelope.UnpackProposal(signed)
	if err != nil {
		return nil, protocol.Errorf(stepStatement, CodeStatementProposal, "%w", err)
	}
	if !bytes.Equal(p.Signature.GetNonce(), nonce) {
		return nil, protocol.Errorf(stepStatement, CodeStatementNonce, "a proposal has another nonce than the statement")
	}
	args := p.Args()
	if p.ChannelID() != a.ledger.channelID || p.Chaincode != "qscc" || len(args) != 2 ||
		string(args[0]) != "GetChainInfo" || string(args[1]) != a.ledger.channelID {
		return nil, protocol.Errorf(stepStatement, CodeStatementProposal, "a proposal is not for GetChainInfo of channel %q", a.ledger.channelID)
	}
	return p, nil
}
