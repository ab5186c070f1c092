// SPDX-License-Identifier: Apache-2.0

package main

// registration is LC-5 and REG-11 to REG-15, at ERCC.
var registration = []mutant{
	{
		"12", "LC-5", "policy bytes that no definition approved are stored", "ercc/policy.go",
		`if _, err := protocol.CheckPolicy(step, args[0], own.GetVersion()); err != nil {`, never, "./ercc", "TestAttack12PolicyThatNoDefinitionApproved",
	},
	{
		"12", "LC-5", "the definition of a calling chaincode approves a policy", "ercc/tx.go",
		`d, err := definition.Committed(t.stub, name)`, `if signed, _ := t.stub.GetSignedProposal(); name == t.registry.config.Name {
		if p, err := envelope.UnpackProposal(signed); err == nil {
			name = p.Chaincode
		}
	}
	d, err := definition.Committed(t.stub, name)`, "./ercc", "TestAttack12PolicyThatNoDefinitionApproved",
	},
	{
		"12", "LC-5", "a policy stays in force under the next definition", "ercc/tx.go",
		`return protocol.CheckPolicy(step, stored, approved.GetVersion())`, `_ = approved
	return protocol.ParseRegistryPolicy(stored)`, "./ercc", "TestAttack12PolicyThatNoDefinitionApproved",
	},
	{
		"", "LC-5", "a policy has more than one form", "protocol/policy.go",
		`if !bytes.Equal(given.Bytes(), again) {`, never, "./protocol", "TestRegistryPolicyIsStrict",
	},
	{
		"12", "REG-12", "a platform that the policy does not name", "attest/attest.go",
		`if !allowed {`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "evidence that nobody signed", "attest/sim/sim.go",
		`if !ed25519.Verify(public, keys.Encode(LabelReport, signed.GetReport()), signed.GetSignature()) {`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "evidence over other AttestedData", "attest/attest.go",
		`case c.ReportData != statement:`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "one verifier's evidence for another platform", "attest/attest.go",
		`case c.Platform != ev.GetPlatform():`, never, "./attest", "TestClaimsAreJudged",
	},
	{
		"12", "REG-12", "debug mode", "attest/attest.go",
		`case c.Debug && !asked.AllowDebug:`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "TCB below the policy", "attest/attest.go",
		`case c.TCBLevel < asked.MinTCB:`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "evidence that is not valid yet", "attest/attest.go",
		`case at.Before(c.NotBefore):`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "expired evidence", "attest/attest.go",
		`case at.After(c.NotAfter):`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "a manifest that the definition does not name", "protocol/manifest.go",
		`if v := CodeManifestVersion(manifest); v != version {`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "code that no manifest lists", "internal/registration/registration.go",
		`if !m.Contains(e.Claims.Platform, e.Claims.CodeID) {`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "another version than the committed one", "internal/registration/registration.go",
		`if p.GetVersion() != committed.GetVersion() {`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"28", "REG-12", "the sequence is compared: a policy-only sequence strands enclaves", "internal/registration/registration.go",
		`if p.GetVersion() != committed.GetVersion() {`, `if p.GetVersion() != committed.GetVersion() || p.GetSequence() != committed.GetSequence() {`, "./ercc", "TestAttack28NewSequenceOfTheSameVersion",
	},
	{
		"12", "REG-12", "another channel's name", "internal/registration/registration.go",
		`if p.GetChannelId() != committed.GetChannelId() {`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "another channel of the same name", "internal/registration/registration.go",
		`if !bytes.Equal(e.Data.GetChannelHash(), e.facts.Policy.ChannelHashBytes()) {`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "other MSP roots", "internal/registration/registration.go",
		`if !bytes.Equal(e.Data.GetMspRootsHash(), e.facts.Policy.MSPRootsHashBytes()) {`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "a caller who is no admin", "internal/admin/admin.go",
		`if value, _ := c.Attribute(Attribute); value != "true" && !c.HasOU(OU) {`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-12", "another organisation's admin", "internal/admin/admin.go",
		`if caller != mspID {`, never, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"12", "REG-11", "another chaincode acts in the name of its callers", "ercc/ercc.go",
		`if f.from == "admin" {`, never, "./ercc", "TestAttack12CallsThatAnotherChaincodePassesOn",
	},
	{
		"12", "REG-1", "another chaincode administers in the name of its callers", "stub/stub.go",
		`if f.from == "admin" {`, never, "./stub", "TestAttack12AdministrationThatAnotherChaincodePassesOn",
	},
	{
		"12", "REG-11", "a proposal to a chaincode of the same name on another channel", "internal/admin/admin.go",
		`p.Chaincode != name || channel != stub.GetChannelID() {`, `p.Chaincode != name {`, "./internal/admin", "TestDirect",
	},
	{
		"12", "REG-11", "a proposal that cannot be read", "internal/admin/admin.go",
		`	p, err := envelope.UnpackProposal(signed)
	if err != nil {
		return`, `	p, err := envelope.UnpackProposal(signed)
	if err != nil {
		return nil
	}
	if err != nil {
		return`, "./internal/admin", "TestDirect",
	},
	{
		"30", "REG-12", "a timestamp far from the endorser's clock", "ercc/tx.go",
		`if off := at.Sub(t.registry.config.Now()); off.Abs() > maxClockDifference {`, never, "./ercc", "TestAttack30PoisonedClock",
	},
	{
		"12", "REG-13", "registered twice", "ercc/register.go",
		`if known != nil {`, never, "./ercc", "TestAttack12RegisterTwice",
	},
	{
		"", "REG-14", "a revoked enclave comes back", "ercc/register.go",
		`if revoked {`, never, "./ercc", "TestRevokedIsForEver",
	},
	{
		"", "REG-14", "less than a majority revokes", "ercc/revoke.go",
		`if approvals < policy.LifecycleMajority {`, never, "./ercc", "TestLifecycleMajorityRevokes",
	},
	{
		"", "REG-14", "one organisation counts twice", "ercc/revoke.go",
		`if approved && other != mspID {`, `if approved {`, "./ercc", "TestLifecycleMajorityRevokes",
	},
	{
		"", "REG-14", "a foreign organisation counts", "ercc/revoke.go",
		`if !slices.Contains(policy.MSPIDs, mspID) {`, never, "./ercc", "TestRevokeRefusals",
	},
	{
		"", "REG-14", "age alone ends an enclave", "ercc/revoke.go",
		`case attest.CodePlatform, attest.CodeDebug, attest.CodeTCB:`, `case attest.CodePlatform, attest.CodeDebug, attest.CodeTCB, attest.CodeExpired:`, "./ercc", "TestEvidenceBelowThePolicyRevokesAtOnce",
	},
	{
		"", "REG-14", "lists name revoked enclaves", "ercc/query.go",
		`if !revoked[id] {
			list.Credentials`, `if !revoked[""] {
			list.Credentials`, "./ercc", "TestListsLeaveRevokedEnclavesOut",
	},
	{
		"12", "REG-15", "refresh of an enclave that nobody registered", "ercc/register.go",
		`if known == nil {`, `if known == nil {
		return nil, nil
	}
	if false {`, "./ercc", "TestAttack12RegisterRefusals",
	},
	{
		"", "REG-15", "refresh with another Enclave_EK", "ercc/register.go",
		`if !bytes.Equal(fresh.EnclaveEK.ID(), former.EnclaveEK.ID()) ||`, `if bytes.Equal(fresh.EnclaveEK.ID(), nil) ||`, "./ercc", "TestRefreshRefusals",
	},
	{
		"", "REG-15", "refresh in another organisation", "ercc/register.go",
		` || fresh.Data.GetHostParams().GetMspId() != former.Data.GetHostParams().GetMspId() {`, ` {`, "./ercc", "TestRefreshRefusals",
	},
	{
		"28", "REG-15", "refresh with an older configuration", "ercc/register.go",
		`if now, before := fresh.Data.GetConfigSequence(), former.Data.GetConfigSequence(); now < before {`, never, "./ercc", "TestRefreshRefusals",
	},
}

