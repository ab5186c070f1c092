// SPDX-License-Identifier: Apache-2.0

package main

// fullRegistration is what Full mode adds to LC-3 and REG-12.
var fullRegistration = []mutant{
	{
		"12", "REG-12", "an enclave of the other mode", "protocol/enclavecert.go",
		`if attested := AttestedMode(data); attested != mode {`, never, "./ercc", "TestAttack12FullRegisterRefusals",
	},
	{
		"12", "REG-12", "a policy of foreign enclaves passes for Lite's", "protocol/enclavepolicy.go",
		`case own == 0 && foreign == 0:`, `case own == 0 && foreign >= 0:`, "./protocol", "TestEnclavePolicyOfOthers",
	},
	{
		"7", "LC-3", "a policy that a peer helps to satisfy", "protocol/enclavepolicy.go",
		`case own < all:`, never, "./protocol", "TestCompileEnclavePolicy",
	},
	{
		"7", "LC-3", "a policy that holds without endorsement", "protocol/enclavepolicy.go",
		`if needed == 0 {`, never, "./protocol", "TestCompileEnclavePolicy",
	},
	{
		"", "LC-3", "a principal of any issuer", "protocol/enclavepolicy.go",
		`len(ou.GetCertifiersIdentifier()) != 0`, `true`, "./protocol", "TestEnclavePolicyOfOthers",
	},
	{
		"12", "REG-12", "a ledger enclave that nobody approved", "protocol/enclavecert.go",
		`if !slices.Contains(codeIDs, code) {`, never, "./ercc", "TestAttack12FullRegisterRefusals",
	},
	{
		"12", "REG-12", "a ledger enclave below the attestation policy", "protocol/enclavecert.go",
		`err := NewLineage(custody).Check(step, policy); !found || err != nil`, `err := NewLineage(custody).Check(step, policy); !found || err == nil && false`, "./ercc", "TestAttack12FullRegisterRefusals",
	},
	{
		"", "REG-12", "an unknown state database", "protocol/enclavecert.go",
		`if db := data.GetStateDatabase(); db != "leveldb" && db != "couchdb" {`, never, "./ercc", "TestAttack12FullRegisterRefusals",
	},
	{
		"", "REG-12", "registrations of another chaincode", "internal/registration/registration.go",
		`if registry := e.Data.GetRegistry(); registry != e.facts.Registry {`, never, "./ercc", "TestAttack12FullRegisterRefusals",
	},
	{
		"12", "REG-12", "no certificate", "ercc/register.go",
		`	if len(given) == 0 {
		return nil, protocol.Errorf(step, protocol.CodeNotCertified`, `	if false {
		return nil, protocol.Errorf(step, protocol.CodeNotCertified`, "./ercc", "TestAttack12FullRegisterRefusals",
	},
	{
		"12", "REG-12", "a certificate over another key", "protocol/certificate.go",
		`if !bytes.Equal(cert.RawSubjectPublicKeyInfo, enclaveVK) {`, never, "./ercc", "TestAttack12FullRegisterRefusals",
	},
	{
		"12", "REG-12", "a certificate for another chaincode", "protocol/certificate.go",
		`if !slices.Contains(cert.Subject.OrganizationalUnit, ou) {`, never, "./ercc", "TestAttack12FullRegisterRefusals",
	},
	{
		"12", "REG-12", "a certificate of another organisation", "protocol/enclavecert.go",
		`	identity, err := host.Identity(serialized)
	if err != nil {`, `	identity, err := host.Identity(serialized)
	if false {`, "./ercc", "TestAttack12FullRegisterRefusals",
	},
	{
		"12", "REG-12", "other roots than the policy names", "protocol/enclavecert.go",
		`if h, err := MSPRootsHash(all); err != nil || !bytes.Equal(h, rootsHash) {`, `if h, err := MSPRootsHash(all); err != nil || bytes.Equal(h, nil) {`, "./ercc", "TestAttack12FullRegisterRefusals",
	},
}

