// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package equivalence

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/e2e/equivalence/script"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/deploy/embedded"
)

const (
	plainName = "plainscript"
	// programs is how many random invocations each pair of processes runs.
	programs = 12
)

// TestSameChaincodeInProcesses runs random programs as people do: peers, stubs
// and enclaves are processes, or the embedded network; clients reach them by
// gRPC. It needs what `make build` puts into bin/.
func TestSameChaincodeInProcesses(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	n := startNetwork(ctx, t)
	for name, ops := range map[string][]string{"private": everyOp, "blinded": pointOps} {
		if _, err := n.ServePlain(ctx, plainName+name, enclavetest.Build(t, "./script/plain"), nil); err != nil {
			t.Fatal(err)
		}
		s, manifest, err := n.ServePrivate(ctx, deploy.Private{Name: name, Enclave: enclavetest.Build(t, "./script/"+name)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Stop()
		if _, err := n.InitEnclave(ctx, name, manifest, nil); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { compareProcesses(ctx, t, n, name, ops) })
	}
}

func startNetwork(ctx context.Context, t *testing.T) *embedded.Network {
	t.Helper()
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"fpc-stub", "fpc-ercc"} {
		if _, err := os.Stat(filepath.Join(bin, program)); err != nil {
			t.Fatalf("%s is not built: run make build, or make test, which builds first", filepath.Join(bin, program))
		}
	}
	n, err := embedded.Start(ctx, embedded.Config{Dir: t.TempDir(), Bin: bin, BatchTimeout: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Errorf("stop the network: %v", err)
		}
	})
	registry, err := n.ServeRegistry(ctx, "private", "blinded")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Stop)
	return n
}

// processes is the chaincode in its two forms on one network.
type processes struct {
	ctx       context.Context
	network   *embedded.Network
	plainName string
	private   *client.Contract
}

func compareProcesses(ctx context.Context, t *testing.T, n *embedded.Network, name string, ops []string) {
	contract, err := n.Contract(name, deploy.Client{Signer: n.Orgs[0].Client, Pins: n.Pins, Quorum: len(n.Orgs)})
	if err != nil {
		t.Fatal(err)
	}
	p := &processes{ctx, n, plainName + name, contract}
	everybody := policyOf(t, "OR('Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')")
	drawn := rapid.Custom(func(rt *rapid.T) tx { return drawTx(rt, ops) })
	for i := range programs {
		x := forPeers(t, drawn.Example(i), everybody)
		p.same(t, x)
	}
	p.same(t, dump(t, ops))
}

// policyOf is a key-level policy that the replay's endorsers satisfy, so that
// what is written once can be written again.
func policyOf(t *testing.T, text string) []byte {
	t.Helper()
	envelope, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	b, err := proto.Marshal(envelope)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// forPeers takes from a drawn invocation what a peer judges by rules of its own:
// policies that nobody can satisfy. Pages go where writes are, since in a batch
// their refusal comes later at a peer.
func forPeers(t *testing.T, x tx, policy []byte) tx {
	t.Helper()
	return edit(t, x, func(p *script.Program) {
		batched := slices.ContainsFunc(p.Ops, func(op script.Op) bool { return op.Kind == "batch" })
		p.Ops = slices.DeleteFunc(p.Ops, func(op script.Op) bool { return batched && strings.HasSuffix(op.Kind, "-pages") })
		for i := range p.Ops {
			if p.Ops[i].Kind == "set-policy" && len(p.Ops[i].Value) > 0 {
				p.Ops[i].Value = policy
			}
		}
	})
}

// dump reads all that the programs can have written.
func dump(t *testing.T, ops []string) tx {
	t.Helper()
	return edit(t, tx{}, func(p *script.Program) {
		for _, key := range slices.Concat(simpleKeys, compositeKeys) {
			p.Ops = append(p.Ops, script.Op{Kind: "get", Key: key}, script.Op{Kind: "get-policy", Key: key})
		}
		if slices.Contains(ops, "range") {
			p.Ops = append(p.Ops, script.Op{Kind: "range", N: -1}, script.Op{Kind: "partial", Key: "t", N: -1}, script.Op{Kind: "partial", Key: "u", N: -1})
		}
		p.Status = 200
	})
}

// same submits an invocation in both forms and compares what the client gets.
func (p *processes) same(t *testing.T, x tx) {
	t.Helper()
	plain, private := p.submitPlain(t, x), p.submitPrivate(t, x)
	if plain != private {
		t.Fatalf("program %s:\nplain   %+v\nprivate %+v", x.args, plain, private)
	}
}

func (p *processes) submitPlain(t *testing.T, x tx) outcome {
	t.Helper()
	receipt, err := p.network.As(p.network.Orgs[0].Client).Submit(p.ctx, fabric.Call{Chaincode: p.plainName, Args: fabric.Args(x.args...), Transient: x.transient})
	var refused *fabric.RejectedError
	switch {
	case errors.As(err, &refused) && refused.Status >= 400:
		return outcome{Status: refused.Status, Message: refused.Message}
	case err != nil:
		t.Fatalf("plain, program %s: %v", x.args, err)
	}
	return outcome{Status: 200, Payload: told(string(receipt.Response.GetPayload()))}
}

func (p *processes) submitPrivate(t *testing.T, x tx) outcome {
	t.Helper()
	payload, err := p.private.SubmitWith(p.ctx, x.args[0], client.WithArguments(x.args[1:]...), client.WithTransient(x.transient))
	var refused *client.ChaincodeError
	switch {
	case errors.As(err, &refused):
		return outcome{Status: refused.Status, Message: withoutCode(refused.Message)}
	case err != nil:
		t.Fatalf("private, program %s: %v", x.args, err)
	}
	return outcome{Status: 200, Payload: told(withoutCode(string(payload)))}
}

// What differs between two transactions of two chaincodes: their names, their
// timestamps, and each peer's words for pages beside writes.
var (
	stamps     = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC`)
	namespaces = regexp.MustCompile(`\[?(` + plainName + `)?(private|blinded) "`)
	pageWords  = regexp.MustCompile(`error: .*([Pp]aginated|read a page|read pages).*`)
)

func told(payload string) string {
	payload = stamps.ReplaceAllString(payload, "then")
	payload = namespaces.ReplaceAllString(payload, `row "`)
	return pageWords.ReplaceAllString(payload, "error: pages and writes")
}
