// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/shim"
)

// liteView is the host's word. What it says is recorded by hash, signed with the
// result, and found out at commit (VAL-4).
type liteView struct{ hostView }

func (v *liteView) get(keys []string) ([]stored, error) {
	resp, err := v.access(stepGet, getStates(keys))
	if err != nil {
		return nil, err
	}
	if err := checkValues(resp, keys); err != nil {
		return nil, err
	}
	out := make([]stored, len(keys))
	for i, value := range resp.GetValues() {
		out[i].value = value
	}
	return out, nil
}

func (v *liteView) open(start, end string) (cursor, error) {
	resp, err := v.access(stepRange, openRange(start, end))
	if err != nil {
		return nil, err
	}
	return &liteCursor{view: v, id: resp.GetId(), first: resp, more: true}, nil
}

func (v *liteView) policy(key string) (stored, error) {
	resp, err := v.access(stepPolicy, getMetadata(key))
	return stored{value: resp.GetMetadata()}, err
}

// admit admits all: the policy is replayed with the writes, and visible.
func (*liteView) admit(string, []byte) error { return nil }

func (*liteView) instance() []byte { return nil }

func (*liteView) settle() (bool, error) { return false, nil }

func (*liteView) result(run *invocation, answer *shim.Response) (*fpc.Response, error) {
	return run.signed(answer, fpc.EnclaveResponse_RESULT)
}

// liteCursor passes the host's rows on.
type liteCursor struct {
	view  *liteView
	id    string
	first *fpc.StateResponse // came with the opening
	more  bool               // the host holds the range open
}

func (c *liteCursor) next() ([]row, bool, error) {
	resp := c.first
	c.first = nil
	if resp == nil {
		var err error
		if resp, err = c.view.access(stepRange, nextRows(c.id)); err != nil {
			return nil, false, err
		}
	}
	if err := checkRows(resp); err != nil {
		return nil, false, err
	}
	rows := make([]row, len(resp.GetRows()))
	for i, r := range resp.GetRows() {
		rows[i] = row{r.GetKey(), stored{value: r.GetValue()}}
	}
	c.more = resp.GetHasMore()
	return rows, c.more, nil
}

func (c *liteCursor) close() {
	if c.more {
		c.view.closeRange(c.id)
	}
}
