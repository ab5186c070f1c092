// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclavetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

// Host is an enclave's host with a state of its own. It lies where it is told
// to. It may be used by several invocations, each with its own ranges.
type Host struct {
	// Batch is how many rows one answer to a range holds; 2 if zero, so that
	// ranges take several answers.
	Batch int
	// Lie, if set, changes every answer. An error fails the access.
	Lie func(req *fpc.StateRequest, resp *fpc.StateResponse) error

	mu       sync.Mutex
	state    map[string][]byte
	policies map[string][]byte
	ranges   map[string][]*fpc.Row
	opened   int
	asked    []*fpc.StateRequest
}

// NewHost makes a host with an empty state.
func NewHost() *Host {
	return &Host{state: make(map[string][]byte), policies: make(map[string][]byte), ranges: make(map[string][]*fpc.Row)}
}

// Access implements enclave.StateAccess.
func (h *Host) Access(ctx context.Context, req *fpc.StateRequest) (*fpc.StateResponse, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, req)
	resp := &fpc.StateResponse{}
	switch r := req.GetRequest().(type) {
	case *fpc.StateRequest_Get:
		for _, key := range r.Get.GetKeys() {
			resp.Values = append(resp.Values, h.state[key])
		}
	case *fpc.StateRequest_OpenRange:
		h.opened++
		resp.Id = strconv.Itoa(h.opened)
		h.ranges[resp.Id] = h.scan(r.OpenRange.GetStart(), r.OpenRange.GetEnd())
		h.next(resp)
	case *fpc.StateRequest_NextRows:
		resp.Id = r.NextRows.GetId()
		if _, ok := h.ranges[resp.Id]; !ok {
			return nil, errors.New("no such range")
		}
		h.next(resp)
	case *fpc.StateRequest_CloseRange:
		delete(h.ranges, r.CloseRange.GetId())
	case *fpc.StateRequest_GetMetadata:
		resp.Metadata = h.policies[r.GetMetadata.GetKey()]
	}
	if h.Lie != nil {
		if err := h.Lie(req, resp); err != nil {
			return nil, err
		}
	}
	return resp, nil
}

func (h *Host) scan(start, end string) []*fpc.Row {
	var rows []*fpc.Row
	for _, key := range slices.Sorted(maps.Keys(h.state)) {
		if key >= start && (end == "" || key < end) {
			rows = append(rows, &fpc.Row{Key: key, Value: h.state[key]})
		}
	}
	return rows
}

func (h *Host) next(resp *fpc.StateResponse) {
	batch := h.Batch
	if batch == 0 {
		batch = 2
	}
	rows := h.ranges[resp.Id]
	n := min(batch, len(rows))
	resp.Rows, h.ranges[resp.Id] = rows[:n], rows[n:]
	if resp.HasMore = n < len(rows); !resp.HasMore {
		delete(h.ranges, resp.Id)
	}
}

// Commit applies what an answer wrote, with no check at all.
func (h *Host) Commit(a *Answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range a.Response.GetRwset().GetWrites() {
		if w.GetIsDelete() {
			delete(h.state, w.GetKey())
			continue
		}
		h.state[w.GetKey()] = w.GetValue()
	}
	for _, w := range a.Response.GetRwset().GetMetadataWrites() {
		h.policies[w.GetKey()] = w.GetPolicy()
	}
}

// Put sets what stands under a key.
func (h *Host) Put(key string, value []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state[key] = value
}

// Get returns what stands under a key.
func (h *Host) Get(key string) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.state[key])
}

// GetLocked is Get for a Lie, which runs while the host is locked.
func (h *Host) GetLocked(key string) []byte { return slices.Clone(h.state[key]) }

// Asked returns the accesses so far, and forgets them.
func (h *Host) Asked() []*fpc.StateRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	asked := h.asked
	h.asked = nil
	return asked
}

// Open returns how many ranges are open.
func (h *Host) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ranges)
}
