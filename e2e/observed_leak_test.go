// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package e2e

import (
	"crypto/rand"
	"encoding/json"
	"errors"
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
	t.Run("service", func(t *testing.T) { observed(t, enclave, nil).searchAll() })
	t.Run("launched", func(t *testing.T) {
		dir := t.TempDir()
		b := filepath.Join(dir, "builder")
		if out, err := exec.Command(filepath.Join(bin(t), "fpc"), "builder", "install", b).CombinedOutput(); err != nil {
			t.Fatalf("fpc builder install: %v: %s", err, out)
		}
		observed(t, enclave, []string{"--builder", b, "--peer-env", "Org1MSP:" + builder.EnvState + "=" + filepath.Join(dir, "state")}).searchAll()
	})
}

// audited is a world of which all that operators can see is collected.
type audited struct {
	*world
	collector *otlptest.Receiver
	secrets   []leak.Secret
	texts     map[string][]byte // what operators saw, by where
}

// observed runs the chaincode on a network whose processes tell all that they
// can. With a builder its stubs are launched by the peers.
func observed(t *testing.T, enclave string, launch []string) *audited {
	t.Helper()
	w := &audited{
		world:     &world{t: t, name: "blurt", log: newLogged(), ctx: bounded(t)},
		collector: otlptest.New(), texts: map[string][]byte{},
	}
	t.Cleanup(w.collector.Close)
	tell := []string{
		builder.EnvLogLevel + "=debug", builder.EnvOperations + "=127.0.0.1:0", builder.EnvCollector + "=" + w.collector.URL(),
	}
	args := launch
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
	w.deployBlurt(enclave, launch != nil)
	w.blurt()
	return w
}

func (w *audited) deployBlurt(enclave string, launched bool) {
	w.t.Helper()
	policy, err := w.RegistryPolicy(w.ctx, w.name)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.registry, err = w.ServeRegistry(w.ctx, policy); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.registry.Stop)
	deploying := w.ServePrivate
	if launched {
		deploying = w.LaunchPrivate
	}
	w.service, w.manifest, err = deploying(w.ctx, deploy.Private{Name: w.name, Enclave: enclave})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.service.Stop)
	w.initialise()
}

// secret makes something to look for.
func (w *audited) secret(name string) string {
	text := name + " " + rand.Text()
	w.secrets = append(w.secrets, leak.Secret{Name: name, Text: text})
	return text
}

// blurt has the chaincode say every kind of secret, and be refused.
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
	kept := w.capture(1, "keep", "k2", w.secret("replayed"), "")
	if err := w.validate(1, kept.ccrsp); err != nil {
		w.t.Fatal(err)
	}
	refused(w.t, w.validate(1, kept.ccrsp), protocol.CodeConsumed)
	if err := w.validate(1, alterByte(kept.ccrsp)); err == nil {
		w.t.Error("an altered response was validated")
	}
	w.command(true, "keep", "k3", w.secret("command"), "")
	w.command(false, "fail", w.secret("failing command"))
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

// collect ends all processes and takes what operators saw of them.
func (w *audited) collect() {
	w.t.Helper()
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
	if want := 1 + len(w.Orgs) + 2; len(addresses) < want {
		w.t.Errorf("got metrics at %v, want at least %d addresses: of network, registries, and stubs", addresses, want)
	}
	w.service.Stop()
	w.registry.Stop()
	w.server.stop()
	w.files("log", w.Dir, "*.log")
	w.texts["log of network"] = []byte(strings.Join(w.log.since(0), "\n"))
	w.files("steps", w.Trace, "*.jsonl")
	w.texts["spans"] = w.collector.Bytes()
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
// there: a search of nothing finds nothing.
func (w *audited) searchAll() {
	w.t.Helper()
	w.collect()
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
	for _, want := range []string{
		"level=DEBUG", "call answered", "call refused", string(protocol.CodeConsumed), // logs
		`fpc_stub_validations_total{code="consumed",outcome="refused"} `, `fpc_ercc_registrations_total{code="",of="keys",outcome="ok"} 1`, "fpc_network_transactions_total", `"status":"OK"`,
	} {
		if !strings.Contains(all.String(), want) {
			w.t.Errorf("%q is in nothing of what operators see", want)
		}
	}
	w.processesTell()
}

// processesTell demands steps and spans of every process.
func (w *audited) processesTell() {
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
	for _, process := range []string{"ercc@Org1MSP", "ercc@Org2MSP", "stub@Org1MSP", "stub@Org2MSP", "enclave@Org1MSP", "client"} {
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
