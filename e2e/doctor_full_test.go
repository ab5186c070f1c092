// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/fpctest/attack"
	"github.com/privatechaincode/fpc/fpctest/liar"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// operator is an organisation's administrator with a terminal.
type operator struct {
	t   testing.TB
	ctx context.Context
	env []string
}

// operatorOf is the administrator of an organisation of an embedded network in
// this process. Variables are set beside those of net/env.
func operatorOf(t testing.TB, ctx context.Context, n *embedded.Network, org int, variables ...string) operator {
	t.Helper()
	d := n.Devnet.Description()
	env := append(os.Environ(), "FPC_NETWORK="+d.Dir, "FPC_GENESIS="+d.GenesisBlock, "FPC_ATTESTATION=sim", "FPC_TRACE="+n.Trace)
	for _, e := range d.Exports(d.Organizations[org]) {
		env = append(env, e.Name+"="+e.Value)
	}
	return operator{t, ctx, append(env, variables...)}
}

// run runs fpc, given text on standard input, and demands its exit code. It
// answers all that was printed.
func (o operator) run(code int, stdin string, args ...string) string {
	o.t.Helper()
	cmd := exec.CommandContext(o.ctx, filepath.Join(bin(o.t), "fpc"), args...)
	cmd.Env, cmd.Stdin = o.env, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		o.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		o.t.Errorf("fpc %s: got exit code %d, want %d; it said\n%s", strings.Join(args, " "), got, code, out)
	}
	return string(out)
}

// says demands that each pattern matches a line.
func says(t testing.TB, text string, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile("(?m)" + p).MatchString(text) {
			t.Errorf("got\n%s\nwant a line like %s", text, p)
		}
	}
}

// examined asks fpc doctor about the chaincode, and demands what it finds.
func (o operator) examined(chaincode string, code int, patterns ...string) {
	o.t.Helper()
	says(o.t, o.run(code, "", "doctor", "-C", "mychannel", "-n", chaincode), patterns...)
}

// explained has a command fail, and asks fpc doctor about what it said.
func (o operator) explained(code int, args []string, patterns ...string) {
	o.t.Helper()
	says(o.t, o.run(0, o.run(code, "", args...), "doctor", "-"), patterns...)
}

// doctorOfTransaction is about a transaction that two enclaves endorsed: its steps,
// in each form, and its verdict.
func doctorOfTransaction(t *testing.T, w *world, txID string) {
	o := operatorOf(t, w.ctx, w.Network, 2)
	says(t, o.run(0, "", "trace", txID, "--format", "text"),
		`^INV-1 +user -> client: invoke`,
		`^INV-16 +enclave: .*\[enclave@Org1MSP`, `^INV-16 +enclave: .*\[enclave@Org2MSP`,
		`^VAL-6 +client -> orderer: `,
		`^VAL-7 +orderer -> peer: block \[peer@Org3MSP`,
		`^VAL-8 +peer -> ledger: .*\[ledger@Org1MSP`)
	says(t, o.run(0, "", "trace", txID, "--format", "mermaid"),
		`^sequenceDiagram$`, `stub_Org2MSP->>enclave_Org2MSP: INV-8 chaincode_invoke`, `->>ledger_Org1MSP: VAL-8 `)
	says(t, o.run(0, "", "doctor", txID, "-C", "mychannel"), `^verdict VALID, says peer 127`, `^endorsed by 2 enclaves$`)
}

