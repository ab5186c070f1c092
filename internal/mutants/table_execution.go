// SPDX-License-Identifier: Apache-2.0

package main

// execution is EX-1 to EX-5, in the enclave.
var execution = []mutant{
	{
		"1", "EX-1", "a value that does not open", "enclave/ledger.go",
		`if err != nil {
		return nil, l.fail(step, CodeTamperedValue`, never, "./enclave", "TestAttack01FlippedBit",
	},
	{
		"1", "EX-1", "a value without a header", "enclave/ledger.go",
		`if err != nil || h.Generation == 0 || h.Generation > set.generation {`, `if err != nil {
		return sealed, nil
	}
	if h.Generation == 0 || h.Generation > set.generation {`, "./enclave", "TestAttack01FlippedBit",
	},
	{
		"1", "EX-1", "padding that is not zero", "keys/pad.go",
		`if c != 0 {`, never, "./keys", "TestUnpadRefuses",
	},
	{
		"2", "EX-1", "a value is not bound to its key", "keys/state.go",
		`return Encode(LabelStateValue, b.ChannelHash, []byte(b.ChaincodeID), b.marshal(), []byte(b.Key))`, `return Encode(LabelStateValue, b.ChannelHash, []byte(b.ChaincodeID), b.marshal())`, "./enclave", "TestAttack02MovedValue",
	},
	{
		"2", "EX-1", "a value is not bound to its chaincode", "keys/state.go",
		`return Encode(LabelStateValue, b.ChannelHash, []byte(b.ChaincodeID), b.marshal(), []byte(b.Key))`, `return Encode(LabelStateValue, b.ChannelHash, b.marshal(), []byte(b.Key))`, "./enclave", "TestAttack02MovedValue",
	},
	{
		"2", "EX-1", "a value is not bound to its channel", "keys/state.go",
		`return Encode(LabelStateValue, b.ChannelHash, []byte(b.ChaincodeID), b.marshal(), []byte(b.Key))`, `return Encode(LabelStateValue, []byte(b.ChaincodeID), b.marshal(), []byte(b.Key))`, "./enclave", "TestAttack02MovedValue",
	},
	{
		"21", "EX-1", "a value is not bound to its header", "keys/state.go",
		`return Encode(LabelStateValue, b.ChannelHash, []byte(b.ChaincodeID), b.marshal(), []byte(b.Key))`, `return Encode(LabelStateValue, b.ChannelHash, []byte(b.ChaincodeID), []byte(b.Key))`, "./enclave", "TestAttack21EqualCiphertexts",
	},
	{
		"2", "EX-1", "lists of fields are joined without lengths", "keys/label.go",
		`b = binary.BigEndian.AppendUint64(b, uint64(len(f)))`, ``, "./keys", "TestEncodeIsInjective",
	},
	{
		"2", "EX-1", "a value is bound to its blinded key only", "enclave/stub_state.go",
		`l.open(stepGet, missing[where], sealed)`, `l.open(stepGet, where, sealed)`, "./enclave", "TestAttack02MovedValueUnderBlindedKeys",
	},
	{
		"", "EX-2", "blinded keys leave in clear", "enclave/ledger.go",
		`return blinded, nil`, `return key + blinded, nil`, "./enclave", "TestBlindedKeysDoNotLeaveTheEnclave",
	},
	{
		"", "EX-2", "a blinded key is the same for all chaincodes", "keys/blind.go",
		`b.ChannelHash, []byte(b.ChaincodeID),`, `b.ChannelHash,`, "./keys", "TestBlindedKeyDependsOnItsPlace",
	},
	{
		"", "EX-2", "the order in which blinded keys are asked for tells theirs", "enclave/stub_state.go",
		`slices.Sort(ask) // a chaincode`, `_ = slices.Sort[[]string] // a chaincode`, "./enclave", "TestBlindedKeysStandInTheirOwnOrder",
	},
	{
		"", "EX-3", "ranges over blinded keys", "enclave/stub_unsupported.go",
		`if !s.enclave.config.BlindedKeys {`, `if true || s.enclave.config.BlindedKeys {`, "./enclave", "TestBlindedKeysRefuseRanges",
	},
	{
		"3", "EX-1", "what was read is not recorded", "enclave/stub_state.go",
		`l.reads[where] = readValue{plain, protocol.ValueHash(sealed), found[i].version}`, `l.reads[where] = readValue{plain, nil, found[i].version}`, "./enclave", "TestAttack03OldValue",
	},
	{
		"", "EX-1", "an earlier generation's value does not read as absent", "enclave/ledger.go",
		`if h.Generation < set.generation {`, never, "./enclave", "TestEarlierGenerationsAreAbsent",
	},
	{
		"", "EX-1", "a later generation's value", "enclave/ledger.go",
		` || h.Generation > set.generation {`, ` {`, "./enclave", "TestEarlierGenerationsAreAbsent",
	},
	{
		"", "EX-1", "a host steers by failing accesses", "enclave/ledger.go",
		`if l.err == nil {
		l.err = err
	}`, ``, "./enclave", "TestHostThatFailsAnAccess",
	},
	{
		"", "EX-1", "more values than were asked for", "enclave/view.go",
		`if len(resp.GetValues()) != len(keys) {`, `if len(resp.GetValues()) < len(keys) {`, "./enclave", "TestHostThatFailsAnAccess",
	},
	{
		"", "EX-1", "one key is read twice, with two answers", "enclave/stub_state.go",
		`if _, read := l.reads[where]; read || missing[where] != "" {`, `if missing[where] != "" {`, "./enclave", "TestHostIsAskedOncePerKey",
	},
	{
		"25", "EX-2", "values leave in clear", "enclave/ledger.go",
		`out.Value = sealed`, `_, out.Value = sealed, w.plain`, "./enclave", "TestAttack25NothingInClear",
	},
	{
		"", "EX-2", "lengths of values show", "keys/state.go",
		`ct, err := k.values.seal(b.aad(), p.Pad(plaintext))`, `ct, err := k.values.seal(b.aad(), PadNone.Pad(plaintext))`, "./enclave", "TestPaddingOfWhatLeaves",
	},
	{
		"26", "EX-2", "an empty key", "enclave/ledger.go",
		`case key == "":`, never, "./enclave", "TestKeysThatADatabaseRefuses",
	},
	{
		"26", "EX-2", "a key that CouchDB refuses", "enclave/ledger.go",
		`case strings.HasPrefix(key, "_"):`, never, "./enclave", "TestKeysThatADatabaseRefuses",
	},
	{
		"26", "EX-2", "a key that is not UTF-8", "enclave/ledger.go",
		`case !utf8.ValidString(key):`, never, "./enclave", "TestKeysThatADatabaseRefuses",
	},
	{
		"", "EX-2", "a write after a page", "enclave/stub_state.go",
		`if l.paged {`, never, "./enclave", "TestRangesThatAreRefused",
	},
	{
		"", "EX-2", "a write after the answer", "enclave/ledger.go",
		`if l.ended {`, never, "./enclave", "TestWhatTheChaincodeSeesOfItsCall",
	},
	{
		"18", "EX-2", "writes without bound", "enclave/stub_state.go",
		`if limit := l.enclave.config.Limits.MaxResult; l.written > limit {`, never, "./enclave", "TestMemoryIsBounded",
	},
	{
		"18", "EX-1", "reads without bound", "enclave/ledger.go",
		`if l.kept > limits.MaxRead || all > int64(limits.MaxReadAll) {`, never, "./enclave", "TestMemoryIsBounded",
	},
	{
		"18", "EX-3", "rows count only once they are consumed", "enclave/ranges.go",
		`return l.keep(stepRange, size(r.buffer...))`, `return nil`, "./enclave", "TestRowsCountWhenTheyCome",
	},
	{
		"", "EX-3", "rows count for ever", "enclave/ledger.go",
		`		l.kept -= n
		l.enclave.read.Add(-int64(n))`, `		_ = n`, "./enclave", "TestRowsCountWhenTheyCome",
	},
	{
		"", "EX-3", "rows are given back twice", "enclave/ledger.go",
		`if !l.ended {`, `if true || l.ended {`, "./enclave", "TestRowsCountWhenTheyCome",
	},
	{
		"4", "EX-3", "a row before the range's start", "enclave/ranges.go",
		`if key < r.start || (r.end`, `if (r.end`, "./enclave", "TestAttack04HiddenAndAddedRows",
	},
	{
		"4", "EX-3", "a row behind the range's end", "enclave/ranges.go",
		`(r.end != "" && key >= r.end) || `, ``, "./enclave", "TestAttack04HiddenAndAddedRows",
	},
	{
		"4", "EX-3", "a row twice, or out of order", "enclave/ranges.go",
		`(r.last != "" && key <= r.last) || `, ``, "./enclave", "TestAttack04HiddenAndAddedRows",
	},
	{
		"4", "EX-3", "a row without a value", "enclave/ranges.go",
		` || len(row.value) == 0 {`, ` {`, "./enclave", "TestAttack04HiddenAndAddedRows",
	},
	{
		"4", "EX-3", "rows are not recorded", "enclave/ranges.go",
		`r.rows = append(r.rows, &fpc.Read{Key: key, ValueHash: protocol.ValueHash(row.value)})`, `_ = protocol.ValueHash`, "./enclave", "TestAttack04HiddenAndAddedRows",
	},
	{
		"18", "EX-3", "no rows, and more of them, for ever", "enclave/view.go",
		`if resp.GetHasMore() && len(resp.GetRows()) == 0 {`, never, "./enclave", "TestAttack04HiddenAndAddedRows",
	},
	{
		"", "EX-3", "a page after a write", "enclave/stub_ranges.go",
		`if len(s.writes)+len(s.metaSets) > 0 {`, never, "./enclave", "TestRangesThatAreRefused",
	},
	{
		"", "EX-3", "a bookmark outside of its range", "enclave/stub_ranges.go",
		`if bookmark < start || (end != "" && bookmark >= end) {`, never, "./enclave", "TestRangesThatAreRefused",
	},
	{
		"", "EX-3", "a range that was left early is recorded to its end", "enclave/ranges.go",
		`case r.exhausted:`, `case r.exhausted || r.last != "":`, "./enclave", "TestRanges",
	},
	{
		"6", "EX-5", "a chaincode reaches FPC's own keys", "enclave/ledger.go",
		`if protocol.IsReservedKey(key) {`, never, "./stub", "TestAttack06MarkerOutOfReach",
	},
	{
		"6", "EX-5", "a chaincode's ranges begin among FPC's own keys", "enclave/stub_ranges.go",
		`if err := checkReserved(stepRange, key); err != nil {`, never, "./enclave", "TestRangesThatAreRefused",
	},
	{
		"6", "EX-5", "ranges show FPC's own keys", "enclave/ranges.go",
		`if protocol.IsReservedKey(key) {`, never, "./enclave", "TestRanges",
	},
	{
		"24", "EX-5", "a policy that is none", "enclave/stub_metadata.go",
		`if err := protocol.UnmarshalFabric(stepPolicy, "policy", ep, &common.SignaturePolicyEnvelope{}); err != nil {`, never, "./enclave", "TestKeyLevelPolicies",
	},
}

