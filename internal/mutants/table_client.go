// SPDX-License-Identifier: Apache-2.0

package main

// clientChecks is INV-2, INV-5 and INV-22, at the client.
var clientChecks = []mutant{
	{
		"11", "INV-2", "an answer that fewer organisations gave", "client/trust/answers.go",
		`if len(by) >= quorum {`, `if len(by) >= min(quorum, 1) {`, "./client", "TestAttack11LyingPeers",
	},
	{
		"11", "INV-2", "one organisation counts once per peer", "client/trust/answers.go",
		`!slices.Contains(orgs[payload], org) {`, `payload != "" || slices.Contains(orgs[payload], org) {`, "./client", "TestAttack11LyingPeers",
	},
	{
		"11", "INV-5", "an answer to another proposal", "client/trust/answers.go",
		`if !bytes.Equal(result.ProposalHash, asked.Hash) || result.ChaincodeID.GetName() != asked.Chaincode {`, never, "./client", "TestAttack11LyingPeers",
	},
	{
		"11", "INV-5", "an endorser who is no peer", "client/trust/answers.go",
		`if err := p.isPeer(id); err != nil {`, never, "./client", "TestAttack11LyingPeers",
	},
	{
		"11", "INV-5", "an endorser who did not sign", "client/trust/answers.go",
		`if err := id.Verify(claim.Data, claim.Signature); err != nil {`, never, "./client", "TestAttack11LyingPeers",
	},
	{
		"11", "INV-5", "a policy that the registry's definition does not name", "client/trust/check.go",
		`if v := answer.ChaincodeID.GetVersion(); v != view.GetErccVersion() {`, never, "./client/trust", "TestPolicyIsBoundToTheRunningRegistry",
	},
	{
		"11", "INV-5", "a policy for another channel", "client/trust/check.go",
		`if !bytes.Equal(agreed.ChannelHashBytes(), c.pins.channelHash) {`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-5", "a policy with other roots", "client/trust/check.go",
		` || !bytes.Equal(agreed.MSPRootsHashBytes(), c.pins.rootsHash) {`, ` {`, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-5", "a policy of fewer organisations", "client/trust/check.go",
		`if !slices.Equal(agreed.MSPIDs, c.pins.manager.IDs()) ||`, `if slices.Equal(agreed.MSPIDs, nil) ||`, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-5", "another chaincode's definition", "client/trust/check.go",
		`if d.GetChaincodeId() != chaincode {`, never, "./client/trust", "TestAttack11GenuineAnswerAboutAnother",
	},
	{
		"11", "INV-5", "another channel's definition", "client/trust/check.go",
		`if d.GetChannelId() != c.pins.channelID {`, never, "./client/trust", "TestAttack11GenuineAnswerAboutAnother",
	},
	{
		"", "INV-5", "a revoked enclave", "client/trust/holders.go",
		`if slices.Contains(c.view.GetRevoked(), id) {`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-5", "what the organisations allow, the client allows", "client/trust/holders.go",
		`attest.Verify(credentials.Evidence, credentials.Statement, c.policy.Attestation, `, `attest.Verify(credentials.Evidence, credentials.Statement, c.agreed.Attestation, `, "./client/trust", "TestClientsOwnPolicyDecides",
	},
	{
		"11", "INV-5", "code that the client did not pin", "client/trust/policy.go",
		`if len(p.CodeIDs) > 0 && !slices.Contains(p.CodeIDs, entry) {`, never, "./client/trust", "TestClientsOwnPolicyDecides",
	},
	{
		"11", "INV-5", "code that no manifest lists", "client/trust/policy.go",
		`if !manifest.Contains(claims.Platform, claims.CodeID) {`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-2", "a key of any suite that the host chose", "client/trust/check.go",
		`return ek, c.policy.checkSuite(step, chaincode, ek.Suite())`, `return ek, nil`, "./client/trust", "TestAttack11ClassicalSuite",
	},
	{
		"11", "INV-5", "an enclave of another channel of the same name", "client/trust/holders.go",
		`if !bytes.Equal(data.GetChannelHash(), c.pins.channelHash) {`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-5", "an enclave that knows other MSP roots", "client/trust/holders.go",
		`if !bytes.Equal(data.GetMspRootsHash(), c.pins.rootsHash) {`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-5", "an enclave of another chaincode", "client/trust/holders.go",
		`case p.GetChaincodeId() != d.GetChaincodeId():`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-5", "an enclave of another version", "client/trust/holders.go",
		`case p.GetVersion() != d.GetVersion():`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-5", "a host who is not of the channel", "client/trust/holders.go",
		`if _, ok := c.pins.manager.MSP(data.GetHostParams().GetMspId()); !ok {`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"28", "INV-5", "the sequence is compared: a policy-only sequence strands enclaves", "client/trust/holders.go",
		`case p.GetVersion() != d.GetVersion():`, `case p.GetVersion() != d.GetVersion(), p.GetSequence() != d.GetSequence():`, "./client/trust", "TestAttack28NewSequenceOfTheSameVersion",
	},
	{
		"22", "INV-5", "an enclave that registered no key", "client/trust/holders.go",
		`if signed == nil {`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-5", "an enclave that did not sign for the key", "client/trust/holders.go",
		`if !bytes.Equal(r.ChaincodeEK.ID(), found.ek.ID()) {`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-5", "a key of another generation", "client/trust/holders.go",
		`if r.Generation != found.generation {`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"11", "INV-5", "a key for another channel", "client/trust/holders.go",
		`if !bytes.Equal(r.ChannelHash, c.pins.channelHash) {`, never, "./client/trust", "TestCheckRefuses",
	},
	{
		"29", "INV-5", "a lineage without its holder", "client/trust/holders.go",
		`if !r.Lineage.Covers(claims.Custody()) {`, never, "./client/trust", "TestAttack29LineageWithoutItsHolder",
	},
	{
		"29", "INV-5", "a lineage below the client's policy", "client/trust/holders.go",
		`return found.lineage.Check(stepCredentials, c.policy.Attestation)`, `_ = found.lineage.Check(stepCredentials, c.policy.Attestation)
	return nil`, "./client/trust", "TestCheckRefuses",
	},
	{
		"29", "INV-5", "a holder that the client does not trust is not counted", "client/trust/holders.go",
		`all = all.Union(r.Lineage)`, `all = all.Union(protocol.Lineage{})`, "./client/trust", "TestAttack29HolderThatIsNotTrusted",
	},
	{
		"29", "INV-5", "whoever got the key and never said so is not counted", "client/trust/holders.go",
		`all = all.Union(x.Lineage)`, `_ = x.Lineage`, "./client/trust", "TestAttack29HolderThatIsNotTrusted",
	},
	{
		"27", "INV-5", "a key that one organisation holds", "client/trust/holders.go",
		`if want := max(c.policy.MinHolders, 1); len(orgs) < want {`, never, "./client", "TestAttack27MinHolders",
	},
	{
		"11", "INV-5", "what was checked once is believed for ever", "client/registry.go",
		`if s.entry != nil && now.Before(s.entry.until) {`, `if s.entry != nil {`, "./client", "TestKeyCache",
	},
	{
		"8", "INV-22", "an answer by an enclave that the client does not trust", "client/trust/open.go",
		`if !ok {
		return nil, protocol.Errorf(stepAnswer, protocol.CodeNotRegistered`, never, "./client", "TestAttack08AlteredAnswer",
	},
	{
		"8", "INV-22", "an answer for another chaincode", "client/trust/open.go",
		`case m.GetCcParams().GetChaincodeId() != c.ID():`, never, "./client", "TestAttack08AlteredAnswer",
	},
	{
		"8", "INV-22", "an answer of another version", "client/trust/open.go",
		`case m.GetCcParams().GetVersion() != c.Version():`, never, "./client", "TestAttack08AlteredAnswer",
	},
	{
		"8", "INV-22", "an answer on another channel", "client/trust/open.go",
		`case m.GetCcParams().GetChannelId() != c.pins.channelID, `, `case `, "./client", "TestAttack08AlteredAnswer",
	},
	{
		"8", "INV-22", "an answer on another channel of the same name", "client/trust/open.go",
		`, !bytes.Equal(m.GetChannelHash(), c.pins.channelHash):`, `:`, "./client", "TestAttack08AlteredAnswer",
	},
	{
		"8", "INV-22", "an answer under another generation", "client/trust/open.go",
		`case m.GetGeneration() != c.generation:`, never, "./client", "TestAttack08AlteredAnswer",
	},
	{
		"8", "INV-22", "an answer under another key", "client/trust/open.go",
		`case !bytes.Equal(m.GetChaincodeEkId(), c.ek.ID()):`, never, "./client", "TestAttack08AlteredAnswer",
	},
	{
		"8", "INV-22", "an answer to another transaction", "client/trust/open.go",
		`case m.GetTxId() != txID:`, never, "./client", "TestAttack08AlteredAnswer",
	},
	{
		"8", "INV-22", "an answer to another request", "client/trust/open.go",
		`case !bytes.Equal(m.GetRequestHash(), hash[:]):`, never, "./client", "TestAttack08AlteredAnswer",
	},
	{
		"8", "INV-22", "an answer over another proposal", "client/trust/open.go",
		`if !bytes.Equal(inner.GetProposalBytes(), sent.GetProposalBytes()) {`, never, "./client", "TestAttack08AlteredAnswer",
	},
	{
		"", "INV-3", "every request has the same response key", "client/trust/seal.go",
		`key := keys.NewResponseKey()`, `key, _ := keys.ParseResponseKey(make([]byte, 64))`, "./client", "TestResponseKeysAreFresh",
	},
	{
		"", "INV-4", "lengths of requests show", "protocol/request.go",
		`ek.SealRequest(b, p, plaintext)`, `ek.SealRequest(b, keys.PadNone, plaintext)`, "./client", "TestRequestsArePadded",
	},
	{
		"20", "INV-22", "a success under the label of errors", "client/proposal.go",
		`if !answer.IsResult() && result.Status < 400 {`, never, "./client", "TestAttack20SuccessUnderTheErrorLabel",
	},
	{
		"20", "INV-21", "a failed call is validated", "client/proposal.go",
		`if !answer.IsResult() {
		_, err`, never, "./client", "TestChaincodeError",
	},
	{
		"", "INV-22", "an answer is given although the transaction is invalid", "client/transaction.go",
		`if err := status.Err(); err != nil {`, never, "./client", "TestInvalidTransactionIsNotCommitted",
	},
	{
		"11", "INV-6", "a call goes to peers that the credentials do not name", "client/proposal.go",
		`host, err := p.network.peerOf(enclave)`, `host, err := p.network.config.Peers[0], error(nil)
		_ = enclave`, "./client", "TestEnclavesPeerIsDialled",
	},
	{
		"8", "INV-20", "one answer that is not believed ends the call", "client/gather.go",
		`			g.distrust = h.err
`, `			return h.err
`, "./client", "TestAttack08FullOneLiarIsPassedOver",
	},
	{
		"8", "INV-20", "one made-up refusal ends the call", "client/gather.go",
		`			g.again = h.err
`, `			return h.err
`, "./client", "TestAttack08FullOneLiarIsPassedOver",
	},
	{
		"8", "INV-20", "one result that differs ends the call", "client/gather.go",
		`if next := g.complete(agreeing); len(next) > 0 {`, `if next := g.complete(agreeing); len(next) > 0 && len(groups) < 2 {`, "./client", "TestAttack08FullOneLiarIsPassedOver",
	},
	{
		"", "INV-22", "an answer must come with an event", "client/trust/full.go",
		`if len(action.Event) == 0 {`, never, "./client", "TestFullAnswerWithoutEvent",
	},
	{
		"8", "INV-22", "the event of another transaction", "client/trust/full.go",
		`event.GetChaincodeId() != chaincode || event.GetTxId() != txID {`, `event.GetChaincodeId() != chaincode {`, "./client", "TestAttack08FullAlteredAnswer",
	},
	{
		"11", "KEY-2", "the stub may have a key made of another suite than the administrator asked for", "client/admin/initenclave.go",
		`if got := string(r.ChaincodeEK.Suite()); want != "" && got != want {`, never, "./client/admin", "TestKeyOfAnotherSuite",
	},
	{
		"31", "INV-20", "enclaves are asked again at a head that not all have reached", "client/gather.go",
		`height == 0 || h < height`, `h > height`, "./client", "TestFullViewsDiffer",
	},
}