// keyRegistration is KEY-3 and KEY-8, at ERCC.
var keyRegistration = []mutant{
	{
		"22", "KEY-3", "keys of an enclave that nobody registered", "ercc/revoke.go",
		`if stored == nil {`, never, "./ercc", "TestAttack22KeysOfAnUnregisteredEnclave",
	},
	{
		"", "KEY-3", "keys of a revoked enclave", "ercc/revoke.go",
		`if revoked {`, never, "./ercc", "TestRevokedIsForEver",
	},
	{
		"27", "KEY-3", "an organisation that nobody designated", "ercc/cckeys.go",
		`if (!named || designated != host) && !imported {`, never, "./ercc", "TestAttack27WhoRegistersKeys",
	},
	{
		"27", "KEY-3", "a caller who is no admin of it", "ercc/cckeys.go",
		`return admin.CallerOf(step, t.stub, host)`, `_ = admin.CallerOf(step, t.stub, host)
	return nil`, "./ercc", "TestAttack27WhoRegistersKeys",
	},
	{
		"", "KEY-3", "the enclave did not sign", "protocol/keyregistration.go",
		`if err := vk.Verify(keys.LabelKeyRegistration, s.GetMessage(), s.GetSignature()); err != nil {`, never, "./ercc", "TestKeyRegistrationRefusals",
	},
	{
		"", "KEY-3", "another enclave is named", "protocol/keyregistration.go",
		`if r.EnclaveID != vk.ID() {`, never, "./protocol", "TestKeyRegistrationIsRefused",
	},
	{
		"", "KEY-3", "a former version", "ercc/cckeys.go",
		`if v := enclave.Data.GetCcParams().GetVersion(); p.GetVersion() != committed.GetVersion() || v != committed.GetVersion() {`, never, "./ercc", "TestKeyRegistrationRefusals",
	},
	{
		"", "KEY-3", "a former version's enclave", "ercc/cckeys.go",
		` || v != committed.GetVersion() {`, ` || v == "" {`, "./ercc", "TestFormerVersionsEnclaveGetsNoKeys",
	},
	{
		"", "KEY-3", "another channel's name", "ercc/cckeys.go",
		`if p.GetChannelId() != committed.Channel ||`, `if`, "./ercc", "TestKeyRegistrationRefusals",
	},
	{
		"", "KEY-3", "another channel of the same name", "ercc/cckeys.go",
		` || !bytes.Equal(r.ChannelHash, policy.ChannelHashBytes()) {`, ` || bytes.Equal(r.ChannelHash, nil) {`, "./ercc", "TestKeyRegistrationRefusals",
	},
	{
		"29", "KEY-3", "a holder on a platform that the policy does not allow", "protocol/lineage.go",
		`case !allowed:`, never, "./ercc", "TestAttack29LineageRefused",
	},
	{
		"29", "KEY-3", "a holder in debug mode", "protocol/lineage.go",
		`case c.Debug && !p.AllowDebug:`, never, "./ercc", "TestAttack29LineageRefused",
	},
	{
		"29", "KEY-3", "a holder below the TCB level", "protocol/lineage.go",
		`case c.TCB < p.MinTCB:`, never, "./ercc", "TestAttack29LineageRefused",
	},
	{
		"29", "KEY-3", "a lineage without the enclave itself", "ercc/cckeys.go",
		`if !r.Lineage.Covers(claims.Custody()) {`, never, "./ercc", "TestAttack29LineageRefused",
	},
	{
		"29", "KEY-3", "evidence is judged at registration only", "ercc/cckeys.go",
		`claims, err := registration.Judge(step, enclave, policy, t.registry.config.Verifiers, at)`, `lax := *policy
	lax.Attestation.Platforms = map[string]protocol.PlatformPolicy{enclave.Evidence.GetPlatform(): {AllowDebug: true}}
	claims, err := registration.Judge(step, enclave, &lax, t.registry.config.Verifiers, at)`, "./ercc", "TestAttack29PolicyBecameHardware",
	},
	{
		"29", "KEY-3", "a key set without lineage", "protocol/keyregistration.go",
		`if len(r.Lineage.custodies) == 0 {`, never, "./protocol", "TestKeyRegistrationIsRefused",
	},
	{
		"27", "KEY-3", "a second key set of one enclave", "ercc/cckeys.go",
		`if provisioned != nil {`, never, "./ercc", "TestAttack27SecondKeySetOfAnEarlierVersion",
	},
	{
		"27", "KEY-8", "any generation", "ercc/cckeys.go",
		`if r.Generation != next {`, never, "./ercc", "TestAttack27SecondKeySet",
	},
	{
		"27", "KEY-8", "a next generation without cause", "ercc/cckeys.go",
		`if holder.CCParams.GetVersion() == r.CCParams.GetVersion() && !revoked {`, never, "./ercc", "TestAttack27SecondKeySet",
	},
}