// doctorOfRefusals is about what an operator of Full mode runs into: an enclave
// that nobody certified, a policy that cannot be met, a ledger enclave that is
// gone, and the call that it made fail.
func doctorOfRefusals(t *testing.T, w *world) {
	first, second, third := operatorOf(t, w.ctx, w.Network, 0), operatorOf(t, w.ctx, w.Network, 1), operatorOf(t, w.ctx, w.Network, 2)
	w.followedBy(0)
	first.examined("asset", 0,
		`^ok +enclaves +2 registered, 2 with keys`, `^ok +stub +enclave [0-9a-f]{12} runs, with keys of generation 1`,
		`^ok +ledger +the ledger enclave has [0-9]+ blocks, the head is [0-9a-f]{12}`)
	third.examined("asset", 0, `^ok +stub +it validates, and has no enclave`, `^ok +ledger +not examined: no enclave`)

	// The third organisation starts an enclave, and names no CA.
	of := []string{"-C", "mychannel", "-n", "asset", "--package", w.thirdEnclave(t)}
	third.examined("asset", 4, `^failed +stub +REG-3 \[not_initialised\]`)
	initialise := append([]string{"lifecycle", "chaincode", "initenclave"}, of...)
	without := operatorOf(t, w.ctx, w.Network, 2, "FPC_CA_CERT=", "FPC_CA_KEY=")
	without.explained(1, initialise, `^failed: .*\(REG-9\)$`, `\[not_certified\]$`, `^said: .*enclave [0-9a-f]{64}, unit fpc-[0-9a-f]{32}, is initialised`, `^hint: .*fabric-ca-client register --id.name [0-9a-f]{64} `, `^do:     have it certified`)
	third.examined("asset", 4, `^failed +stub +REG-9 \[not_certified\] enclave [0-9a-f]{12} runs`, `do: have it certified: fpc enclave certify`)
	third.run(0, "", append([]string{"enclave", "certify"}, of...)...)
	third.run(0, "", initialise...)
	w.followedBy(2)
	third.examined("asset", 0, `^ok +enclaves +3 registered, 2 with keys`, `^warning +stub +enclave [0-9a-f]{12} runs, without keys`, `do: fpc enclave exportcckeys`)

	// A policy asks for it all the same.
	w.redefine("2", "AND('Org1MSP.enclave','Org3MSP.enclave')")
	first.examined("asset", 4, `^failed +enclaves +INV-20 \[too_few_endorsements\] .*Org1MSP: enclave [0-9a-f]{12} can endorse; .*Org3MSP: enclave [0-9a-f]{12} has no keys`, `do: .*fpc doctor -n`)
	invoke := []string{"chaincode", "invoke", "-C", "mychannel", "-n", "asset", "-c", `{"Args":["UpdateAsset","a1","red","8"]}`}
	first.explained(1, invoke, `^failed: .*\(INV-20\)$`, `\[too_few_endorsements\]$`, `^said: .*Org3MSP: enclave [0-9a-f]{12} is not trusted`)
	w.redefine("3", bothEnclaves)

	// The second organisation's ledger enclave is gone.
	w.must(nil, w.ledger.Processes[1].Stop())
	second.examined("asset", 4, `^failed +ledger +INV-9 \[ledger_unreachable\] no ledger host at `, `do: start fpc-ledger-host beside this peer`)
	first.explained(4, invoke, `^failed: .*\(INV-20\)$`, `^failed: .*\(INV-9\)$`, `\[ledger_unreachable\]$`, `^said: .*Org1MSP: enclave [0-9a-f]{12} endorses; Org2MSP: enclave [0-9a-f]{12} peer `)
	says(t, first.run(4, "", "doctor", w.refusedWith("stub@Org2MSP", protocol.CodeLedgerUnreachable), "-C", "mychannel"), `^failed: .*\(INV-9\)$`, `\[ledger_unreachable\]$`, `^said: .* -- stub@Org2MSP$`)
	restarted, err := deploy.Start(w.ctx, w.ledger.Programs[1])
	w.must(nil, err)
	w.ledger.Processes[1] = restarted
	first.run(0, "", invoke...)
}

// thirdEnclave starts an enclave of the world's chaincode, asset, at the third
// organisation, which validates only so far. It answers the package's file.
func (w *world) thirdEnclave(t *testing.T) string {
	t.Helper()
	enclave := w.sample("asset")
	w.hostToo(2, "--enclave", enclave, "--state", filepath.Join(t.TempDir(), "state"), "--ledger", w.LedgerSocket(2))
	file := filepath.Join(t.TempDir(), "asset.tar.gz")
	binary, err := os.ReadFile(enclave)
	w.must(nil, err)
	manifest, err := pkg.SimManifest(binary)
	w.must(nil, err)
	packed, err := pkg.BuildFPC("asset", pkg.Code{Enclave: binary, Manifest: manifest})
	w.must(nil, err)
	w.must(nil, os.WriteFile(file, packed, 0o600))
	return file
}

