// SPDX-License-Identifier: Apache-2.0

package main

// fullViews are the checks by which an enclave of Full mode holds its host's word to
// the ledger enclave's.
var fullViews = []mutant{
	{
		"24", "EX-5", "the host's word on a key's policy is taken", "enclave/view_full.go",
		`case !bytes.Equal(info.GetMetadataHash(), protocol.MetadataHash(resp.GetMetadata())):`, never, "./enclave", "TestAttack24FullPolicyOfTheHost",
	},
	{
		"23", "EX-1", "a value of another transaction than wrote the key", "enclave/view_full.go",
		`case header.TxID.String() != info.GetTxId():`, never, "./enclave", "TestAttack23FullWhatTheLedgerEnclaveSays",
	},
	{
		"26", "EX-1", "values of a tainted namespace are read", "enclave/view_full.go",
		`if info.GetTainted() {`, never, "./enclave", "TestAttack23FullWhatTheLedgerEnclaveSays",
	},
	{
		"26", "EX-5", "policies of a tainted namespace are read", "enclave/view_full.go",
		`case info.GetTainted():`, never, "./enclave", "TestAttack23FullWhatTheLedgerEnclaveSays",
	},
	{
		"26", "EX-3", "ranges of a tainted namespace are read", "enclave/view_range.go",
		`if r.GetTainted() {`, never, "./enclave", "TestAttack23FullWhatTheLedgerEnclaveSays",
	},
	{
		"18", "INV-20", "a host has an enclave run for ever", "enclave/view_settle.go",
		`case v.reruns == maxReruns:`, never, "./enclave", "TestAttack18FullStateThatChangesInEachRun",
	},
	{
		"18", "INV-11", "a head above all heights is waited for", "enclave/view_head.go",
		`case protocol.CodeOf(err) == codeNotYet && at == 0:`, never, "./enclave", "TestHostThatDeniesTheNewestHead",
	},
	{
		"11", "INV-22", "one enclave answers in another's place", "client/gather.go",
		`if err == nil && answer.EnclaveID() != e.ID {`, never, "./client", "TestAttack11FullEnclaveAnswersForAnother",
	},
}
