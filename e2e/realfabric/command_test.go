// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Exit codes of fpc (fpc --help).
const (
	exitOther        = 1
	exitUsage        = 2
	exitUnreachable  = 3
	exitRejected     = 4
	exitNotAttested  = 5
	exitNotCommitted = 6
)

// user is somebody who types fpc commands.
type user struct {
	n    *Network
	org  int
	name string
	env  []string // in place of what the organisation's environment says
}

// answer is what a command printed, and its exit code.
type answer struct {
	stdout, stderr string
	code           int
}

// fpc runs a command on the channel, with all organisations' peers named as the
// peer command wants it.
func (u user) fpc(ctx context.Context, t *testing.T, args ...string) answer {
	t.Helper()
	return u.run(ctx, t, append(slices.Clone(args), u.n.peerFlags()...)...)
}

func (u user) run(ctx context.Context, t *testing.T, args ...string) answer {
	t.Helper()
	org := u.n.orgs[u.org]
	if !slices.Contains(args, "-C") {
		args = append(slices.Clone(args), "-C", u.n.Channel)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(u.n.Bin, "fpc"), args...)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
		"CORE_PEER_LOCALMSPID=" + org.MSPID, "CORE_PEER_MSPCONFIGPATH=" + filepath.Join(org.UserDir(u.name), "msp"),
		"CORE_PEER_ADDRESS=" + u.n.Orgs[u.org].Peer.Address, "CORE_PEER_TLS_ENABLED=true", "CORE_PEER_TLS_ROOTCERT_FILE=" + org.TLSRoot(),
		"FPC_GENESIS=" + u.n.genesisFile(), "FPC_ATTESTATION=sim",
	}, u.env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return answer{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// must is fpc for a command that has to succeed. It returns what it printed.
func (u user) must(ctx context.Context, t *testing.T, args ...string) string {
	t.Helper()
	a := u.fpc(ctx, t, args...)
	if a.code != 0 {
		t.Fatalf("fpc %s: exit code %d: %s", strings.Join(args, " "), a.code, a.stderr)
	}
	return a.stdout
}

// refused is fpc for a command that has to fail, with an exit code and words that
// say why.
func (u user) refused(ctx context.Context, t *testing.T, code int, says string, args ...string) {
	t.Helper()
	a := u.fpc(ctx, t, args...)
	if a.code != code || !strings.Contains(a.stderr, says) {
		t.Errorf("fpc %s: got exit code %d and %q, want %d and %q", strings.Join(args, " "), a.code, a.stderr, code, says)
	}
}

// create is the command that makes an auction, whose id says why it is made.
func create(why string) []string { return invoke(`["create","` + auctionID(why) + `","x"]`) }

// auctionID makes an id of words: ids have no spaces.
func auctionID(words string) string { return strings.ReplaceAll(words, " ", "-") }

func invoke(args string) []string {
	return []string{"chaincode", "invoke", "-n", "auction", "-c", `{"Args":` + args + `}`}
}

func query(args string) []string {
	return []string{"chaincode", "query", "-n", "auction", "-c", `{"Args":` + args + `}`}
}

// peerFlags name all organisations' peers.
func (n *Network) peerFlags() []string {
	var flags []string
	for i, org := range n.Orgs {
		flags = append(flags, "--peerAddresses", org.Peer.Address, "--tlsRootCertFiles", n.orgs[i].TLSRoot())
	}
	return flags
}

// pack makes the auction's package as an administrator does, for the commands
// that need its manifest; it prints the version.
func (n *Network) pack(ctx context.Context, t *testing.T) (file, version string) {
	t.Helper()
	file = filepath.Join(n.dir, "auction.tar.gz")
	out, err := exec.CommandContext(ctx, filepath.Join(n.Bin, "fpc"), "lifecycle", "chaincode", "package", file,
		"--label", "auction", "--enclave", filepath.Join(n.Bin, "samples", "auction")).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if v, ok := strings.CutPrefix(line, "Version: "); ok {
			return file, strings.TrimSpace(v)
		}
	}
	t.Fatalf("fpc package prints no version: %s", out)
	return "", ""
}