// followedBy waits until an organisation's ledger enclave has all blocks of its peer.
func (w *world) followedBy(org int) {
	w.t.Helper()
	info, err := w.At(org, w.Orgs[org].Admin).Info(w.ctx)
	w.must(nil, err)
	dialLedger(w.t, w.LedgerSocket(org)).awaitHeight(w.ctx, info.GetHeight())
}

// hostToo starts an organisation's stub anew, with further arguments.
func (w *world) hostToo(org int, args ...string) {
	w.t.Helper()
	p := &w.service.Programs[org]
	p.Args = append(slices.Clone(p.Args), args...)
	mark := w.log.mark()
	w.must(nil, w.service.Processes[org].Kill())
	w.log.await(w.ctx, w.t, mark, "chaincode stream ended", w.service.Packages[org])
	started, err := deploy.Start(w.ctx, *p)
	w.must(nil, err)
	w.service.Processes[org] = started
}

// redefine commits another policy of the same code.
func (w *world) redefine(sequence, policy string) {
	w.t.Helper()
	manifest, err := protocol.ParseCodeManifest(w.manifest)
	w.must(nil, err)
	same := []string{"-C", "mychannel", "-n", w.name, "-v", manifest.Version(), "--sequence", sequence, "--signature-policy", policy}
	for org := range w.Orgs {
		approve := append([]string{"lifecycle", "chaincode", "approveformyorg", "--package-id", w.service.Packages[org]}, same...)
		operatorOf(w.t, w.ctx, w.Network, org).run(0, "", approve...)
	}
	operatorOf(w.t, w.ctx, w.Network, 0).run(0, "", append([]string{"lifecycle", "chaincode", "commit"}, same...)...)
}

// refusedWith is a transaction that a process refused, as it recorded.
func (w *world) refusedWith(process string, code protocol.Code) string {
	w.t.Helper()
	all, err := trace.ReadDir(w.Trace)
	w.must(nil, err)
	for _, e := range all {
		if e.Process == process && e.Attrs[trace.AttrRefused] == string(code) {
			return e.TxID
		}
	}
	w.t.Fatalf("%s recorded no refusal with %s", process, code)
	return ""
}

// doctorOfLedgers is about a ledger enclave whose host withholds blocks, or shows
// others than the channel has.
func doctorOfLedgers(t *testing.T, ctx context.Context, n *embedded.Network, w *attack.World) {
	o := operatorOf(t, ctx, n, 0)
	next := func(name string) { // a block more
		t.Helper()
		o.run(0, "", "lifecycle", "chaincode", "approveformyorg", "-C", "mychannel", "-n", name, "-v", "1")
	}
	height := func() uint64 {
		t.Helper()
		info, err := n.At(0, n.Orgs[0].Admin).Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return info.GetHeight()
	}
	w.Ledger.Await(ctx, height())
	o.examined(attack.Chaincode, 0, `^ok +ledger `)

	w.Ledger.Lie(liar.LedgerLies{Frozen: true, Impatient: true})
	next("behind")
	o.examined(attack.Chaincode, 4, `^failed +ledger +VAL-8 \[not_yet\] the ledger enclave has [0-9]+ of the peer's [0-9]+ blocks`, `do: .*does not follow its peer`)
	w.Ledger.Lie(liar.LedgerLies{})
	w.Ledger.Await(ctx, height())

	w.Ledger.Lie(liar.LedgerLies{Block: func(b *common.Block) *common.Block {
		b = proto.CloneOf(b)
		b.Header.PreviousHash = bytes.Repeat([]byte{1}, len(b.Header.PreviousHash))
		return b
	}})
	next("forked")
	w.Ledger.AwaitRefusal(ctx)
	o.examined(attack.Chaincode, 4, `^failed +ledger +VAL-8 \[broken_link\] the ledger enclave stays at block [0-9]+: `, `do: stop, and find out with the other organisations which chain`)
	w.Ledger.Lie(liar.LedgerLies{})
	w.Ledger.Await(ctx, height())
	o.examined(attack.Chaincode, 0, `^ok +ledger `)
}
