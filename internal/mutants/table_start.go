// SPDX-License-Identifier: Apache-2.0

package main

// initialisation is REG-1 to REG-7, REG-15 and KEY-1, at stub and enclave.
var initialisation = []mutant{
	{
		"", "KEY-6", "the chaincode's keys are exported under a classical suite", "enclave/initialise.go",
		`if suite == keys.SuiteX25519 {`, never, "./enclave", "TestInitRefusesBadRequests",
	},
	{
		"", "REG-1", "initEnclave by anybody", "stub/admin.go",
		`if err := admin.CallerOf(step, c.peer, s.config.MSPID); err != nil {
		return nil, err
	}
	committed, err := s.definition(c)`, never, "./stub", "TestInitEnclaveRefusals",
	},
	{
		"", "REG-2", "genesis block of another channel", "stub/blocks.go",
		`if id != channelID {`, never, "./stub", "TestInitEnclaveRefusals",
	},
	{
		"", "REG-2", "configuration block of another channel", "stub/blocks.go",
		`if id := bundle.ChannelID(); id != channelID {`, never, "./stub", "TestInitEnclaveRefusals",
	},
	{
		"", "REG-2", "a genesis block whose data is another's", "protocol/channel.go",
		`if len(genesis.GetData().GetData()) != 1 || !bytes.Equal(block.DataHash(genesis.GetData()), h.GetDataHash()) {`, never, "./protocol", "TestChannelHashNamesTheWholeGenesisBlock",
	},
	{
		"", "REG-2", "any block for the genesis block", "protocol/channel.go",
		`if h.GetNumber() != 0 || len(h.GetPreviousHash()) != 0 {`, never, "./protocol", "TestChannelHashNamesTheWholeGenesisBlock",
	},
	{
		"13", "REG-3", "init twice", "enclave/initialise.go",
		`if s := e.state.Load(); s != nil {`, never, "./enclave", "TestAttack13InitTwice",
	},
	{
		"", "REG-3", "a Channel_hash of any length", "enclave/initialise.go",
		`case len(req.GetChannelHash()) != hashSize:`, never, "./enclave", "TestInitRefusesBadRequests",
	},
	{
		"", "REG-6", "the statement is hashed without its label", "protocol/statement.go",
		`keys.Encode(keys.LabelStatement, attestedData)`, `keys.Encode("", attestedData)`, "./protocol", "TestStatementHash",
	},
	{
		"", "REG-6", "a refresh looks like a creation", "enclave/initialise.go",
		`OnCreation:     onCreation,`, `OnCreation:     onCreation || true,`, "./enclave", "TestRefresh",
	},
	{
		"19", "REG-7", "the answer does not wait for the disk", "stub/admin.go",
		`if err := s.dir.Store(state); err != nil {`, never, "./stub", "TestAttack19StateThatCannotBeStored",
	},
	{
		"19", "REG-7", "a new state is written over the former one", "internal/durable/durable.go",
		`if err := writeSynced(path+".new", fill); err != nil {`, `if err := writeSynced(path, fill); err != nil {
		return err
	}
	if err := writeSynced(path+".new", fill); err != nil {`, "./stub/statedir", "TestCrashWhileStoringKeepsTheFormerState",
	},
	{
		"19", "REG-7", "two stubs write one state", "internal/durable/durable.go",
		`if err := lockExclusive(lock); err != nil {`, never, "./stub/statedir", "TestDirectoryHasOneUser",
	},
	{
		"", "REG-15", "refreshEnclave by anybody", "stub/admin.go",
		`if err := admin.CallerOf(step, c.peer, s.config.MSPID); err != nil {
		return nil, err
	}
	msps, err := mspConfigurations(step`, never, "./stub", "TestAttack28Refresh",
	},
	{
		"28", "REG-15", "refresh before registration strands the enclave", "stub/admin.go",
		`if err := s.checkRegistered(c); err != nil {`, never, "./stub", "TestRefreshBeforeRegistration",
	},
	{
		"10", "REG-15", "a refresh swaps an organisation's CA", "enclave/membership.go",
		`if was, ok := known[c.GetName()]; ok && !bytes.Equal(was, roots) {`, never, "./enclave", "TestAttack10RefreshWithAForeignCA",
	},
	{
		"10", "REG-15", "an organisation that was left out comes back with another CA", "enclave/membership.go",
		`pinned := maps.Clone(known)`, `pinned := maps.Clone(map[string][]byte{})`, "./enclave", "TestAttack10RefreshWithAForeignCA",
	},
	{
		"10", "REG-15", "a refresh goes back before a revocation", "enclave/refresh.go",
		`if was, is := old.msps.GetConfigSequence(), req.GetMsps().GetConfigSequence(); is < was {`, never, "./enclave", "TestAttack10RefreshWithAForeignCA",
	},
	{
		"29", "REG-15", "lineage forgets under what a refresh attested", "enclave/refresh.go",
		`held.lineage = held.lineage.Union(protocol.NewLineage(next.custody))`, `_ = protocol.NewLineage`, "./enclave", "TestAttack29LineageNeverForgets",
	},
	{
		"", "KEY-1", "generateCCKeys by anybody", "stub/admin.go",
		`if err := admin.CallerOf(step, c.peer, s.config.MSPID); err != nil {
		return nil, err
	}
	current, err := s.registeredKey(c)`, never, "./stub", "TestGenerateKeysRefusals",
	},
	{
		"13", "KEY-1", "keys are generated twice", "enclave/chaincodekeys.go",
		`if old.keys != nil {`, never, "./enclave", "TestKeysAreGeneratedOnce",
	},
	{
		"", "KEY-1", "generation 0", "enclave/chaincodekeys.go",
		`if req.GetGeneration() == 0 {`, never, "./enclave", "TestNothingWorksBeforeItsTime",
	},
}