// refusals is what a private chaincode cannot have in Lite.
var refusals = []mutant{
	{
		"17", "INV-14", "a call of another chaincode passes for done", "enclave/stub_unsupported.go",
		`return shim.Error(unsupported("InvokeChaincode", "calls between chaincodes are not there yet for private ones", "").Error())`, `return shim.Success(nil)`, "./enclave", "TestUnsupportedMethodsSayWhy",
	},
}

// answers is INV-14 to INV-17, in the enclave, and what a signature stands for.
var answers = []mutant{
	{
		"20", "INV-14", "a panic tells what it said", "enclave/invoke.go",
		`if recover() != nil {
			answer = failed(protocol.Errorf("INV-14", CodePanicked, "the chaincode panicked"))`, `if r := recover(); r != nil {
			answer = failed(protocol.Errorf("INV-14", CodePanicked, "the chaincode panicked: %v", r))`, "./enclave", "TestAttack20PartialWrites",
	},
	{
		"20", "INV-14", "no answer passes for success", "enclave/invoke.go",
		`if answer == nil {`, never, "./enclave", "TestAttack20PartialWrites",
	},
	{
		"", "INV-14", "a chaincode overrules a failed access", "enclave/invoke.go",
		`if err := run.stub.end(); err != nil {`, never, "./enclave", "TestHostThatFailsAnAccess",
	},
	{
		"", "INV-14", "a run that the host gave up has a result", "enclave/ledger.go",
		`if l.err == nil && l.ctx.Err() != nil {`, never, "./enclave", "TestCancelledInvocation",
	},
	{
		"25", "INV-15", "the event's payload leaves in clear", "enclave/respond.go",
		`return &fpc.Event{Name: event.GetEventName(), Payload: sealed}, nil`, `_ = sealed
	return &fpc.Event{Name: event.GetEventName(), Payload: event.GetPayload()}, nil`, "./enclave", "TestAttack25NothingInClear",
	},
	{
		"25", "INV-15", "the answer leaves in clear", "enclave/respond.go",
		`return sealed, nil`, `_ = sealed
	return append([]byte(answer.GetMessage()), answer.GetPayload()...), nil`, "./enclave", "TestAttack25NothingInClear",
	},
	{
		"21", "INV-15", "values are sealed without exec", "enclave/ledger.go",
		`TxID: txID, Exec: exec}`, `TxID: txID}`, "./enclave", "TestAttack21EqualCiphertexts",
	},
	{
		"21", "INV-15", "exec leaves the request out", "protocol/exec.go",
		`in.RequestHash[:], in.SignedProposal, in.DecorationsHash,`, `in.SignedProposal, in.DecorationsHash,`, "./protocol", "TestExecCoversAllInputs",
	},
	{
		"21", "INV-15", "exec leaves the proposal out", "protocol/exec.go",
		`in.RequestHash[:], in.SignedProposal, in.DecorationsHash,`, `in.RequestHash[:], in.DecorationsHash,`, "./enclave", "TestAttack21EqualCiphertexts",
	},
	{
		"21", "INV-15", "exec leaves the decorations out", "protocol/exec.go",
		`in.SignedProposal, in.DecorationsHash,`, `in.SignedProposal,`, "./enclave", "TestAttack21EqualCiphertexts",
	},
	{
		"21", "INV-15", "exec leaves the reads out", "protocol/exec.go",
		`encodeReads(rw.GetReads()), keys.Encode`, `keys.Encode`, "./enclave", "TestAttack21EqualCiphertexts",
	},
	{
		"21", "INV-15", "exec leaves the ranges out", "protocol/exec.go",
		`keys.Encode("ranges", ranges...), `, `keys.Encode("ranges", ranges[:0]...), `, "./protocol", "TestExecCoversAllInputs",
	},
	{
		"21", "INV-15", "exec leaves the policies that were read out", "protocol/exec.go",
		`keys.Encode("metadata", metadata...),`, `keys.Encode("metadata", metadata[:0]...),`, "./protocol", "TestExecCoversAllInputs",
	},
	{
		"20", "INV-16", "a failure is signed as a result", "enclave/respond.go",
		`if answer.GetStatus() >= shim.ERRORTHRESHOLD {`, never, "./enclave", "TestAttack20PartialWrites",
	},
	{
		"20", "INV-17", "the steps tell that a failed call wrote", "enclave/respond.go",
		`	if answer.GetStatus() >= shim.ERRORTHRESHOLD {`, `	if len(run.stub.writes) > 0 {
		log.add(stepPut, chaincode, enclave, "putState")
	}
	if answer.GetStatus() >= shim.ERRORTHRESHOLD {`, "./enclave", "TestAttack20PartialWrites",
	},
	{
		"20", "INV-16", "errors are signed under the label of results", "protocol/response.go",
		`return keys.LabelError
}`, `return keys.LabelResponse
}`, "./protocol", "TestEnclaveSignsErrorsUnderTheirOwnLabel",
	},
	{
		"20", "INV-16", "an error carries results", "protocol/response.go",
		`if m.Rwset != nil || m.Event != nil || len(m.SignedProposal) != 0 || len(m.DecorationsHash) != 0 {`, never, "./stub/validation", "TestAttack20PartialWritesOfAFailure",
	},
	{
		"18", "INV-16", "a result that fits no frame", "enclave/respond.go",
		`if limit := run.enclave.config.Limits.MaxResult; len(response) > limit {`, never, "./enclave", "TestMemoryIsBounded",
	},
	{
		"8", "INV-16", "a signature under another label", "keys/sign.go",
		`return vk.verifyDigest(Digest(label, msg), sig)`, `return vk.verifyDigest(Digest(LabelResponse, msg), sig)`, "./keys", "TestSignature",
	},
	{
		"8", "INV-16", "a second signature from the same one", "keys/sign.go",
		`if rs.S.Cmp(halfOrder) > 0 || !ecdsa.VerifyASN1(vk.key, digest[:], sig) {`, `if !ecdsa.VerifyASN1(vk.key, digest[:], sig) {`, "./keys", "TestSignature",
	},
}
