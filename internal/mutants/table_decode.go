// SPDX-License-Identifier: Apache-2.0

package main

// decoders is row 18, wherever an untrusted party reaches one.
var decoders = []mutant{
	{
		"18", "INV-8", "a frame of any size", "transport/frame.go",
		`if uint64(size) > uint64(r.maxFrame) {`, never, "./transport", "TestAttack18HostileHost",
	},
	{
		"18", "INV-8", "a frame's length claims its memory at once", "transport/frame.go",
		`n := min(max(chunk, r.got), r.size-r.got)`, `n := r.size - r.got`, "./transport", "TestLargeFramesTakeMemoryAsTheyArrive",
	},
	{
		"18", "INV-8", "calls without bound", "transport/server.go",
		`if len(s.calls) >= s.limits.MaxCalls || s.bytes`, `if s.bytes`, "./transport", "TestAttack18HostileHost",
	},
	{
		"18", "INV-8", "requests without bound", "transport/server.go",
		` || s.bytes+len(c.Request) > s.limits.MaxBytes {`, ` {`, "./transport", "TestAttack18HostileHost",
	},
	{
		"18", "INV-8", "a call twice", "transport/server.go",
		`if f.call <= s.last {`, never, "./transport", "TestAttack18HostileHost",
	},
	{
		"18", "INV-8", "a method that is longer than its frame", "transport/server.go",
		` || len(f.payload) < 1+int(f.payload[0]) {`, ` {`, "./transport", "TestAttack18HostileHost",
	},
	{
		"18", "INV-17", "asks without bound", "transport/hostread.go",
		`if c.asks++; c.asks > h.limits.MaxAsks {`, never, "./transport", "TestAttack18TooManyAsks",
	},
	{
		"18", "INV-17", "an answer to no call", "transport/hostread.go",
		`return violation(WrongCall, "kind %d for call %d, not in flight", f.kind, f.call)`, `return nil`, "./transport", "TestAttack18HostileEnclave",
	},
	{
		"18", "INV-8", "a message of any size", "protocol/encoding.go",
		`if len(b) > MaxMessage {`, never, "./protocol", "TestAttack18OversizedMessage",
	},
	{
		"18", "INV-8", "elements without bound", "protocol/encoding.go",
		`if s.left < 0 {`, never, "./protocol", "TestAttack18ManySmallElements",
	},
	{
		"18", "INV-12", "elements without bound inside a request", "protocol/request.go",
		`if err := UnmarshalFabric(step, "request", plaintext, clear); err != nil {`, `if err := UnmarshalFabric(step, "request", plaintext, clear); CodeOf(err) == CodeMalformed {`, "./protocol", "TestAttack18ManyElementsInsideARequest",
	},
	{
		"18", "LC-1", "a package of any size", "builder/pkg/read.go",
		`if len(raw) > MaxPackage {`, never, "./builder/pkg", "TestReadRefuses",
	},
	{
		"18", "LC-1", "files without bound", "builder/pkg/archive.go",
		`if len(files) == MaxFiles {`, never, "./builder/pkg", "TestReadRefuses",
	},
	{
		"18", "LC-1", "a package unpacks without bound", "builder/pkg/archive.go",
		`limited := &io.LimitedReader{R: zipped, N: MaxUnpacked}`, `limited := &io.LimitedReader{R: zipped, N: 1 << 40}`, "./builder/pkg", "TestReadRefuses",
	},
	{
		"18", "LC-1", "files outside of the archive", "builder/pkg/archive.go",
		`!fs.ValidPath(name) || `, `!fs.ValidPath("x") || `, "./builder/pkg", "TestReadRefuses",
	},
	{
		"18", "LC-1", "what is not a file", "builder/pkg/archive.go",
		`if header.Typeflag != tar.TypeReg {`, never, "./builder/pkg", "TestReadRefuses",
	},
	{
		"18", "LC-1", "a file twice", "builder/pkg/archive.go",
		`if _, twice := files[header.Name]; twice {`, never, "./builder/pkg", "TestReadRefuses",
	},
	{
		"18", "LC-1", "data behind the archive", "builder/pkg/archive.go",
		`if in.Len() != 0 {`, never, "./builder/pkg", "TestReadRefuses",
	},
	{
		"18", "LC-5", "a policy of any size", "protocol/policy.go",
		`if len(b) > 1<<20 {`, never, "./protocol", "TestAttack18OversizedPolicy",
	},
	{
		"18", "REG-11", "a name that reaches other keys", "ercc/tx.go",
		`if !chaincodeName.MatchString(name) {`, never, "./ercc", "TestUnknownFunctionAndWrongArguments",
	},
	{
		"18", "REG-11", "an enclave id that reaches other keys", "ercc/tx.go",
		`if !enclaveID.MatchString(id) {`, never, "./ercc", "TestUnknownFunctionAndWrongArguments",
	},
	{
		"18", "VAL-5", "combined principals nest without bound", "fabric/msp/principal.go",
		`if depth >= maxCombined {`, never, "./fabric/msp", "TestAttack18NestedPrincipals",
	},
}