// sealedState is INV-6a to INV-6d.
var sealedState = []mutant{
	{
		"13", "INV-6b", "a state file that is cut short", "stub/statedir/statedir.go",
		`if err := proto.Unmarshal(b, state); err != nil {`, never, "./stub", "TestAttack13TruncatedStateFile",
	},
	{
		"18", "INV-6b", "a state file of any size", "stub/statedir/statedir.go",
		`if len(b) > maxState {
		return nil`, never, "./stub/statedir", "TestDamagedStateIsRefusedAndKept",
	},
	{
		"13", "INV-6d", "restore over keys", "enclave/seal.go",
		`if s := e.state.Load(); s != nil {`, never, "./enclave", "TestAttack13InitTwice",
	},
	{
		"13", "INV-6d", "another version of sealed state", "enclave/seal.go",
		`case m.GetVersion() != sealedVersion:`, never, "./enclave", "TestAttack13SealedState",
	},
	{
		"13", "INV-6d", "another platform's state", "enclave/seal.go",
		`case m.GetPlatform() != p.Name():`, never, "./enclave", "TestAttack13SealedState",
	},
	{
		"13", "INV-6d", "another code's state is not called so", "enclave/seal.go",
		`case m.GetCodeId() != p.CodeID():`, never, "./enclave", "TestAttack13SealedState",
	},
	{
		"13", "INV-6d", "the sealing key is the same for all code", "keys/sealing.go",
		`Encode(LabelSealingKey, []byte(codeID))`, `Encode(LabelSealingKey)`, "./keys", "TestSealedStateOpensOnlyForSameCodeAndPlatform",
	},
	{
		"13", "INV-6d", "another host's state is not called so", "enclave/seal.go",
		`if _, err := p.SealingKey().Open(keys.LabelSealedState, checkAAD(m), m.GetCheck()); err != nil {`, never, "./enclave", "TestAttack13SealedState",
	},
	{
		"13", "INV-6d", "an altered state is not called so", "enclave/seal.go",
		`if err != nil {
		return nil, protocol.Errorf(step, CodeSealedTampered`, never, "./enclave", "TestAttack13SealedState",
	},
	{
		"13", "INV-6d", "sealed state under another enclave's name", "enclave/seal.go",
		`[]byte(m.GetCodeId()), []byte(m.GetEnclaveId()), m.GetCheck())`, `[]byte(m.GetCodeId()), m.GetCheck())`, "./enclave", "TestAttack13SealedState",
	},
	{
		"13", "INV-6d", "a state of another chaincode is served", "stub/enclave.go",
		`if cc := restored.GetCcParams().GetChaincodeId(); cc != s.config.Chaincode {`, never, "./stub", "TestAttack13StateOfAnotherChaincode",
	},
}
