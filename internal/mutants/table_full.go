// SPDX-License-Identifier: Apache-2.0

package main

// full are the checks of enclaves that endorse (Full mode).
var full = []mutant{
	{
		"1", "EX-1", "the peer's value need not be the ledger enclave's", "enclave/view_full.go",
		`if info.GetPresent() != (len(value) != 0) || !bytes.Equal(info.GetValueHash(), protocol.ValueHash(value)) {`, never, "./enclave", "TestAttack03FullRollback",
	},
	{
		"5", "EX-1", "a value that nobody committed passes for the ledger's", "enclave/view_full.go",
		`if info.GetPresent() != (len(value) != 0) || !bytes.Equal(info.GetValueHash(), protocol.ValueHash(value)) {`, `if info.GetPresent() != (len(value) != 0) {`, "./enclave", "TestAttack05FullStateThatNobodyCommitted",
	},
	{
		"22", "EX-1", "who endorsed a value does not matter", "enclave/view_full.go",
		`case !info.GetByEnclaves():
		return stored{}, protocol.Errorf(step,`, never, "./enclave", "TestAttack22FullRevokedEnclave",
	},
	{
		"4", "EX-3", "rows that the ledger enclave knows may be missing at the end", "enclave/view_range.go",
		`if err != nil || want == nil {`, `if err != nil || want != nil || want == nil {`, "./enclave", "TestAttack04FullHiddenAndAddedRows",
	},
	{
		"24", "EX-5", "any policy may be set on a key", "protocol/enclavepolicy.go",
		`if err != nil || mode != ModeFull {`, never, "./enclave", "TestAttack24FullForeignPolicy",
	},
	{
		"3", "INV-11", "the request's min_height does not matter", "enclave/view_head.go",
		`case err == nil && v.pinned.height >= lowest:`, `case err == nil:`, "./enclave", "TestAttack03FullFrozenView",
	},
	{
		"10", "INV-11", "the ledger enclave's word on the creator does not matter", "enclave/pinned.go",
		`GetIdentity().GetRefused(); refused != nil {`, `GetIdentity().GetRefused(); refused != nil && len(refused.GetCode()) < 0 {`, "./enclave", "TestAttack10FullRevokedCreator",
	},
	{
		"10", "INV-11", "who asks for no state need not be a valid creator", "enclave/view_settle.go",
		`case v.pinned.height == 0:`, `case false:`, "./enclave", "TestAttack10FullRevokedCreator",
	},
	{
		"10", "INV-11", "a revoked creator learns how a key is blinded", "enclave/view_full.go",
		`if e.config.BlindedKeys {`, never, "./enclave", "TestAttack10FullRevokedCreator",
	},
	{
		"16", "INV-9", "a ledger enclave that was put back is followed", "enclave/ledgerlink.go",
		`if bytes.Equal(hash, l.top.hash) {`, `if bytes.Equal(hash, l.top.hash) || len(hash) == 0 {`, "./enclave", "TestAttack16FullOtherLedgerEnclave",
	},
	{
		"16", "INV-9", "any later ledger enclave will do", "enclave/ledgerlink.go",
		`l.shakeHands(ctx, s, host, &s.full.ledger)`, `l.shakeHands(ctx, s, host, nil)`, "./enclave", "TestAttack16FullOtherLedgerEnclave",
	},
	{
		"", "REG-9", "any certificate of the organisation is installed", "enclave/certificate.go",
		`if err := next.checkEndorser(); err != nil {`, `if err := next.checkEndorser(); err != nil && len(next.id) < 0 {`, "./enclave", "TestEnclaveCertificate",
	},
	{
		"12", "REG-9", "a certificate for two versions is installed", "protocol/certificate.go",
		`if unit != ou && strings.HasPrefix(unit, enclaveOUPrefix) {`, never, "./enclave", "TestEnclaveCertificate",
	},
	{
		"", "REG-9", "an enrolment's secret goes to a Fabric CA in the clear", "client/admin/fabricca.go",
		`case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):`, never, "./client/admin", "TestFabricCAKeepsTheSecret",
	},
	{
		"", "REG-9", "an enrolment's secret goes where a server sends it", "client/admin/fabricca.go",
		`return http.ErrUseLastResponse`, `return nil`, "./client/admin", "TestFabricCAKeepsTheSecret",
	},
	{
		"14", "KEY-5", "keys are exported without a head statement", "enclave/export.go",
		`if value == nil {`, never, "./enclave", "TestHeadStatementIsUsedOnce",
	},
	{
		"14", "KEY-5", "keys go to whoever is registered under the receiver's name", "enclave/export.go",
		`case c.EnclaveID() != id:`, `case false:`, "./enclave", "TestAttack14FullKeyExport",
	},
	{
		"14", "KEY-5", "keys go to whom the policy in force would refuse", "enclave/receiver.go",
		`if err != nil {
		return none, protocol.Errorf(stepExport,`, never, "./enclave", "TestAttack14FullReceiverBelowThePolicy",
	},
	{
		"14", "KEY-5", "keys go to an enclave whose ledger enclave is approved no more", "enclave/receiver.go",
		`if err := protocol.CheckLedger(stepExport, c.Data, policy.LedgerCodeIDs, policy.Attestation); err != nil {`, never, "./enclave", "TestAttack14FullReceiverBelowThePolicy",
	},
	{
		"14", "KEY-5", "a receiver is judged by no policy", "enclave/receiver.go",
		`if refused := r.GetRefused(); refused != nil {`, `if refused := r.GetRefused(); refused != nil && false {`, "./enclave", "TestAttack14FullReceiverBelowThePolicy",
	},
	{
		"14", "KEY-5", "the receiver's evidence is judged at any time that the host likes", "enclave/receiver.go",
		`time.Unix(max(told, floor), 0)`, `time.Unix(max(told, floor-floor), 0)`, "./enclave", "TestAttack14FullClockTurnedBack",
	},
	{
		"29", "KEY-5", "the receiver is in no lineage before it says so itself", "enclave/export.go",
		`s.keys.lineage.Union(protocol.NewLineage(to.custody)),`, `s.keys.lineage.Union(protocol.NewLineage()),`, "./enclave", "TestImportKeepsTheLineage",
	},
	{
		"14", "KEY-5", "keys go to an enclave of another chaincode", "enclave/export.go",
		`case params.GetChaincodeId() != s.params.GetChaincodeId():`, never, "./enclave", "TestAttack14FullKeyExport",
	},
	{
		"14", "KEY-5", "keys go to an enclave of another network", "enclave/export.go",
		`case !bytes.Equal(c.Data.GetChannelHash(), s.channelHash):`, never, "./enclave", "TestAttack14FullKeyExport",
	},
	{
		"14", "KEY-5", "keys go to an enclave of Lite mode", "enclave/export.go",
		`case c.Data.GetLedgerCodeId() == "":`, never, "./enclave", "TestAttack14FullKeyExport",
	},
	{
		"14", "KEY-7", "an export that the registry does not hold is taken", "enclave/importkeys.go",
		`if !proto.Equal(held, signed) {`, never, "./enclave", "TestImportOfKeys",
	},
	{
		"29", "KEY-7", "the sender's lineage is forgotten", "enclave/importkeys.go",
		`set.lineage = set.lineage.Union(x.Lineage).Union(protocol.NewLineage(s.custody))`, `set.lineage = protocol.NewLineage(s.custody)`, "./enclave", "TestImportKeepsTheLineage",
	},
	{
		"8", "INV-22", "an endorsement of another proposal is taken", "protocol/endorsed.go",
		`case !bytes.Equal(action.ProposalHash, want.ProposalHash):`, `case false:`, "./protocol", "TestWrongEndorsementIsRefused",
	},
	{
		"8", "INV-22", "the enclave's signature over the payload does not matter", "protocol/endorsed.go",
		`if err := vk.VerifyEndorsement(m.GetPayload(), m.GetEndorser(), m.GetSignature()); err != nil {`, never, "./protocol", "TestAlteredEndorsementIsRefused",
	},
	{
		"8", "INV-22", "whoever relays an endorsement may name its head", "protocol/endorsed.go",
		`if err := want.ResponseKey.VerifyHead(e.GetHead(), e.GetSignature(), e.GetHeadMac()); err != nil {`, never, "./protocol", "TestAlteredEndorsementIsRefused",
	},
	{
		"8", "INV-22", "the head of another enclave's answer", "protocol/endorsed.go",
		`case m.GetEnclaveId() != vk.ID():`, never, "./protocol", "TestWrongEndorsementIsRefused",
	},
	{
		"8", "INV-22", "any endorser passes where the identity is known", "protocol/endorsed.go",
		`if len(want.Endorser) > 0 && bytes.Equal(endorser, want.Endorser) {`, `if len(want.Endorser) > 0 {`, "./protocol", "TestAlteredEndorsementIsRefused",
	},
	{
		"8", "INV-22", "the endorser need not be the enclave that was asked", "protocol/endorsed.go",
		`case block == nil || !bytes.Equal(block.Bytes, wanted.Raw):`, `case block == nil:`, "./protocol", "TestAlteredEndorsementIsRefused",
	},
	{
		"14", "KEY-5", "keys that are no longer the registered ones are exported", "enclave/export.go",
		`if err := s.checkOwnKeys(stepExport, replies[1].GetEndorser()); err != nil {`, never, "./enclave", "TestAttack14FullExportOfFormerKeys",
	},
	{
		"14", "KEY-5", "an enclave that the registry does not hold for provisioned exports", "enclave/export.go",
		`if !r.GetProvisioned() {`, never, "./enclave", "TestAttack14FullExportOfFormerKeys",
	},
	{
		"14", "KEY-7", "keys that are not the registered ones are imported", "enclave/importkeys.go",
		`if err := old.checkRegisteredKey(stepImport, reply, next.keys); err != nil {`, never, "./enclave", "TestAttack14FullForgedExport",
	},
	{
		"14", "KEY-7", "other keys than the export names are imported", "enclave/importkeys.go",
		`if set.generation != x.Generation || !bytes.Equal(set.ekID, x.ChaincodeEK.ID()) {`, never, "./enclave", "TestAttack14FullForgedExport",
	},
	{
		"14", "KEY-7", "an export for another enclave is taken", "enclave/importkeys.go",
		`case x.Receiver != s.id:`, never, "./enclave", "TestAttack14FullForgedExport",
	},
	{
		"14", "KEY-7", "an unprovisioned enclave's export is taken", "enclave/importkeys.go",
		`if !by.GetProvisioned() {`, never, "./enclave", "TestAttack14FullForgedExport",
	},
	{
		"14", "KEY-7", "a revoked enclave takes keys", "enclave/importkeys.go",
		`if refused := own.GetRefused(); refused != nil {`, `if refused := own.GetRefused(); refused != nil && false {`, "./enclave", "TestAttack14FullForgedExport",
	},
	{
		"16", "INV-9", "answers about fewer keys than asked", "enclave/ledgerlink.go",
		`if keys := ask.GetKeys(); keys != nil && len(keys.GetKeys()) != len(answer.GetReplies()[i].GetKeys().GetKeys()) {`, never, "./enclave", "TestAttack16FullAnswersThatDoNotFit",
	},
	{
		"16", "INV-9", "an answer at another head than asked", "enclave/ledgerlink.go",
		` || (req.GetAt() != 0 && h.GetHeight() != req.GetAt()) {`, ` {`, "./enclave", "TestAttack16FullAnswersThatDoNotFit",
	},
	{
		"15", "INV-11", "another chain under the same session", "enclave/pinned.go",
		`if err == nil && !bytes.Equal(at.hash, p.hash) {`, never, "./enclave", "TestAttack16FullAnswersThatDoNotFit",
	},
	{
		"3", "INV-20", "a head below the oldest that will do", "enclave/view_settle.go",
		`if reply.GetHeight() < v.oldest {`, never, "./enclave", "TestAttack03FullAgreementBelowTheOldest",
	},
	{
		"", "INV-11", "a run without its ledger enclave tells the client that the chaincode failed", "enclave/view_settle.go",
		`case v.failed != nil:`, never, "./enclave", "TestHostThatFailsDuringARun",
	},
	{
		"23", "EX-5", "the policy of a key that others removed reads as none", "enclave/view_full.go",
		`case info.GetRemoved():
		return stored{}, errRemoved(stepPolicy`, never, "./enclave", "TestAttack23ForeignWriter",
	},
	{
		"16", "INV-9", "evidence of another platform than it came as", "transport/session/session.go",
		`case claims.Platform != ev.GetPlatform():`, never, "./transport/session", "TestAttack16EvidenceOfAnotherPlatform",
	},
	{
		"12", "REG-12", "roots of an organisation that is not there", "protocol/enclavecert.go",
		`if i < 0 {`, never, "./protocol", "TestRootsOf",
	},
	{
		"16", "INV-9", "the host's clock goes back behind evidence", "enclave/ledgerlink.go",
		`l.floor = max(l.floor, made.Since().Unix())`, `_ = made.Since()`, "./enclave", "TestAttack16FullClockTurnedBack",
	},
	{
		"", "EX-1", "the client is told that the chaincode failed where its host did", "enclave/view_full.go",
		`	v.failed = err
	return err
`, `	return err
`, "./enclave", "TestHostThatFailsDuringARun",
	},
}
