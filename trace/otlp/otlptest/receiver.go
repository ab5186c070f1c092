// SPDX-License-Identifier: Apache-2.0

// Package otlptest has a collector for tests: it takes OTLP over HTTP and keeps
// what comes.
package otlptest

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// maxRequest bounds one request, in bytes.
const maxRequest = 64 << 20

// Span is one span and the service that sent it.
type Span struct {
	*spans.Span
	Service string
}

// Receiver is a collector.
type Receiver struct {
	server *httptest.Server

	mu    sync.Mutex
	raw   []byte
	spans []Span
}

// New starts a collector on the loopback interface.
func New() *Receiver {
	r := &Receiver{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", r.take)
	r.server = httptest.NewServer(mux)
	return r
}

// URL is what OTEL_EXPORTER_OTLP_ENDPOINT is to be.
func (r *Receiver) URL() string { return r.server.URL }

// Close ends the collector.
func (r *Receiver) Close() { r.server.Close() }

// Spans are all spans that came.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Span(nil), r.spans...)
}

// Bytes are all requests' bodies, uncompressed.
func (r *Receiver) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]byte(nil), r.raw...)
}

func (r *Receiver) take(w http.ResponseWriter, request *http.Request) {
	body := io.Reader(request.Body)
	if request.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unzipped
	}
	raw, err := io.ReadAll(io.LimitReader(body, maxRequest))
	message := &collector.ExportTraceServiceRequest{}
	if err == nil {
		err = proto.Unmarshal(raw, message)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.keep(raw, message)
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(nil) // an empty ExportTraceServiceResponse: all were taken
}

func (r *Receiver) keep(raw []byte, message *collector.ExportTraceServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw = append(r.raw, raw...)
	for _, of := range message.GetResourceSpans() {
		service := ""
		for _, kv := range of.GetResource().GetAttributes() {
			if kv.GetKey() == "service.name" {
				service = kv.GetValue().GetStringValue()
			}
		}
		for _, scope := range of.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				r.spans = append(r.spans, Span{s, service})
			}
		}
	}
}

// Attribute returns a text attribute of a span.
func (s Span) Attribute(name string) string {
	for _, kv := range s.GetAttributes() {
		if kv.GetKey() == name {
			return kv.GetValue().GetStringValue()
		}
	}
	return ""
}
