// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package e2e

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/builder"
	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/leak"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
	"github.com/privatechaincode/fpc/trace/otlp/otlptest"
)

// Row 25, where operators look: arguments, transient data, values, events, answers,
// and the texts of errors and panics of a private chaincode stand in no log, at any
// level, in no step, in no span and in no figure of any process, in no form. The
// chaincode prints all that it is told, and fails in every way.
func TestAttack25NothingInWhatOperatorsSee(t *testing.T) {
	enclave := enclavetest.Build(t, "./testdata/blurt")
	t.Run("service", func(t *testing.T) { observedInLite(t, enclave, nil).searchAll(seenInLite) })
	t.Run("launched", func(t *testing.T) {
		dir := t.TempDir()
		b := filepath.Join(dir, "builder")
		if out, err := exec.Command(filepath.Join(bin(t), "fpc"), "builder", "install", b).CombinedOutput(); err != nil {
			t.Fatalf("fpc builder install: %v: %s", err, out)
		}
		observedInLite(t, enclave, []string{"--builder", b, "--peer-env", "Org1MSP:" + builder.EnvState + "=" + filepath.Join(dir, "state")}).searchAll(seenInLite)
	})
}

// seen is what must be among that which operators see: a search of nothing finds
// nothing.
type seen struct {
	texts     []string
	processes []string // that record steps and send spans
	addresses int      // at which metrics are served, at least
}

var seenInLite = seen{
	texts: []string{
		"level=DEBUG", "call answered", "call refused", string(protocol.CodeConsumed), // logs
		`fpc_stub_validations_total{code="consumed",outcome="refused"} `, `fpc_ercc_registrations_total{code="",of="keys",outcome="ok"} 1`, "fpc_network_transactions_total", `"status":"OK"`,
	},
	processes: []string{"ercc@Org1MSP", "ercc@Org2MSP", "stub@Org1MSP", "stub@Org2MSP", "enclave@Org1MSP", "client"},
	addresses: 1 + 3 + 2, // of network, registries, and stubs
}

// audited is a world of which all that operators can see is collected.
type audited struct {
	*world
	collector *otlptest.Receiver
	secrets   []leak.Secret
	texts     map[string][]byte // what operators saw, by where
}

// observedInLite runs the chaincode on such a network. With a builder its stubs are
// launched by the peers.
func observedInLite(t *testing.T, enclave string, launch []string) *audited {
	t.Helper()
	w := observed(t, launch)
	w.deployBlurt(enclave, launch != nil)
	w.blurt()
	w.blurtInLite()
	return w
}

// observed starts a network whose processes tell all that they can.
func observed(t *testing.T, args []string) *audited {
	t.Helper()
	w := &audited{
		world:     &world{t: t, name: "blurt", log: newLogged(), ctx: bounded(t)},
		collector: otlptest.New(), texts: map[string][]byte{},
	}
	t.Cleanup(w.collector.Close)
	tell := []string{
		builder.EnvLogLevel + "=debug", builder.EnvOperations + "=127.0.0.1:0", builder.EnvCollector + "=" + w.collector.URL(),
	}
	args = slices.Clone(args)
	for _, variable := range tell {
		for _, org := range []string{"Org1MSP", "Org2MSP", "Org3MSP"} {
			args = append(args, "--peer-env", org+":"+variable)
		}
	}
	w.server = &server{t: t, dir: filepath.Join(t.TempDir(), "network"), log: w.log, args: args, env: tell}
	w.server.start(w.ctx)
	t.Cleanup(func() { w.server.kill() })
	w.Network = w.server.attach()
	t.Cleanup(func() { stop(t, w.Network) })
	w.Env = tell
	return w
}

func (w *audited) deployBlurt(enclave string, launched bool) {
	w.t.Helper()
	if launched {
		w.launch(enclave)
	} else {
		w.serveRegistry(w.name)
		w.serveMore(deploy.Private{Name: w.name, Enclave: enclave})
	}
	w.initialise()
}

// secret makes something to look for.
func (w *audited) secret(name string) string {
	text := name + " " + rand.Text()
	w.secrets = append(w.secrets, leak.Secret{Name: name, Text: text})
	return text
}

// blurt has the chaincode say every kind of secret.
func (w *audited) blurt() {
	w.t.Helper()
	contract := w.contract(1)
	value, transient, event := w.secret("value"), w.secret("transient"), w.secret("event")
	w.must(contract.SubmitWith(w.ctx, "keep", client.WithArguments("k", value, event), client.WithTransient(map[string][]byte{"t": []byte(transient)})))
	for key, want := range map[string]string{"k": value, "k-t": transient} {
		if got, err := contract.Evaluate(w.ctx, "tell", key); err != nil || string(got) != want {
			w.t.Fatalf("tell %s: got %q, error %v; want %q", key, got, err, want)
		}
	}
	var failed *client.ChaincodeError
	if _, err := contract.Submit(w.ctx, "fail", w.secret("error")); !errors.As(err, &failed) || !strings.Contains(failed.Message, "error ") {
		w.t.Errorf("fail: got %v, want the chaincode's own error", err)
	}
	if _, err := contract.Submit(w.ctx, "panic", w.secret("panic")); !errors.As(err, &failed) || strings.Contains(failed.Message, "no:") {
		w.t.Errorf("panic: got %v, want an error that does not tell what the chaincode said", err)
	}
	w.command(true, "keep", "k3", w.secret("command"), "")
	w.command(false, "fail", w.secret("failing command"))
}

