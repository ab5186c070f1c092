// SPDX-License-Identifier: Apache-2.0

package main

// programs is what surrounds the flows: which code runs, and with which rights;
// what a person approves, and what reaches a terminal.
var programs = []mutant{
	{
		"", "LC-5", "a policy of another channel is approved", "client/admin/policy.go",
		`{"channel_hash", p.ChannelHash, f.ChannelHash},`, ``, "./client/admin", "TestPolicyThatDiffersFromTheChannel",
	},
	{
		"", "LC-5", "a policy of other organisations is approved", "client/admin/policy.go",
		`{"msp_ids", fmt.Sprint(p.MSPIDs), fmt.Sprint(f.MSPIDs)},`, ``, "./client/admin", "TestPolicyThatDiffersFromTheChannel",
	},
	{
		"", "LC-5", "a policy by which a minority revokes is approved", "client/admin/policy.go",
		`{"lifecycle_majority", fmt.Sprint(p.LifecycleMajority), fmt.Sprint(f.LifecycleMajority)},`, ``, "./client/admin", "TestPolicyThatDiffersFromTheChannel",
	},
	{
		"", "LC-5", "a policy with other roots is approved", "client/admin/policy.go",
		`{"msp_roots_hash", p.MSPRootsHash, f.MSPRootsHash},`, ``, "./client/admin", "TestPolicyThatDiffersFromTheChannel",
	},
	{
		"", "INV-6b", "a ledger host that depends on where the peer runs", "builder/launch.go",
		`[]string{EnvState, EnvLedger} {`, `[]string{EnvState} {`, "./builder", "TestLaunch",
	},
	{
		"", "INV-6c", "what runs is not what was measured", "stub/launch/load_linux.go",
		`_, err = unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)`, ``, "./stub/launch", "TestFileThatChangesWhileItIsStarted",
	},
	{
		"19", "KEY-1", "what the enclave makes is lost with the peer that asked for it", "stub/enclave.go",
		`context.WithTimeout(context.WithoutCancel(c.ctx), s.config.Timeout)`, `context.WithTimeout(c.ctx, s.config.Timeout)`, "./stub", "TestAttack19PeerGoneWhileTheEnclaveChanges",
	},
	{
		"19", "KEY-1", "a stub goes on with an enclave whose state it does not know", "stub/enclave.go",
		`if err != nil && ctx.Err() != nil {`, never, "./stub", "TestEnclaveThatIsGivenUpWhileItChanges",
	},
	{
		"19", "INV-6a", "a stub outlives its enclave", "stub/enclave.go",
		`s.end(fmt.Errorf("the enclave ended: %w", err))`, `_ = fmt.Errorf`, "./stub", "TestAttack19KilledEnclave",
	},
	{
		"", "INV-6c", "what a chaincode prints reaches its host", "internal/launched/confine/confine_linux.go",
		`r.do("standard streams closed", silence)`, `_ = silence`, "./enclave/private", "TestConfinedEnclave",
	},
	{
		"", "INV-6c", "an enclave makes code at run time", "internal/launched/confine/seccomp_linux.go",
		`one("mmap", 2, seccomp.BitsNotSet, unix.PROT_EXEC),`, `one("mmap", 2, seccomp.BitsNotSet, 1<<20),`, "./enclave/private", "TestConfinedEnclave",
	},
	{
		"", "INV-6c", "an enclave accepts connections anywhere", "internal/launched/confine/seccomp_linux.go",
		`one("accept4", 0, seccomp.Equal, uint64(listener)),`, `one("accept4", 0, seccomp.BitsNotSet, 1<<20),`, "./internal/launched", "TestWhereConnectionsAreAccepted",
	},
	{
		"", "INV-6c", "a chaincode's enclave accepts connections", "enclave/private/main.go",
		`launched.Start()`, `launched.StartListening()`, "./enclave/private", "TestConfinedEnclave",
	},
	{
		"", "INV-22", "a server's words steer the terminal", "cmd/fpc/exit.go",
		`if unicode.IsPrint(r) {`, `if unicode.IsPrint(r) || r == '\x1b' {`, "./cmd/fpc", "TestTerminalIsNotSteered",
	},
	{
		"", "LC-5", "a policy designates who is not in the channel", "cmd/fpc/ercc.go",
		`if !slices.Contains(members, c.DesignatedMSP) {`, never, "./cmd/fpc", "TestDesignatesMembersOnly",
	},
	{
		"", "LC-5", "a policy accepts a platform that nobody verifies", "cmd/fpc/ercc.go",
		`if err := verifiable(name, known); err != nil {`, never, "./cmd/fpc", "TestAttestationPolicyFlags",
	},
	{
		"", "INV-7", "who ends a call is told that the server cannot be reached", "client/fabric/errors.go",
		`if errors.Is(ctx.Err(), context.Canceled) {`, never, "./client/fabric", "TestEndedCallIsNobodysFault",
	},
	{
		"", "INV-22", "a remedy has a transaction submitted twice", "cmd/fpc/exit.go",
		`case open:`, never, "./cmd/fpc", "TestFailuresAreReported",
	},
	{
		"", "LC-1", "a network is made among another's files", "devnet/check.go",
		`if !temporary && !slices.Contains(ours, entry.Name()) {`, never, "./devnet", "TestCheckOfAFolder",
	},
	{
		"", "LC-1", "a network outlives its folder", "cmd/fpc/server_unix.go",
		`if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(held, found) {`, never, "./cmd/fpc", "TestFolderGone",
	},
}