// network is what the embedded network's peers and orderer do about it.
var network = []mutant{
	{
		"10", "INV-6", "an expired creator proposes", "devnet/peer/endorser/endorser.go",
		`if expiry, ok := expiryOf(signature.GetCreator()); ok && e.Now().After(expiry) {`, never, "./devnet/peer/endorser", "TestExpiryByThePeersClock",
	},
	{
		"10", "INV-6", "a creator who is no valid member proposes", "devnet/peer/endorser/endorser.go",
		`if err != nil {
		e.Log.Info("creator is not valid"`, `if id == nil {
		id = &msp.Identity{Presented: presented}
	}
	if false {
		e.Log.Info("creator is not valid"`, "./devnet/peer/endorser", "TestOutcomes",
	},
	{
		"8", "INV-6", "a creator who did not sign proposes", "devnet/peer/endorser/endorser.go",
		`if err := id.Verify(claim.Data, claim.Signature); err != nil {`, never, "./devnet/peer/endorser", "TestOutcomes",
	},
	{
		"6", "INV-6", "a transaction id is proposed twice", "devnet/peer/endorser/endorser.go",
		`case err == nil:
		return nil, fmt.Errorf("duplicate`, never, "./devnet/peer/endorser", "TestDuplicateTransaction",
	},
	{
		"10", "VAL-5", "an expired creator broadcasts", "devnet/orderer/filter.go",
		`if id, err := bundle.Identities().Present(claim.Identity); err == nil && !now.Before(id.Expiry()) {`, never, "./devnet/orderer", "TestBroadcastFilters",
	},
	{
		"10", "VAL-5", "anybody broadcasts", "devnet/orderer/filter.go",
		`if err := writers.Evaluate([]policy.SignedData{claim}); err != nil {`, never, "./devnet/orderer", "TestBroadcastFilters",
	},
	{
		"10", "VAL-5", "a revoked creator's transaction is valid", "fabric/msp/identity.go",
		`if err := m.checkRevocation(p.cert, p.chain[1]); err != nil {`, never, "./fabric/validate", "TestExpiredAndRevokedCreators",
	},
	{
		"10", "VAL-5", "validators look at a clock", "fabric/msp/chain.go",
		`at := cert.NotBefore.Add(time.Second)`, `at := time.Now()`, "./fabric/validate", "TestExpiredAndRevokedCreators",
	},
	{
		"8", "VAL-5", "a transaction that its creator did not sign", "fabric/validate/check.go",
		`return creator.Verify(o.Envelope.Payload, o.Envelope.Signature)`, `_ = creator.Verify
	return nil`, "./fabric/validate", "TestSpoiltTransactions",
	},
	{
		"6", "VAL-5", "a transaction id is committed twice", "fabric/validate/finish.go",
		`if known {`, never, "./fabric/validate", "TestDuplicates",
	},
	{
		"6", "VAL-5", "a transaction id is committed twice in one block", "fabric/validate/finish.go",
		`first, twice := seen[tx.TxID]`, `first, twice := seen[tx.TxID+" "]`, "./fabric/validate", "TestDuplicates",
	},
}
