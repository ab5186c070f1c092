// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Operations is a program's health and figures, and where they are served.
type Operations struct {
	Health  Health
	Metrics *prometheus.Registry

	listener net.Listener
	server   *http.Server
	served   chan error
}

// NewOperations serves /healthz and /metrics on an address, until Close. An
// empty address serves them nowhere.
func NewOperations(address string, log *slog.Logger) (*Operations, error) {
	o := &Operations{Metrics: prometheus.NewRegistry()}
	o.Metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if address == "" {
		return o, nil
	}
	var err error
	if o.listener, err = net.Listen("tcp", address); err != nil {
		return nil, fmt.Errorf("--operations: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", &o.Health)
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}))
	o.server = &http.Server{
		Handler: mux, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 5 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 14,
	}
	o.served = make(chan error, 1)
	go func() { o.served <- o.server.Serve(o.listener) }()
	log.Info("health and metrics are served", "address", o.Address())
	return o, nil
}

// Address is where they are served; empty: nowhere.
func (o *Operations) Address() string {
	if o.listener == nil {
		return ""
	}
	return o.listener.Addr().String()
}

// Close ends the server.
func (o *Operations) Close() error {
	if o.server == nil {
		return nil
	}
	err := o.server.Close()
	if served := <-o.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
