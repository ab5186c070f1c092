// SPDX-License-Identifier: Apache-2.0

package main

// validations is VAL-1 to VAL-4, at the stub.
var validations = []mutant{
	{
		"6", "VAL-1", "results of a calling chaincode's enclave", "stub/validate.go",
		`ccrsp, err := protocol.ParseValidate(c.args)`, `ccrsp, err := protocol.ParseValidate(c.args)
	if r, err := protocol.ParseResponse("VAL-1", ccrsp); err == nil {
		if m, err := protocol.ParseUnverifiedResponse("VAL-1", r); err == nil {
			s = &Stub{config: s.config}
			s.config.Chaincode = m.GetCcParams().GetChaincodeId()
		}
	}`, "./stub", "TestResultOfACallingChaincode",
	},
	{
		"8", "VAL-2", "an enclave that nobody registered", "stub/validation/validation.go",
		`if view.GetCredentials() == nil {`, never, "./stub/validation", "TestLookupRefusals",
	},
	{
		"22", "VAL-2", "a revoked enclave", "stub/validation/validation.go",
		`if view.GetRevoked() {`, never, "./stub", "TestAttack22UnprovisionedEnclave",
	},
	{
		"22", "VAL-2", "an enclave whose keys nobody registered", "stub/validation/validation.go",
		`if view.GetProvisioned() == nil || view.GetChaincodeKey() == nil {`, `if view.GetChaincodeKey() == nil {`, "./stub", "TestAttack22UnprovisionedEnclave",
	},
	{
		"22", "VAL-3", "keys of the enclave's own making", "stub/validation/validation.go",
		`if !bytes.Equal(m.GetChaincodeEkId(), by.keyID) {`, never, "./stub/validation", "TestPlaceAndKeyRefusals",
	},
	{
		"13", "VAL-3", "an older generation", "stub/validation/validation.go",
		`if m.GetGeneration() != by.generation {`, never, "./stub", "TestAttack13OlderGeneration",
	},
	{
		"8", "VAL-3", "a signature that does not verify", "protocol/response.go",
		`if err := vk.Verify(responseLabel(m.GetKind()), r.GetResponse(), r.GetSignature()); err != nil {`, never, "./stub", "TestAttack08AlteredResponse",
	},
	{
		"8", "VAL-3", "another enclave's name", "protocol/response.go",
		`if m.GetEnclaveId() != vk.ID() {`, never, "./stub/validation", "TestAttack08AlteredResponse",
	},
	{
		"8", "VAL-3", "exec is not of what was read", "protocol/response.go",
		`if binding.Exec != ComputeExec(`, `if false && binding.Exec != ComputeExec(`, "./protocol", "TestEnclaveSignsOnlyWellFormedResponses",
	},
	{
		"20", "VAL-3", "an error is committed", "stub/validation/validation.go",
		`if !verified.IsResult() {`, never, "./stub", "TestAttack20PartialWritesOfAFailure",
	},
	{
		"2", "VAL-3", "another channel's name", "stub/validation/validation.go",
		`if p.GetChannelId() != outer.ChannelID ||`, `if`, "./stub/validation", "TestPlaceAndKeyRefusals",
	},
	{
		"2", "VAL-3", "another channel of the same name", "stub/validation/validation.go",
		` || !bytes.Equal(m.GetChannelHash(), by.credentials.Data.GetChannelHash()) {`, ` {`, "./stub/validation", "TestPlaceAndKeyRefusals",
	},
	{
		"2", "VAL-3", "another chaincode", "stub/validation/validation.go",
		`if p.GetChaincodeId() != outer.Chaincode ||`, `if`, "./stub/validation", "TestPlaceAndKeyRefusals",
	},
	{
		"28", "VAL-3", "a version that is no longer committed", "stub/validation/validation.go",
		`if p.GetVersion() != d.GetVersion() {`, never, "./stub/validation", "TestPlaceAndKeyRefusals",
	},
	{
		"28", "VAL-3", "the sequence is compared: a policy-only sequence strands results", "stub/validation/validation.go",
		`if p.GetVersion() != d.GetVersion() {`, `if p.GetVersion() != d.GetVersion() || p.GetSequence() != d.GetSequence() {`, "./stub/validation", "TestAttack28NewSequenceOfTheSameVersion",
	},
	{
		"8", "VAL-3", "an inner proposal for another channel", "stub/validation/proposal.go",
		`if inner.ChannelID() != outer.ChannelID {`, never, "./stub/validation", "TestInnerProposalRefusals",
	},
	{
		"8", "VAL-3", "an inner proposal for another chaincode", "stub/validation/proposal.go",
		`if inner.Chaincode != outer.Chaincode {`, never, "./stub/validation", "TestInnerProposalRefusals",
	},
	{
		"8", "VAL-3", "the response names another transaction", "stub/validation/proposal.go",
		`if inner.TxID() != m.GetTxId() {`, never, "./stub/validation", "TestPlaceAndKeyRefusals",
	},
	{
		"9", "VAL-3", "another creator commits", "stub/validation/proposal.go",
		`if !bytes.Equal(inner.Creator(), outer.Creator) {`, never, "./stub", "TestAttack09CapturedRequest",
	},
	{
		"8", "VAL-3", "the creator did not sign", "stub/validation/proposal.go",
		`if !ecdsa.VerifyASN1(key, digest[:], signed.GetSignature()) {`, never, "./stub/validation", "TestForgedInnerSignature",
	},
	{
		"8", "VAL-3", "a signature that Fabric refuses", "stub/validation/proposal.go",
		`if err != nil || !bytes.Equal(low, signed.GetSignature()) {`, never, "./stub/validation", "TestForgedInnerSignature",
	},
	{
		"25", "VAL-3", "transient data in the inner proposal", "stub/validation/proposal.go",
		`if len(inner.Transient) != 0 {`, never, "./stub/validation", "TestInnerProposalRefusals",
	},
	{
		"8", "VAL-3", "an inner proposal that calls something else", "stub/validation/proposal.go",
		`if len(args) != 2 || string(args[0]) != protocol.FuncInvoke {`, `if len(args) < 2 {`, "./stub/validation", "TestInnerProposalRefusals",
	},
	{
		"8", "VAL-3", "another request", "stub/validation/proposal.go",
		`if hash := protocol.RequestHash(args[1]); !bytes.Equal(hash[:], m.GetRequestHash()) {`, never, "./stub/validation", "TestPlaceAndKeyRefusals",
	},
	{
		"6", "VAL-3", "results touch FPC's own keys", "stub/validation/validation.go",
		`if protocol.IsReservedKey(key) {`, never, "./stub/validation", "TestReplayRefusals",
	},
	{
		"6", "VAL-4", "a result is replayed twice", "stub/validation/replay.go",
		`if len(values[0]) != 0 {`, never, "./stub", "TestAttack06ReplayedResponse",
	},
	{
		"6", "VAL-4", "no marker is left", "stub/validation/replay.go",
		`if err := state.PutState(protocol.MarkerKey(e.message.GetTxId()), e.digest[:]); err != nil {`, `if false {
		var err error`, "./stub", "TestAttack06ReplayedResponse",
	},
	{
		"3", "VAL-4", "values are not read again", "stub/validation/replay.go",
		`if !bytes.Equal(protocol.ValueHash(values[i+1]), r.GetValueHash()) {`, never, "./stub", "TestAttack03RollbackIsRefusedAtReplay",
	},
	{
		"4", "VAL-4", "ranges are not run again", "stub/validation/replay.go",
		`if err := e.checkRange(state, i, r); err != nil {`, never, "./stub", "TestAttack04HiddenRowIsRefusedAtReplay",
	},
	{
		"4", "VAL-4", "a row's value is not compared", "stub/validation/replay.go",
		` || !bytes.Equal(protocol.ValueHash(row.GetValue()), left[0].GetValueHash()) {`, ` {`, "./stub/validation", "TestReplayRefusals",
	},
	{
		"4", "VAL-4", "rows that were added", "stub/validation/replay.go",
		`if len(left) != 0 {`, never, "./stub/validation", "TestReplayRefusals",
	},
	{
		"3", "VAL-4", "policies of keys are not read again", "stub/validation/replay.go",
		`if !bytes.Equal(protocol.MetadataHash(policy), r.GetHash()) {`, never, "./stub/validation", "TestReplayRefusals",
	},
	{
		"24", "VAL-4", "policies of keys are not replayed", "stub/validation/replay.go",
		`range rw.GetMetadataWrites() {
		if err`, `range rw.GetMetadataWrites()[:0] {
		if err`, "./stub", "TestAttack24KeyLevelPolicyIsVisible",
	},
	{
		"", "VAL-4", "the event is not replayed", "stub/validation/replay.go",
		`if event := e.message.GetEvent(); event != nil {`, never, "./stub", "TestEventIsReplayedSealed",
	},
	{
		"", "VAL-4", "a write that fails goes unnoticed", "stub/validation/replay.go",
		`if err := writeKey(state, w); err != nil {`, never, "./stub/validation", "TestPeerFailures",
	},
}