// keyExport is KEY-6 and KEY-7, at ERCC.
var keyExport = []mutant{
	{
		"14", "KEY-6", "an export that nobody signed", "protocol/keyexport.go",
		`if err := vk.Verify(keys.LabelKeyExport, s.GetMessage(), s.GetSignature()); err != nil {`, never, "./ercc", "TestAttack14KeyExportRefusals",
	},
	{
		"14", "KEY-6", "a sender without keys", "ercc/keyexport.go",
		`if holds == nil {`, never, "./ercc", "TestAttack14KeyExportRefusals",
	},
	{
		"14", "KEY-6", "a receiver that holds keys", "ercc/keyexport.go",
		`if err := t.unprovisioned(step, cc, x.Receiver); err != nil {`, never, "./ercc", "TestAttack14KeyExportRefusals",
	},
	{
		"14", "KEY-6", "another generation", "ercc/keyexport.go",
		`if x.Generation != known.Generation {`, never, "./ercc", "TestAttack14KeyExportRefusals",
	},
	{
		"14", "KEY-6", "another key set", "ercc/keyexport.go",
		`if !bytes.Equal(x.ChaincodeEK.ID(), known.ChaincodeEK.ID()) {`, never, "./ercc", "TestAttack14KeyExportRefusals",
	},
	{
		"14", "KEY-6", "another version", "ercc/keyexport.go",
		`if !committed.Same(x.CCParams) || !committed.Same(enclave.Data.GetCcParams()) {`, never, "./ercc", "TestAttack14KeyExportRefusals",
	},
	{
		"14", "KEY-6", "another network", "ercc/keyexport.go",
		`if !bytes.Equal(x.ChannelHash, policy.ChannelHashBytes()) {`, never, "./ercc", "TestAttack14KeyExportRefusals",
	},
	{
		"14", "KEY-6", "enclaves of Lite mode", "ercc/keyexport.go",
		`if err := protocol.CheckMode(step, protocol.ModeFull, enclave.Data); err != nil {`, never, "./ercc", "TestAttack14NoExportInLite",
	},
	{
		"14", "KEY-6", "a lineage below the policy", "ercc/keyexport.go",
		`return x.Lineage.Check(step, policy.Attestation)`, `_ = x.Lineage.Check(step, policy.Attestation)
	return nil`, "./ercc", "TestAttack14KeyExportRefusals",
	},
	{
		"14", "KEY-6", "evidence is judged at registration only", "ercc/keyexport.go",
		`	return registration.Judge(step, enclave, policy, t.registry.config.Verifiers, at)`, `	lax := *policy
	lax.Attestation.Platforms = map[string]protocol.PlatformPolicy{"sim": {AllowDebug: true}}
	return registration.Judge(step, enclave, &lax, t.registry.config.Verifiers, at)`, "./ercc", "TestAttack14KeyExportRefusals",
	},
	{
		"29", "KEY-6", "a lineage that leaves the receiver out", "ercc/keyexport.go",
		`if !x.Lineage.Covers(claims.Custody()) {`, never, "./ercc", "TestAttack14KeyExportRefusals",
	},
	{
		"14", "KEY-6", "a receiver whose ledger enclave is approved no more", "ercc/keyexport.go",
		`if err := protocol.CheckLedger(step, receiver.Data, policy.LedgerCodeIDs, policy.Attestation); err != nil {`, never, "./ercc", "TestAttack14KeyExportRefusals",
	},
	{
		"27", "KEY-7", "any key counts as imported", "ercc/cckeys.go",
		`if !bytes.Equal(known.ChaincodeEK.ID(), r.ChaincodeEK.ID()) {`, never, "./ercc", "TestAttack27FullImportRefusals",
	},
	{
		"29", "KEY-7", "a lineage that hides where the keys were", "ercc/cckeys.go",
		`if !r.Lineage.Contains(c) {`, never, "./ercc", "TestAttack27FullImportRefusals",
	},
	{
		"14", "KEY-6", "anybody's administrator brings exports", "ercc/keyexport.go",
		`if !slices.Contains(policy.MSPIDs, mspID) {`, never, "./ercc", "TestAttack14KeyExportRefusals",
	},
}