// blurtInLite has its answers be refused at validation.
func (w *audited) blurtInLite() {
	w.t.Helper()
	kept := w.capture(1, "keep", "k2", w.secret("replayed"), "")
	if err := w.validate(1, kept.ccrsp); err != nil {
		w.t.Fatal(err)
	}
	refused(w.t, w.validate(1, kept.ccrsp), protocol.CodeConsumed)
	if err := w.validate(1, alterByte(kept.ccrsp)); err == nil {
		w.t.Error("an altered response was validated")
	}
}

// alterByte alters the middle of a message.
func alterByte(b []byte) []byte {
	b = slices.Clone(b)
	b[len(b)/2] ^= 1
	return b
}

// command invokes a function as a person does, who has the same collector.
func (w *audited) command(succeeds bool, words ...string) {
	w.t.Helper()
	args, err := json.Marshal(map[string][]string{"Args": words})
	if err != nil {
		w.t.Fatal(err)
	}
	d := w.server.description()
	call := []string{
		"-c", `. "$0" && exec "$@"`, d.Organizations[1].Env,
		filepath.Join(w.Bin, "fpc"), "chaincode", "invoke", "-C", w.Channel, "-n", w.name, "--attestation", "sim", "-c", string(args),
	}
	for _, o := range d.Organizations {
		call = append(call, "--peerAddresses", o.PeerAddress, "--tlsRootCertFiles", o.TLSRoot)
	}
	cmd := exec.Command("sh", call...)
	cmd.Env = append(append(os.Environ(), w.Env...), "FPC_TRACE="+w.Trace, "FPC_GENESIS="+d.GenesisBlock)
	out, err := cmd.CombinedOutput()
	if (err == nil) != succeeds {
		w.t.Fatalf("fpc chaincode invoke %s: %v: %s", words[0], err, out)
	}
}

// serves is what programs log about their metrics.
var serves = regexp.MustCompile(`health and metrics are served\\?" address=([^\s"]+)`)

// collect takes the blocks, ends all processes and takes what operators saw of them.
// It answers at how many addresses there were metrics.
func (w *audited) collect() int {
	w.t.Helper()
	info, err := w.At(0, w.Orgs[0].Client).Info(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for number := range info.GetHeight() {
		b, err := w.Peer(0).Block(w.ctx, w.Channel, number, w.Orgs[0].Client, time.Now())
		if err != nil {
			w.t.Fatal(err)
		}
		w.texts[fmt.Sprint("block ", number)] = encode(w.t, b)
	}
	w.files("log", w.Dir, "*.log")
	w.texts["log of network"] = []byte(strings.Join(w.log.since(0), "\n"))
	var addresses []string
	for _, text := range w.texts {
		for _, m := range serves.FindAllSubmatch(text, -1) {
			addresses = append(addresses, string(m[1]))
		}
	}
	for _, address := range addresses {
		w.scrape(address + "/metrics")
		w.scrape(address + "/healthz")
	}
	w.service.Stop()
	if w.ledger != nil {
		w.ledger.Stop()
	}
	w.registry.Stop()
	w.server.stop()
	w.files("log", w.Dir, "*.log")
	w.texts["log of network"] = []byte(strings.Join(w.log.since(0), "\n"))
	w.files("steps", w.Trace, "*.jsonl")
	w.texts["spans"] = w.collector.Bytes()
	return len(addresses)
}

func (w *audited) files(what, dir, pattern string) {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) == 0 {
		w.t.Fatalf("%s: %d files in %s, error %v", what, len(files), dir, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		w.texts[what+" "+filepath.Base(file)] = raw
	}
}

func (w *audited) scrape(where string) {
	w.t.Helper()
	answer, err := http.Get("http://" + where)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	if w.texts[where], err = io.ReadAll(answer.Body); err != nil {
		w.t.Fatal(err)
	}
}

// searchAll looks for the secrets in all that operators saw, and for what must be
// there.
func (w *audited) searchAll(want seen) {
	w.t.Helper()
	if got := w.collect(); got < want.addresses {
		w.t.Errorf("got metrics at %d addresses, want at least %d", got, want.addresses)
	}
	searcher, err := leak.New(w.secrets)
	if err != nil {
		w.t.Fatal(err)
	}
	var all strings.Builder
	for where, text := range w.texts {
		all.Write(text)
		for _, f := range searcher.Bytes(where, text) {
			w.t.Errorf("found %v", f)
		}
	}
	planted := append([]byte("level=DEBUG msg="), w.secrets[0].Text...)
	if len(searcher.Bytes("a log", planted)) == 0 {
		w.t.Errorf("%q was not found in %q", w.secrets[0].Text, planted)
	}
	for _, text := range want.texts {
		if !strings.Contains(all.String(), text) {
			w.t.Errorf("%q is in nothing of what operators see", text)
		}
	}
	w.tell(want.processes)
}

// tell demands steps and spans of processes.
func (w *audited) tell(processes []string) {
	w.t.Helper()
	events, err := trace.ReadDir(w.Trace)
	if err != nil {
		w.t.Fatal(err)
	}
	wrote, sent := map[string]bool{}, map[string]bool{}
	for _, e := range events {
		wrote[e.Process] = true
	}
	for _, s := range w.collector.Spans() {
		sent[s.Service] = true
	}
	for _, process := range processes {
		if !wrote[process] {
			w.t.Errorf("%s wrote no steps; these did: %v", process, wrote)
		}
		if !sent[process] {
			w.t.Errorf("%s sent no spans; these did: %v", process, sent)
		}
	}
}

// stop ends orderer and peers, and the stubs that they launched, in order.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Fatal(err)
	}
	<-s.exited
}
