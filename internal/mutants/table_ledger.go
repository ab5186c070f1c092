// SPDX-License-Identifier: Apache-2.0

package main

// ledgerEnclaves is VAL-8 and the ledger enclave's answers.
var ledgerEnclaves = []mutant{
	{
		"15", "VAL-8", "a block that says it is the first", "ledgerenclave/join.go",
		`if n := genesis.GetHeader().GetNumber(); n != 0 || len(genesis.GetHeader().GetPreviousHash()) != 0 {`, never, "./ledgerenclave", "TestAttack15WrongGenesis",
	},
	{
		"15", "VAL-8", "a genesis block with other data", "ledgerenclave/join.go",
		`if err := block.Check(genesis, nil); err != nil {`, never, "./ledgerenclave", "TestAttack15WrongGenesis",
	},
	{
		"15", "VAL-8", "a second channel", "ledgerenclave/join.go",
		`if l := e.ledger.Load(); l != nil {
		return protocol.Errorf(step, CodeAlreadyJoined,`, never, "./ledgerenclave", "TestAttack15WrongGenesis",
	},
	{
		"15", "VAL-8", "blocks that do not follow", "ledgerenclave/intake.go",
		`err = block.Check(blk, view.Header())`, `err = block.Check(blk, nil)`, "./ledgerenclave", "TestAttack15RefusedBlocks",
	},
	{
		"15", "VAL-8", "blocks that no orderer signed", "ledgerenclave/intake.go",
		`err = view.Bundle().VerifyBlock(blk)`, `_ = view.Bundle().VerifyBlock(blk)`, "./ledgerenclave", "TestAttack15RefusedBlocks",
	},
	{
		"15", "VAL-8", "a stub brings blocks", "ledgerenclave/handle.go",
		`case MethodAsk, MethodSession:`, `default:`, "./cmd/fpc-ledger", "TestAttack15StubInPlaceOfTheHost",
	},
	{
		"26", "VAL-8", "goes on without ERCC's state", "ledgerenclave/intake.go",
		`if l.needs(view, namespace) {`, never, "./ledgerenclave", "TestAttack26TaintStops",
	},
	{
		"26", "VAL-8", "goes on without a served chaincode's state", "ledgerenclave/intake.go",
		`l.sessions.Serves(namespace) && `, `namespace == "" && `, "./ledgerenclave", "TestAttack26TaintStops",
	},
	{
		"26", "VAL-8", "an enclave stops the ledger for a stranger's chaincode", "ledgerenclave/intake.go",
		` && l.fullDefinition(view, namespace) != nil`, ` && view != nil`, "./ledgerenclave", "TestAttack26TaintStops",
	},
	{
		"18", "INV-9", "enclaves are of chaincodes that nobody can define", "ledgerenclave/session.go",
		`if err := lifecycle.CheckName(chaincode); err != nil {`, never, "./ledgerenclave", "TestAttack18ServedChaincodes",
	},
	{
		"18", "VAL-8", "who was served once is served for ever", "transport/session/ledger.go",
		`	return false
}

// Request is`, `	return true
}

// Request is`, "./ledgerenclave", "TestAttack18ServedChaincodes",
	},
	{
		"26", "EX-3", "a tainted range says nothing", "ledgerenclave/answer.go",
		`Tainted: a.view.Tainted(ask.GetNamespace())`, ``, "./ledgerenclave", "TestAttack26TaintedRange",
	},
	{
		"16", "INV-9", "the hash of a block above the head that is asked at", "ledgerenclave/answer.go",
		`if ask.GetHeight() > a.view.Height() {`, never, "./ledgerenclave", "TestHashAtAView",
	},
	{
		"26", "VAL-8", "all peers are on LevelDB", "ledgerenclave/intake.go",
		`CouchDB: l.stateDatabase == CouchDB,`, ``, "./ledgerenclave", "TestAttack26StateDatabases",
	},
	{
		"26", "VAL-8", "a verdict that nobody knows stops the channel", "ledgerenclave/intake.go",
		`, Tainted: view.Tainted}`, `}`, "./ledgerenclave", "TestAttack26ForeignPlugin",
	},
	{
		"26", "VAL-8", "taint is forgotten", "ledgerenclave/intake.go",
		`Tainted: newlyTainted(view, result),`, ``, "./ledgerenclave", "TestAttack26ForeignPlugin",
	},
	{
		"26", "INV-9", "a session for a tainted chaincode", "ledgerenclave/session.go",
		`if l.index.Newest().Tainted(chaincode) {`, never, "./ledgerenclave", "TestAttack26TaintStops",
	},
	{
		"23", "EX-1", "any key of the right organisation unit is an enclave's", "ledgerenclave/enclaves.go",
		`!seen[id] && w.counts(c.namespace, d.version, id) {`, `!seen[id] && (w.counts(c.namespace, d.version, id) || true) {`, "./ledgerenclave", "TestAttack23ForeignWriter",
	},
	{
		"23", "EX-1", "removals by others are forgotten", "ledgerenclave/enclaves.go",
		`return w.definition(namespace) != nil && !w.byEnclaves(tx, namespace, key)`, `return false`, "./ledgerenclave", "TestAttack23ForeignWriter",
	},
	{
		"23", "EX-1", "removals by others are in no checkpoint", "ledgerenclave/index/import.go",
		`m.view.removed = m.view.removed.Apply(changes)`, `_ = changes`, "./ledgerenclave", "TestAttack23ForeignWriter",
	},
	{
		"23", "EX-1", "a key that others removed reads as absent", "enclave/view_full.go",
		`if info.GetRemoved() {`, never, "./enclave", "TestAttack23ForeignWriter",
	},
	{
		"23", "EX-3", "a row that others removed is left out", "enclave/view_range.go",
		`if next := c.known[0]; next.GetInfo().GetRemoved() {`, `if next := c.known[0]; false {`, "./enclave", "TestAttack23ForeignWriter",
	},
	{
		"23", "EX-1", "one enclave among forgers is enough", "ledgerenclave/enclaves.go",
		`	return e.enough
`, `	return true
`, "./ledgerenclave", "TestAttack23ForeignWriter",
	},
	{
		"22", "EX-1", "an enclave that nobody provisioned", "ledgerenclave/enclaves.go",
		`r.has(protocol.ProvisionedKey(cc, id)) &&`, `true &&`, "./ledgerenclave", "TestAttack22UnprovisionedEnclave",
	},
	{
		"22", "EX-1", "a revoked enclave writes", "ledgerenclave/enclaves.go",
		` && !r.has(protocol.RevokedKey(cc, id))`, ``, "./ledgerenclave", "TestAttack22UnprovisionedEnclave",
	},
	{
		"23", "EX-1", "an enclave of another version writes", "ledgerenclave/enclaves.go",
		`return err == nil && parsed.Data.GetCcParams().GetVersion() == version &&`, `return err == nil && parsed.Data.GetCcParams() != nil &&`, "./ledgerenclave", "TestAttack23EnclaveOfTwoVersions",
	},
	{
		"23", "EX-1", "an enclave counts once for each of its certificates", "ledgerenclave/enclaves.go",
		`if id := enclaveID(endorser); !seen[id] && `, `if id := enclaveID(endorser); `, "./ledgerenclave", "TestAttack23OneEnclaveTwice",
	},
	{
		"23", "EX-5", "a policy that others gave a key counts", "ledgerenclave/enclaves.go",
		` || !w.view.Info(namespace, key).GetByEnclaves() {`, ` {`, "./ledgerenclave", "TestAttack23PolicyOfOthers",
	},
	{
		"23", "EX-1", "others change a key's policy unseen", "ledgerenclave/index/update.go",
		`if r.writer&byEnclaves != 0 && r.writer&^byEnclaves != r.version && !u.byEnclaves(int(w.Version.Tx), w) {`, never, "./ledgerenclave", "TestAttack23PolicyOfOthers",
	},
	{
		"23", "EX-5", "a policy that others set is read", "enclave/view_full.go",
		`case !info.GetByEnclaves():
		return stored{}, protocol.Errorf(stepPolicy`, never, "./enclave", "TestAttack23PolicyOfOthers",
	},
	{
		"23", "EX-1", "what was removed under another definition is forgotten", "ledgerenclave/index/update.go",
		`case noted, old.writer&byEnclaves != 0, w.Delete`, `case noted && old.writer == 0, w.Delete`, "./ledgerenclave", "TestAttack23DefinitionOfAnotherKind",
	},
	{
		"18", "VAL-8", "claimed transaction ids of any length are kept", "ledgerenclave/index/transactions.go",
		`if len(txID) > maxOdd {`, never, "./ledgerenclave/index", "TestAttack18LongTransactionIDs",
	},
	{
		"14", "KEY-5", "an unregistered enclave may endorse", "ledgerenclave/enclaves.go",
		`if len(credentials) == 0 {
		return`, `if false {
		return`, "./ledgerenclave", "TestEndorser",
	},
	{
		"14", "KEY-5", "a revoked enclave may endorse", "ledgerenclave/enclaves.go",
		`if (registry{a.view, a.ledger.registry}).has(protocol.RevokedKey(cc, id)) {`, never, "./ledgerenclave", "TestEndorser",
	},
	{
		"14", "KEY-5", "an enclave of another version may endorse", "ledgerenclave/enclaves.go",
		`if version := parsed.Data.GetCcParams().GetVersion(); version != defined.Version {`, never, "./ledgerenclave", "TestUpgrade",
	},
	{
		"14", "KEY-5", "a policy that no definition approves is in force", "ledgerenclave/enclaves.go",
		`if v := protocol.PolicyVersion(policy); v != defined.Version {`, never, "./ledgerenclave", "TestPolicyInForce",
	},
	{
		"14", "KEY-5", "names that reach into another chaincode's keys", "ledgerenclave/enclaves.go",
		`if lifecycle.CheckName(cc) != nil || !isEnclaveID(id) {`, never, "./ledgerenclave", "TestEndorser",
	},
	{
		"10", "INV-11", "a revoked creator", "ledgerenclave/answer.go",
		`id, err := bundle.Identities().Identity(ask.GetIdentity())
	if err != nil {`, `presented, err := bundle.Identities().Present(ask.GetIdentity())
	id := &msp.Identity{Presented: presented}
	if err != nil {`, "./ledgerenclave", "TestRevokedCreator",
	},
	{
		"10", "INV-11", "a peer proposes", "ledgerenclave/answer.go",
		`if err := propose.EvaluateIdentities([]*msp.Presented{id.Presented}); err != nil {`, never, "./ledgerenclave", "TestIdentity",
	},
	{
		"4", "EX-3", "a range that is cut says that it is whole", "ledgerenclave/answer.go",
		`limit != 0 && len(r.Rows) == int(limit) {
			r.More = true`, `limit != 0 && len(r.Rows) == int(limit) {`, "./ledgerenclave", "TestAttack04Ranges",
	},
	{
		"31", "INV-20", "the newest head, whatever it holds", "ledgerenclave/answer.go",
		`if agrees(view, ask) {`, `if agrees(view, ask) || true {`, "./ledgerenclave", "TestAgree",
	},
	{
		"14", "KEY-5", "an answer made for another statement", "ledgerenclave/statement.go",
		`if !bytes.Equal(p.Signature.GetNonce(), nonce) {`, never, "./ledgerenclave", "TestAttack14RefusedStatements",
	},
	{
		"14", "KEY-5", "a statement by a client", "ledgerenclave/statement.go",
		`if err := endorser.Satisfies(msp.RolePrincipal(endorser.MSPID(), common.MSPRole_PEER)); err != nil {`, never, "./ledgerenclave", "TestAttack14RefusedStatements",
	},
	{
		"14", "KEY-5", "a statement that nobody signed", "ledgerenclave/statement.go",
		`if err := endorser.Verify(claim.Data, claim.Signature); err != nil {`, never, "./ledgerenclave", "TestAttack14RefusedStatements",
	},
	{
		"14", "KEY-5", "an answer to another proposal", "ledgerenclave/statement.go",
		`if !bytes.Equal(result.ProposalHash, proposal.Hash) {`, never, "./ledgerenclave", "TestAttack14RefusedStatements",
	},
	{
		"14", "KEY-5", "one organisation speaks for all", "ledgerenclave/statement.go",
		`if len(vouched) < majority {`, `if len(ask.GetInfos()) < majority {`, "./ledgerenclave", "TestAttack14RefusedStatements",
	},
	{
		"14", "KEY-5", "a frozen view", "ledgerenclave/statement.go",
		`if chain.GetHeight() > height {`, `if chain.GetHeight() > height {
		return nil
	}
	if false {`, "./ledgerenclave", "TestAttack14RefusedStatements",
	},
	{
		"15", "KEY-5", "a peer on another chain", "ledgerenclave/statement.go",
		`if !ok || !bytes.Equal(hash, chain.GetCurrentBlockHash()) {`, `if !ok || len(hash) != len(chain.GetCurrentBlockHash()) {`, "./ledgerenclave", "TestAttack14RefusedStatements",
	},
	{
		"15", "VAL-8", "parts of two checkpoints", "ledgerenclave/checkpoint.go",
		`!bytes.Equal(r.first.GetCheckpoint(), m.GetCheckpoint()) || !proto.Equal(r.first.GetHead(), m.GetHead())`, `len(r.first.GetCheckpoint()) != len(m.GetCheckpoint())`, "./ledgerenclave", "TestAttack15Checkpoints",
	},
	{
		"15", "VAL-8", "parts in any order", "ledgerenclave/checkpoint.go",
		`r.part != m.GetPart() || `, ``, "./ledgerenclave", "TestAttack15Checkpoints",
	},
	{
		"15", "VAL-8", "a checkpoint of other code", "ledgerenclave/checkpoint.go",
		`case m.GetCodeId() != p.CodeID():`, never, "./ledgerenclave", "TestAttack15Checkpoints",
	},
	{
		"15", "VAL-8", "a checkpoint without its end", "ledgerenclave/checkpoint.go",
		`case req.GetLast() && !m.GetLast():`, never, "./ledgerenclave", "TestAttack15Checkpoints",
	},
	{
		"15", "VAL-8", "a part that says it is another one", "ledgerenclave/checkpoint.go",
		`		number(m.GetPart()), []byte{last})`, `		nil, []byte{last})`, "./ledgerenclave", "TestAttack15Checkpoints",
	},
	{
		"3", "INV-11", "a head that is no longer kept", "ledgerenclave/answer.go",
		`if view == nil {
		return`, `if view == nil {
		view = newest
	}
	if false {
		return`, "./ledgerenclave", "TestAttack03Rollback",
	},
	{
		"26", "VAL-8", "of two with one id in a block the first is meant, though it is invalid", "ledgerenclave/index/transactions.go",
		`case at-1 >= start && t.code(at-1) != 0 && tx.Code == 0:`, never, "./ledgerenclave/index", "TestOfTransactionsWithOneID",
	},
	{
		"3", "EX-1", "who changed metadata wrote the value", "ledgerenclave/index/update.go",
		`if at >= len(txs) || !changesMetadata(txs[at].Set, w.Namespace) {`, `if at >= 0 {`, "./ledgerenclave", "TestMetadataKeepsTheWriter",
	},
	{
		"18", "INV-9", "any number of asks", "ledgerenclave/answer.go",
		`if n := len(req.GetAsks()); n > l.limits.MaxAsks {`, never, "./ledgerenclave", "TestTooMuch",
	},
	{
		"18", "EX-1", "an answer of any size", "ledgerenclave/answer.go",
		`if n > a.room {`, never, "./ledgerenclave", "TestTooMuch",
	},
	{
		"14", "KEY-5", "an orderers' organisation counts among the majority", "ledgerenclave/statement.go",
		`if _, ok := a.view.Bundle().ApplicationOrg(endorser.MSPID()); !ok {`, never, "./ledgerenclave", "TestAttack14RefusedStatements",
	},
	{
		"", "VAL-8", "policies that keys still have are let go of", "ledgerenclave/index/metadata.go",
		`if !used[n] {`, `if !used[n] || n > 0 {`, "./ledgerenclave/index", "TestPoliciesThatNoKeyHasAreLetGo",
	},
	{
		"", "VAL-8", "earlier heads lose policies with the newest", "ledgerenclave/index/metadata.go",
		`entries: make([]string, end),`, `entries: before[:end],`, "./ledgerenclave/index", "TestPoliciesThatNoKeyHasAreLetGo",
	},
	{
		"15", "VAL-8", "a channel that became BFT still needs one orderer's signature only", "fabric/channel/bundle.go",
		`if b.consensus.Type == typeBFT {`, never, "./ledgerenclave", "TestAttack15RaftBecomesBFT",
	},
}
