// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"
	"encoding/hex"
	"log/slog"
	"strings"
	"testing"
	"time"

	spans "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/privatechaincode/fpc/trace"
	"github.com/privatechaincode/fpc/trace/otlp/otlptest"
)

const (
	inner = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	outer = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
)

// sent records events, each by a recorder of its process, as processes that know
// nothing of one another do, and returns the spans that a collector got, by
// "step service trace".
func sent(t *testing.T, events []trace.Event) map[string]otlptest.Span {
	t.Helper()
	receiver := otlptest.New()
	t.Cleanup(receiver.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL())
	for _, e := range events {
		r, err := New(t.Context(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		r.Record(e)
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.Record(e) // after Close: dropped
	}
	got := map[string]otlptest.Span{}
	for _, s := range receiver.Spans() {
		got[s.GetName()+" "+s.Service+" "+hex.EncodeToString(s.GetTraceId())[:4]] = s
	}
	return got
}

// The spans of all processes join in a trace whose id anybody can tell from the
// transaction's, below the client's; execution and validation are linked.
func TestSpansJoin(t *testing.T) {
	at := time.Unix(1000, 5000)
	got := sent(t, []trace.Event{
		{Time: at, Step: "INV-1", From: "user", To: "client", What: "invoke", Process: "client", PID: 1, TxID: inner},
		{Time: at, Step: "INV-2", From: "client", To: "ercc", What: "queryRegistryView", Process: "ercc@Org1MSP", TxID: inner},
		{Time: at, Step: "INV-8", From: "stub", To: "enclave", What: "chaincode_invoke", Process: "enclave@Org1MSP", PID: 7, TxID: inner},
		{Time: at, Step: "INV-21", From: "client", To: "client", What: "validate", Process: "client", TxID: inner, Attrs: map[string]string{trace.AttrValidation: outer}},
		{Time: at, Step: "VAL-4", From: "stub", To: "stub", What: "refused", Process: "stub@Org2MSP", TxID: outer, Attrs: map[string]string{trace.AttrRefused: "stale_read", trace.AttrReason: "other value"}},
		{Time: at, Step: "VAL-5", From: "orderer", To: "peer", What: "block", Process: "peer@Org1MSP", TxID: outer, Attrs: map[string]string{trace.AttrCode: "VALID"}},
		{Time: at, Step: "INV-6a", From: "stub", To: "stub", What: "start", Process: "stub@Org1MSP"},
	})
	innerRoot, outerRoot := inner[32:48], outer[32:48]
	for _, want := range []struct {
		span, trace, id, parent, link string // id and parent: hex, "" for none, "?" for any
		failed                        bool
	}{
		{"INV-1 client 0011", inner[:32], innerRoot, "", "", false},
		{"INV-2 ercc@Org1MSP 0011", inner[:32], "?", "", "", false},
		{"INV-8 enclave@Org1MSP 0011", inner[:32], "?", innerRoot, "", false},
		{"INV-21 client 0011", inner[:32], "?", innerRoot, outerRoot, false},
		{"INV-21 client ffee", outer[:32], outerRoot, "", innerRoot, false},
		{"VAL-4 stub@Org2MSP ffee", outer[:32], "?", outerRoot, "", true},
		{"VAL-5 peer@Org1MSP ffee", outer[:32], "?", outerRoot, "", false},
	} {
		s, ok := got[want.span]
		if !ok {
			t.Errorf("%s: no such span", want.span)
			continue
		}
		link := ""
		for _, l := range s.GetLinks() {
			link = hex.EncodeToString(l.GetSpanId())
		}
		if id := hex.EncodeToString(s.GetSpanId()); want.id != "?" && id != want.id {
			t.Errorf("%s: span id %s, want %s", want.span, id, want.id)
		}
		if id, parent := hex.EncodeToString(s.GetTraceId()), hex.EncodeToString(s.GetParentSpanId()); id != want.trace || parent != want.parent || link != want.link {
			t.Errorf("%s: trace %s, parent %q, link %q; want %s, %q, %q", want.span, id, parent, link, want.trace, want.parent, want.link)
		}
		if failed := s.GetStatus().GetCode() == spans.Status_STATUS_CODE_ERROR; failed != want.failed {
			t.Errorf("%s: failed %v, want %v", want.span, failed, want.failed)
		}
		if s.GetStartTimeUnixNano() != uint64(at.UnixNano()) || s.GetEndTimeUnixNano() != uint64(at.UnixNano()) {
			t.Errorf("%s: from %d to %d, want the event's time %d", want.span, s.GetStartTimeUnixNano(), s.GetEndTimeUnixNano(), at.UnixNano())
		}
	}
	if len(got) != 8 {
		t.Errorf("got %d spans, want 8", len(got))
	}
	s := got["INV-8 enclave@Org1MSP 0011"]
	for name, want := range map[string]string{
		"fpc.from": "stub", "fpc.to": "enclave", "fpc.what": "chaincode_invoke", "fpc.process": "enclave@Org1MSP", "fpc.txid": inner,
	} {
		if value := s.Attribute(name); value != want {
			t.Errorf("attribute %s: got %q, want %q", name, value, want)
		}
	}
}

func TestWanted(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/x"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "TRUE"}, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, false},
	} {
		if got := Wanted(func(name string) string { return test.env[name] }); got != test.want {
			t.Errorf("%v: got %v, want %v", test.env, got, test.want)
		}
	}
}

// A collector that is not there costs a line in the log, and no call waits for it.
func TestNoCollector(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	log := make(logLines, 64)
	r, err := New(t.Context(), slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	r.Record(trace.Event{Time: time.Unix(1, 0), Step: "INV-7", Process: "stub", TxID: inner})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_ = r.Close(ctx) // it may tell of the deadline, or of nothing
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("Close took %s, want no more than its context allows", took)
	}
	// It is told when the exporter gives up, which may be after Close did.
	limit := time.After(time.Minute)
	for {
		select {
		case line := <-log:
			if strings.Contains(line, "spans could not be sent") {
				return
			}
		case <-limit:
			t.Fatal("no log of spans not sent within a minute")
		}
	}
}

// logLines takes what is logged, a line each.
type logLines chan string

func (l logLines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestOddTransactionIDs(t *testing.T) {
	seen := map[string]string{}
	for _, id := range []string{inner, outer, "short", "zz" + inner[2:], strings.Repeat("0", 63)} {
		got := TraceID(id)
		if !got.IsValid() {
			t.Errorf("%q: trace id %s is not valid", id, got)
		}
		if other, taken := seen[got.String()]; taken {
			t.Errorf("%q and %q have one trace id", id, other)
		}
		seen[got.String()] = id
	}
}
