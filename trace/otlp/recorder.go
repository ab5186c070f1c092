// SPDX-License-Identifier: Apache-2.0

// Package otlp is untrusted: it sends the steps of runs as OpenTelemetry spans,
// by OTLP over HTTP, to a collector. It belongs to the hosts; no enclave links
// it.
//
// A step is an instant, so a span begins and ends at once. It has the step's
// name, and the process that received the step is its resource. The trace id
// comes from the transaction id, so that the spans of all processes, which know
// nothing of one another, join. Execution and validation are two transactions
// and so two traces; the client's INV-21 links them.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"

	"github.com/privatechaincode/fpc/trace"
)

// Wanted tells whether the environment names a collector: by
// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, unless
// OTEL_SDK_DISABLED or OTEL_TRACES_EXPORTER say no.
func Wanted(getenv func(string) string) bool {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Recorder sends events. It never blocks its caller: spans wait in a bounded
// queue, and what does not fit is dropped.
type Recorder struct {
	exporter sdk.SpanExporter

	mu        sync.Mutex
	providers map[string]*sdk.TracerProvider // by process
	closed    bool
}

var _ trace.Recorder = (*Recorder)(nil)

// New makes a recorder for the collector that OpenTelemetry's variables name
// (OTEL_EXPORTER_OTLP_ENDPOINT, …_HEADERS, …_CERTIFICATE and so on). It does not
// wait for the collector. What cannot be sent is logged.
func New(ctx context.Context, log *slog.Logger) (*Recorder, error) {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("OTLP exporter: %w", err)
	}
	return &Recorder{exporter: logged{exporter, log}, providers: map[string]*sdk.TracerProvider{}}, nil
}

// Record implements trace.Recorder.
func (r *Recorder) Record(e trace.Event) {
	tracer := r.tracer(e.Process)
	if tracer == nil {
		return
	}
	for _, s := range spansOf(e) {
		_, span := tracer.Start(s.context(), e.Step,
			otel.WithTimestamp(e.Time), otel.WithAttributes(attributes(e)...), otel.WithLinks(s.links()...))
		if failed(e) {
			span.SetStatus(codes.Error, e.Attrs[trace.AttrReason])
		}
		span.End(otel.WithTimestamp(e.Time))
	}
}

// Close sends what waits, as long as ctx allows, and ends the recorder.
func (r *Recorder) Close(ctx context.Context) error {
	r.mu.Lock()
	providers := r.providers
	r.providers, r.closed = nil, true
	r.mu.Unlock()
	var errs []error
	for _, p := range providers {
		errs = append(errs, p.Shutdown(ctx))
	}
	return errors.Join(append(errs, r.exporter.Shutdown(ctx))...)
}

// tracer returns the tracer of a process; nil when the recorder is closed.
func (r *Recorder) tracer(process string) otel.Tracer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	p, ok := r.providers[process]
	if !ok {
		p = sdk.NewTracerProvider(
			sdk.WithBatcher(shared{r.exporter}), sdk.WithIDGenerator(ids{}), sdk.WithSampler(sdk.AlwaysSample()),
			sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", process), attribute.String("service.namespace", "fpc"))),
		)
		r.providers[process] = p
	}
	return p.Tracer("github.com/privatechaincode/fpc/trace")
}

// attributes are an event's facts.
func attributes(e trace.Event) []attribute.KeyValue {
	kv := []attribute.KeyValue{
		attribute.String("fpc.from", e.From), attribute.String("fpc.to", e.To), attribute.String("fpc.what", e.What),
		attribute.String("fpc.process", e.Process), attribute.Int("process.pid", e.PID),
	}
	if e.TxID != "" {
		kv = append(kv, attribute.String("fpc.txid", e.TxID))
	}
	for name, value := range e.Attrs {
		kv = append(kv, attribute.String("fpc."+name, value))
	}
	return kv
}

// failed tells whether an event says that something did not succeed.
func failed(e trace.Event) bool {
	code := e.Attrs[trace.AttrCode]
	return e.Attrs[trace.AttrRefused] != "" || code != "" && code != "VALID"
}

// shared is an exporter that several providers use: none of them ends it.
type shared struct{ sdk.SpanExporter }

func (shared) Shutdown(context.Context) error { return nil }

// logged is an exporter that tells a log what it cannot send; else the SDK would
// tell the process's standard error.
type logged struct {
	sdk.SpanExporter
	log *slog.Logger
}

func (l logged) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := l.SpanExporter.ExportSpans(ctx, spans); err != nil {
		l.log.Warn("spans could not be sent", "spans", len(spans), "error", err)
	}
	return nil
}
