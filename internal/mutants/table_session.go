// SPDX-License-Identifier: Apache-2.0

package main

// sessions is the secure channel of section 7, at both ends.
var sessions = []mutant{
	{
		"16", "INV-9", "evidence over another share, role or values", "transport/session/session.go",
		`case claims.ReportData != statement:`, never, "./transport/session", "TestAttack16StubInTheMiddle",
	},
	{
		"16", "INV-9", "evidence of one role serves the other", "transport/session/values.go",
		`roleLedger  = "ledger"`, `roleLedger  = "enclave"`, "./transport/session", "TestRolesAreApart",
	},
	{
		"16", "INV-9", "an accept is for any hello", "transport/session/values.go",
		`hash := sha256.Sum256(hello)`, `hash := sha256.Sum256(hello[:0])`, "./transport/session", "TestAttack16StubInTheMiddle",
	},
	{
		"16", "INV-9", "evidence leaves the share open", "transport/session/values.go",
		`[][]byte{[]byte(roleLedger), hash[:], share}`, `[][]byte{[]byte(roleLedger), hash[:], share[:0]}`, "./transport/session", "TestAttack16StubInTheMiddle",
	},
	{
		"16", "INV-9", "a ledger enclave of another channel", "transport/session/values.go",
		`case !bytes.Equal(got.GetChannelHash(), want.GetChannelHash()) || got.GetChannelId() != want.GetChannelId():`, never, "./transport/session", "TestAttack16OtherValues",
	},
	{
		"16", "INV-9", "a ledger enclave with another registry", "transport/session/values.go",
		`case got.GetRegistry() != want.GetRegistry():`, never, "./transport/session", "TestAttack16OtherValues",
	},
	{
		"16", "INV-9", "a session of another chaincode", "transport/session/values.go",
		`case got.GetChaincodeId() != want.GetChaincodeId():`, never, "./transport/session", "TestAttack16OtherValues",
	},
	{
		"16", "INV-9", "a session of another enclave", "transport/session/values.go",
		`case got.GetEnclaveId() != want.GetEnclaveId():`, never, "./transport/session", "TestAttack16OtherValues",
	},
	{
		"16", "INV-9", "a hello that speaks for the ledger enclave", "transport/session/values.go",
		`if v.GetLedgerCodeId() != "" ||`, `if false && v.GetLedgerCodeId() != "" ||`, "./transport/session", "TestAttack16AlteredHandshake",
	},
	{
		"16", "INV-9", "a ledger enclave by another's name", "transport/session/enclave.go",
		`case v.GetLedgerCodeId() != ledger.CodeID:`, never, "./transport/session", "TestAttack16StubInTheMiddle",
	},
	{
		"16", "INV-9", "expired evidence of a ledger enclave", "transport/session/enclave.go",
		`case at.Before(claims.NotBefore) || at.After(claims.NotAfter):`, never, "./transport/session", "TestAttack16OtherLedger",
	},
	{
		"16", "INV-9", "a ledger enclave of other code than the attested one", "transport/session/enclave.go",
		`case a.CodeID != known.CodeID:`, never, "./transport/session", "TestAttack16OtherLedger",
	},
	{
		"16", "INV-9", "a ledger enclave for another state database", "transport/session/enclave.go",
		`case a.StateDatabase != known.StateDatabase:`, never, "./transport/session", "TestAttack16OtherLedger",
	},
	{
		"16", "INV-9", "a ledger enclave on older firmware than attested", "transport/session/enclave.go",
		`case a.Custody.TCB < known.Custody.TCB:`, never, "./transport/session", "TestAttack16OtherLedger",
	},
	{
		"16", "INV-9", "a ledger enclave in debug mode", "transport/session/enclave.go",
		`case a.Custody.Debug && !known.Custody.Debug:`, never, "./transport/session", "TestAttack16OtherLedger",
	},
	{
		"16", "INV-9", "an altered request", "transport/session/ledger.go",
		`if !hmac.Equal(f.GetMac(), want[:]) {`, never, "./transport/session", "TestAttack16AlteredFrame",
	},
	{
		"16", "INV-9", "a replayed request", "transport/session/window.go",
		`case w.taken[n%Window/64]&(1<<(n%64)) != 0:`, never, "./transport/session", "TestAttack16ReplayedRequest",
	},
	{
		"16", "INV-9", "a request older than the window", "transport/session/window.go",
		`w.high >= Window && n <= w.high-Window:`, `false:`, "./transport/session", "TestAttack16ReplayedRequest",
	},
	{
		"16", "INV-9", "an altered answer, or another request's", "transport/session/enclave.go",
		`!hmac.Equal(f.GetMac(), want[:]) {`, `!hmac.Equal(want[:], want[:]) {`, "./transport/session", "TestAttack16ReorderedAnswers",
	},
	{
		"16", "INV-9", "an answer does not name its request", "transport/session/schedule.go",
		`number := binary.BigEndian.AppendUint64(nil, counter)`, `number := binary.BigEndian.AppendUint64(nil, counter-counter)`, "./transport/session", "TestKeyScheduleGolden",
	},
	{
		"16", "INV-9", "both directions have one key", "transport/session/schedule.go",
		`{keys.LabelSessionAnswer, &s.answer}`, `{keys.LabelSessionRequest, &s.answer}`, "./transport/session", "TestKeyScheduleGolden",
	},
	{
		"16", "INV-9", "a share of low order", "transport/session/session.go",
		`if err != nil {
		return nil, protocol.Errorf(Step, protocol.CodeMalformed, "the other side's share is of low order")`, never, "./transport/session", "TestAttack16LowOrderShare",
	},
	{
		"18", "INV-9", "sessions without end", "transport/session/ledger.go",
		`for l.idle.Len() >= l.config.MaxSessions {`, `for false && l.idle.Len() >= l.config.MaxSessions {`, "./transport/session", "TestAttack18ManySessions",
	},
	{
		"18", "INV-9", "a hello of any size", "transport/session/values.go",
		`if len(b) > maxHandshake {`, never, "./transport/session", "TestAttack16AlteredHandshake",
	},
}

// ledgerHosts is what the host of a ledger enclave keeps.
var ledgerHosts = []mutant{
	{
		"19", "VAL-8", "a checkpoint for another state database", "ledgerhost/open.go",
		`case r.GetStateDatabase() != h.config.StateDatabase:`, never, "./ledgerhost", "TestCheckpointOfSomethingElse",
	},
	{
		"19", "VAL-8", "a checkpoint of another channel", "ledgerhost/open.go",
		`case !bytes.Equal(r.GetChannelHash(), h.channelHash):`, never, "./ledgerhost", "TestCheckpointOfSomethingElse",
	},
	{
		"19", "VAL-8", "a checkpoint for another registry", "ledgerhost/open.go",
		`case r.GetRegistry() != h.config.Registry:`, never, "./ledgerhost", "TestCheckpointOfSomethingElse",
	},
	{
		"18", "VAL-8", "a part of any size", "ledgerhost/store.go",
		`if n > maxPart {`, never, "./ledgerhost", "TestDamagedCheckpoint",
	},
	{
		"19", "VAL-8", "two hosts write one checkpoint", "ledgerhost/store.go",
		`if errors.Is(err, durable.ErrInUse) {`, never, "./ledgerhost", "TestFolderHasOneHost",
	},
	{
		"", "VAL-8", "anybody reaches the ledger enclave's socket", "ledgerhost/socket.go",
		`os.Chmod(fresh, 0o600)`, `os.Chmod(fresh, 0o666)`, "./ledgerhost", "TestSocketIsPrivate",
	},
}
