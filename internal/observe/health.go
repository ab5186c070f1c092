// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Health answers /healthz in the form of Fabric's operations service: 200 and
// "OK", or 503 with the checks that failed.
type Health struct {
	mu     sync.Mutex
	checks map[string]func() error
}

// Watch makes a component part of the answer: check says what is wrong with it,
// or nil. A later Watch of a component replaces the former one.
func (h *Health) Watch(component string, check func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checks == nil {
		h.checks = map[string]func() error{}
	}
	h.checks[component] = check
}

// FailedCheck is one component that is not well.
type FailedCheck struct {
	Component string `json:"component"`
	Reason    string `json:"reason"`
}

// Failed asks every component.
func (h *Health) Failed() []FailedCheck {
	h.mu.Lock()
	defer h.mu.Unlock()
	var failed []FailedCheck
	for component, check := range h.checks {
		if err := check(); err != nil {
			failed = append(failed, FailedCheck{component, err.Error()})
		}
	}
	slices.SortFunc(failed, func(a, b FailedCheck) int { return strings.Compare(a.Component, b.Component) })
	return failed
}

// ServeHTTP implements http.Handler.
func (h *Health) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	answer := struct {
		Status string        `json:"status"`
		Time   time.Time     `json:"time"`
		Failed []FailedCheck `json:"failed_checks,omitempty"`
	}{"OK", time.Now(), h.Failed()}
	w.Header().Set("Content-Type", "application/json")
	if len(answer.Failed) > 0 {
		answer.Status = http.StatusText(http.StatusServiceUnavailable)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer) // the asker is gone, if it fails
}
