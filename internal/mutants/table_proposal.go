// SPDX-License-Identifier: Apache-2.0

package main

// proposals is INV-7 to INV-13.
var proposals = []mutant{
	{
		"7", "INV-7", "chaincodeInvoke writes to the peer's state", "stub/invoke.go",
		`return response.GetResponse(), nil`, `return response.GetResponse(), c.peer.PutState("k", response.GetResponse())`, "./stub", "TestAttack07InvokeAsATransaction",
	},
	{
		"25", "INV-7", "transient data lands on the ledger", "stub/invoke.go",
		`if len(transient) != 0 {`, never, "./stub", "TestTransientDataIsRefused",
	},
	{
		"25", "INV-10", "a transient map passes the enclave", "enclave/proposal.go",
		`if len(p.Transient) != 0 {`, never, "./enclave", "TestProposalThatAsksForSomethingElse",
	},
	{
		"8", "INV-10", "unknown fields", "protocol/encoding.go",
		`if strict && s.unknown {`, never, "./protocol", "TestCredentialsAreStrict",
	},
	{
		"8", "INV-10", "a known field of another wire type", "protocol/encoding.go",
		`f == nil || !decodes(f, kind)`, `f == nil`, "./protocol", "FuzzUnknownFields",
	},
	{
		"8", "INV-10", "the transaction id is not recomputed", "fabric/envelope/unpack.go",
		`if want := TxID(p.Signature.GetNonce(), p.Signature.GetCreator()); p.Channel.GetTxId() != want {`, never, "./enclave", "TestAttack08ProposalAltered",
	},
	{
		"8", "INV-10", "an epoch", "fabric/envelope/unpack.go",
		`if p.Channel.GetEpoch() != 0 {`, never, "./enclave", "TestAttack08ProposalAltered",
	},
	{
		"8", "INV-10", "a proposal of another type", "enclave/proposal.go",
		`if kind := common.HeaderType(p.Channel.GetType()); kind != common.HeaderType_ENDORSER_TRANSACTION {`, never, "./enclave", "TestProposalThatAsksForSomethingElse",
	},
	{
		"8", "INV-10", "a proposal for another channel", "enclave/proposal.go",
		`if p.ChannelID() != s.params.GetChannelId() ||`, `if`, "./enclave", "TestProposalThatAsksForSomethingElse",
	},
	{
		"8", "INV-10", "a proposal handed over for another channel", "enclave/proposal.go",
		` || req.GetChannelId() != p.ChannelID() {`, ` {`, "./enclave", "TestAttack08ProposalAltered",
	},
	{
		"8", "INV-10", "a proposal for another chaincode", "enclave/proposal.go",
		`if p.Chaincode != s.params.GetChaincodeId() ||`, `if`, "./enclave", "TestProposalThatAsksForSomethingElse",
	},
	{
		"8", "INV-10", "header and specification name different chaincodes", "enclave/proposal.go",
		` || p.Spec.GetChaincodeId().GetName() != p.Chaincode {`, ` {`, "./enclave", "TestAttack08ProposalAltered",
	},
	{
		"8", "INV-10", "a proposal handed over under another transaction id", "enclave/proposal.go",
		`if req.GetTxId() != p.TxID() {`, never, "./enclave", "TestAttack08ProposalAltered",
	},
	{
		"8", "INV-10", "the creator did not sign", "enclave/proposal.go",
		`if err := creator.Verify(claim.Data, claim.Signature); err != nil {`, never, "./enclave", "TestAttack08ProposalAltered",
	},
	{
		"8", "INV-10", "another function", "enclave/proposal.go",
		`if len(args) == 0 || string(args[0]) != protocol.FuncInvoke {`, `if len(args) == 0 {`, "./enclave", "TestProposalThatAsksForSomethingElse",
	},
	{
		"8", "INV-10", "Init", "enclave/proposal.go",
		`if p.Spec.GetInput().GetIsInit() {`, never, "./enclave", "TestProposalThatAsksForSomethingElse",
	},
	{
		"8", "INV-10", "a client's own decorations", "enclave/proposal.go",
		`if len(p.Spec.GetInput().GetDecorations()) != 0 {`, never, "./enclave", "TestAttack08ProposalAltered",
	},
	{
		"8", "INV-10", "more arguments than one", "protocol/args.go",
		`if len(args) != want {`, `if len(args) < want {`, "./enclave", "TestProposalThatAsksForSomethingElse",
	},
	{
		"10", "INV-10", "a creator whom no attested MSP certified", "enclave/proposal.go",
		`if err != nil {
		return err
	}
	claim := p.SignedData()`, `if protocol.CodeOf(err) == protocol.CodeForeignCreator {
		return nil
	}
	if err != nil {
		return err
	}
	claim := p.SignedData()`, "./enclave", "TestAttack10ForeignCreator",
	},
	{
		"10", "INV-10", "a revoked creator", "fabric/msp/identity.go",
		`if err := m.checkRevocation(p.cert, p.chain[1]); err != nil {`, never, "./enclave", "TestAttack10ForeignCreator",
	},
	{
		"10", "INV-10", "a creator without a role", "fabric/msp/identity.go",
		`return m.checkOUs(p.OUs())`, `_ = m.checkOUs(p.OUs())
	return nil`, "./enclave", "TestAttack10ForeignCreator",
	},
	{
		"10", "INV-10", "peers and orderers propose", "enclave/membership.go",
		`if id.Satisfies(msp.RolePrincipal(id.MSPID(), role)) == nil {`, never, "./enclave", "TestAttack10ForeignCreator",
	},
	{
		"9", "INV-12", "a request is not bound to its creator", "keys/chaincode.go",
		`return Encode(LabelRequest, b.ChannelHash, []byte(b.ChaincodeID), b.Creator, ekID)`, `return Encode(LabelRequest, b.ChannelHash, []byte(b.ChaincodeID), ekID)`, "./enclave", "TestAttack09ForeignRequest",
	},
	{
		"9", "INV-12", "a request is not bound to its channel", "keys/chaincode.go",
		`return Encode(LabelRequest, b.ChannelHash, []byte(b.ChaincodeID), b.Creator, ekID)`, `return Encode(LabelRequest, []byte(b.ChaincodeID), b.Creator, ekID)`, "./enclave", "TestAttack09ForeignRequest",
	},
	{
		"9", "INV-12", "a request is not bound to its chaincode", "keys/chaincode.go",
		`return Encode(LabelRequest, b.ChannelHash, []byte(b.ChaincodeID), b.Creator, ekID)`, `return Encode(LabelRequest, b.ChannelHash, b.Creator, ekID)`, "./keys", "TestRequestOpensOnlyUnderItsBinding",
	},
	{
		"8", "INV-12", "a request under another key's name", "protocol/request.go",
		`if !bytes.Equal(req.GetChaincodeEkId(), ek.ID()) {`, never, "./enclave", "TestAttack08RequestAltered",
	},
	{
		"25", "INV-12", "a decoder's error quotes the opened request", "protocol/request.go",
		`return nil, keys.ResponseKey{}, Errorf(step, CodeOf(err), "request does not decode once opened")`, `return nil, keys.ResponseKey{}, Errorf(step, CodeOf(err), "request does not decode once opened: %q", plaintext)`, "./protocol", "TestOpenErrorsHoldNoClearText",
	},
	{
		"", "INV-13", "a ledger enclave that is not there", "enclave/invoke.go",
		`len(wanted) != 0 && !bytes.Equal(wanted, run.view.instance())`, `len(wanted) != 0 && bytes.Equal(wanted, nil)`, "./enclave", "TestRequestForALedgerEnclave",
	},
}
