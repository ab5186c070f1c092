// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"

	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
	"github.com/privatechaincode/fpc/trace/otlp/otlptest"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestFlags(t *testing.T) {
	_, _ = FlagSet(flag.NewFlagSet("", flag.ContinueOnError)), FlagSet(pflag.NewFlagSet("", pflag.ContinueOnError))
	for _, test := range []struct {
		name string
		env  func(string) string
		args []string
		want string // of the log, or of the error
	}{
		{"defaults", env(), nil, "level=INFO msg=told"},
		{"environment", env("FPC_LOG_LEVEL", "debug", "FPC_LOG_FORMAT", "json"), nil, `"level":"DEBUG","msg":"whispered"`},
		{"flags before environment", env("FPC_LOG_LEVEL", "debug"), []string{"--log-level", "warn"}, "level=WARN msg=warned"},
		{"no such level", env(), []string{"--log-level", "loud"}, `--log-level "loud": it must be debug, info, warn or error`},
		{"no such format", env(), []string{"--log-format", "xml"}, `--log-format "xml": it must be text or json`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var f Flags
			set := flag.NewFlagSet("", flag.ContinueOnError)
			f.Add(set, test.env)
			if err := set.Parse(test.args); err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			log, err := f.Logger(&b)
			if err != nil {
				b.WriteString(err.Error())
			} else {
				log.Debug("whispered")
				log.Info("told")
				log.Warn("warned")
			}
			if first, _, _ := strings.Cut(b.String(), "\n"); !strings.Contains(first, test.want) {
				t.Errorf("got %q, want %q in the first line", b.String(), test.want)
			}
			again := Flags{}
			set = flag.NewFlagSet("", flag.ContinueOnError)
			again.Add(set, env())
			if err := set.Parse(f.Args()); err != nil || again != f {
				t.Errorf("passed on: got %+v, error %v; want %+v", again, err, f)
			}
		})
	}
}

// get asks an operations server.
func get(t *testing.T, o *Operations, path string) (int, string) {
	t.Helper()
	answer, err := http.Get("http://" + o.Address() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func serve(t *testing.T) *Operations {
	t.Helper()
	o, err := NewOperations("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return o
}

func TestHealth(t *testing.T) {
	o := serve(t)
	status, body := get(t, o, "/healthz")
	var answer struct {
		Status string
		Failed []FailedCheck `json:"failed_checks"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 || answer.Status != "OK" {
		t.Errorf("nothing watched: got %d %s, error %v; want 200 OK", status, body, err)
	}
	var gone error
	o.Health.Watch("enclave", func() error { return gone })
	o.Health.Watch("another", func() error { return nil })
	if status, body := get(t, o, "/healthz"); status != 200 {
		t.Errorf("all well: got %d %s, want 200", status, body)
	}
	gone = errors.New("the enclave ended: exit status 1")
	status, body = get(t, o, "/healthz")
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 503 || answer.Status != "Service Unavailable" ||
		len(answer.Failed) != 1 || answer.Failed[0] != (FailedCheck{"enclave", gone.Error()}) {
		t.Errorf("enclave gone: got %d %s, error %v; want 503 and the reason", status, body, err)
	}
}

func TestNowhere(t *testing.T) {
	o, err := NewOperations("", slog.New(slog.DiscardHandler))
	if err != nil || o.Address() != "" || o.Close() != nil {
		t.Errorf("no address: got %q, error %v; want nothing served", o.Address(), err)
	}
	taken := serve(t)
	if _, err := NewOperations(taken.Address(), slog.New(slog.DiscardHandler)); err == nil || !strings.HasPrefix(err.Error(), "--operations: ") {
		t.Errorf("address in use: got error %v, want one that names the flag", err)
	}
}

func TestMetrics(t *testing.T) {
	o := serve(t)
	up := true
	stub := NewStub(o.Metrics, func() bool { return up })
	stub.Begin("chaincodeInvoke")(nil)
	stub.Begin("validateEnclaveEndorsement")(protocol.Errorf("VAL-4", protocol.CodeStaleRead, "x"))
	stub.Begin("chaincodeInvoke")(protocol.Errorf("INV-8", "enclave_ended", "x"))
	stub.Begin("chaincodeInvoke")(protocol.Errorf("INV-8", "made up by an enclave", "x"))
	stub.Begin("unknown")(errors.New("x"))
	stub.Begin("initEnclave") // goes on
	stub.Sealed()
	ercc := NewERCC(o.Metrics)
	ercc.Begin("registerEnclave")(nil)
	ercc.Begin("registerCCKeys")(protocol.Errorf("KEY-3", protocol.CodeLineage, "x"))
	ercc.Begin("queryRegistryView")(nil)
	network := NewNetwork(o.Metrics)
	network.Height("peer0", "mychannel", 8)
	network.Committed("peer0", "mychannel", []peer.TxValidationCode{0, 0, 11})
	for _, status := range []int32{200, 404, 500, 1 << 30, -5} {
		network.Answered("peer0", status)
	}
	network.Refused("peer0")
	_, text := get(t, o, "/metrics")
	for _, want := range []string{
		`fpc_stub_calls_total{code="",function="chaincodeInvoke",outcome="ok"} 1`,
		`fpc_stub_calls_total{code="stale_read",function="validateEnclaveEndorsement",outcome="refused"} 1`,
		`fpc_stub_calls_total{code="enclave_ended",function="chaincodeInvoke",outcome="failed"} 1`,
		`fpc_stub_calls_total{code="other",function="chaincodeInvoke",outcome="refused"} 1`,
		`fpc_stub_calls_total{code="other",function="unknown",outcome="failed"} 1`,
		`fpc_stub_calls_in_flight{function="initEnclave"} 1`,
		`fpc_stub_calls_in_flight{function="chaincodeInvoke"} 0`,
		`fpc_stub_call_duration_seconds_count{function="chaincodeInvoke"} 3`,
		`fpc_stub_enclave_up 1`,
		`fpc_stub_sealed_state_writes_total 1`,
		`fpc_ercc_calls_total{code="",function="registerEnclave",outcome="ok"} 1`,
		`fpc_stub_validations_total{code="stale_read",outcome="refused"} 1`,
		`fpc_ercc_registrations_total{code="",of="enclave",outcome="ok"} 1`,
		`fpc_ercc_registrations_total{code="lineage",of="keys",outcome="refused"} 1`,
		`fpc_network_blocks_total{channel="mychannel",node="peer0"} 1`,
		`fpc_network_transactions_total{channel="mychannel",node="peer0",verdict="VALID"} 2`,
		`fpc_network_transactions_total{channel="mychannel",node="peer0",verdict="MVCC_READ_CONFLICT"} 1`,
		`fpc_network_ledger_height{channel="mychannel",node="peer0"} 8`,
		`fpc_network_proposals_total{node="peer0",outcome="endorsed"} 2`,
		`fpc_network_proposals_total{node="peer0",outcome="failed"} 3`,
		`fpc_network_proposals_total{node="peer0",outcome="refused"} 1`,
		`go_goroutines`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics: no %q in\n%s", want, text)
		}
	}
	up = false
	if _, text := get(t, o, "/metrics"); !strings.Contains(text, "fpc_stub_enclave_up 0") {
		t.Error("the enclave ended: fpc_stub_enclave_up is not 0")
	}
}

// The names and labels are an interface to dashboards: a stub that only
// validates has no enclave_up.
func TestStubWithoutEnclave(t *testing.T) {
	r := prometheus.NewRegistry()
	NewStub(r, nil)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "fpc_stub_enclave_up" {
			t.Error("a stub without enclave has fpc_stub_enclave_up, want none")
		}
	}
}

// A recorder writes to folder and collector, with the process's name in both.
func TestRecorder(t *testing.T) {
	receiver := otlptest.New()
	defer receiver.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL()) // the exporter reads it itself
	log, dir := slog.New(slog.DiscardHandler), t.TempDir()
	for _, getenv := range []func(string) string{env(), env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL())} {
		recorder, closer, err := Recorder(t.Context(), "stub@Org1MSP", dir, getenv, log)
		if err != nil {
			t.Fatal(err)
		}
		recorder.Record(trace.Event{Step: "INV-7"})
		closer()
	}
	events, err := trace.ReadDir(dir)
	if err != nil || len(events) != 2 {
		t.Errorf("folder: got %d events, error %v; want 2", len(events), err)
	}
	if spans := receiver.Spans(); len(spans) != 1 || spans[0].Service != "stub@Org1MSP" {
		t.Errorf("collector: got %v, want one span of the stub", spans)
	}
	recorder, closer, err := Recorder(t.Context(), "stub", "", env(), log)
	if err != nil || recorder != trace.Nop {
		t.Errorf("nothing wanted: got %v, error %v; want Nop", recorder, err)
	}
	closer()
}
