// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// rangeStretch is how many rows the ledger enclave is asked for at a time: one
// more than a stub gives, so that it says whether the range goes on.
const rangeStretch = 101

// maxHeard bounds the keys by which a head is looked for.
const maxHeard = 10_000

// fullCursor gives the rows of a range that the ledger enclave proves complete
// (EX-3): each row of the host is the next one that the ledger enclave knows, and
// where the host says that there are no more, the ledger enclave knows none.
type fullCursor struct {
	view *fullView
	end  string
	id   string

	first *fpc.StateResponse // came with the opening
	known []*fpc.RangeRow    // of the ledger enclave, not yet matched
	from  string             // where the next stretch begins
	ended bool               // the ledger enclave knows no more than known
	more  bool               // the host holds the range open
}

func (v *fullView) open(start, end string) (cursor, error) {
	c := &fullCursor{view: v, end: end, from: start, more: true}
	resp, reply, err := v.look(openRange(start, end), c.stretch())
	if err != nil {
		return nil, err
	}
	c.first, c.id = resp, resp.GetId()
	return c, c.know(reply.GetRange())
}

// stretch asks the ledger enclave for what comes next.
func (c *fullCursor) stretch() *fpc.LedgerAsk {
	return &fpc.LedgerAsk{Ask: &fpc.LedgerAsk_Range{Range: &fpc.RangeAsk{
		Namespace: c.view.state.params.GetChaincodeId(), Start: c.from, End: c.end, Limit: rangeStretch,
	}}}
}

// know takes a stretch of the ledger enclave. Of a tainted namespace it knows no
// rows for certain, nor that there are none.
func (c *fullCursor) know(r *fpc.RangeReply) error {
	if r.GetTainted() {
		return protocol.Errorf(stepRange, protocol.CodeTainted, "a transaction that the ledger enclave cannot judge wrote in the range's namespace")
	}
	for _, row := range r.GetRows() {
		if row.GetKey() < c.from || row.GetInfo() == nil || (c.end != "" && row.GetKey() >= c.end) {
			return protocol.Errorf(stepRange, CodeLedgerAnswer, "the ledger enclave's rows are out of order or bounds")
		}
		c.from = row.GetKey() + "\x00"
	}
	if r.GetMore() && len(r.GetRows()) == 0 {
		return protocol.Errorf(stepRange, CodeLedgerAnswer, "the ledger enclave gave no rows and says that it has more")
	}
	c.known = append(c.known, r.GetRows()...)
	c.ended = !r.GetMore()
	return nil
}

func (c *fullCursor) next() ([]row, bool, error) {
	resp, err := c.fetch()
	if err != nil {
		return nil, false, err
	}
	if err := checkRows(resp); err != nil {
		return nil, false, c.view.hostFailed(err)
	}
	rows := make([]row, 0, len(resp.GetRows()))
	for _, given := range resp.GetRows() {
		r, err := c.match(given)
		if err != nil {
			return nil, false, err
		}
		rows = append(rows, r)
	}
	c.more = resp.GetHasMore()
	if !c.more {
		return rows, false, c.complete()
	}
	return rows, true, nil
}

// fetch returns the host's next batch, and has the ledger enclave's stretch come
// with it where little of it is left.
func (c *fullCursor) fetch() (*fpc.StateResponse, error) {
	if resp := c.first; resp != nil {
		c.first = nil
		return resp, nil
	}
	if c.ended || len(c.known) >= rangeStretch {
		resp, err := c.view.access(stepRange, nextRows(c.id))
		if err != nil {
			return nil, c.view.hostFailed(err)
		}
		return resp, nil
	}
	resp, reply, err := c.view.look(nextRows(c.id), c.stretch())
	if err != nil {
		return nil, err
	}
	return resp, c.know(reply.GetRange())
}

// expected returns the row that the ledger enclave knows next; nil: none.
func (c *fullCursor) expected() (*fpc.RangeRow, error) {
	if len(c.known) == 0 && !c.ended {
		_, reply, err := c.view.look(nil, c.stretch())
		if err != nil {
			return nil, err
		}
		if err := c.know(reply.GetRange()); err != nil {
			return nil, err
		}
	}
	if len(c.known) == 0 {
		return nil, nil
	}
	if next := c.known[0]; next.GetInfo().GetRemoved() {
		return nil, errRemoved(stepRange, next.GetKey(), next.GetInfo())
	}
	return c.known[0], nil
}

// match holds one row of the host to the ledger enclave's next one.
func (c *fullCursor) match(given *fpc.Row) (row, error) {
	want, err := c.expected()
	if err != nil {
		return row{}, err
	}
	key := given.GetKey()
	c.heard(key, given.GetValue())
	if want == nil || want.GetKey() != key || !bytes.Equal(want.GetInfo().GetValueHash(), protocol.ValueHash(given.GetValue())) {
		if want != nil && want.GetKey() < key {
			c.heard(want.GetKey(), nil) // the peer does not have it
		}
		return row{}, c.differs("row %q of the peer", key)
	}
	c.known = c.known[1:]
	value, err := c.view.judge(stepRange, key, given.GetValue(), want.GetInfo())
	return row{key, value}, err
}

// complete: the host says that the range ends here.
func (c *fullCursor) complete() error {
	want, err := c.expected()
	if err != nil || want == nil {
		return err
	}
	c.heard(want.GetKey(), nil)
	return c.differs("the peer's end of the range before row %q", want.GetKey())
}

func (c *fullCursor) differs(format string, key string) error {
	c.view.differ = true
	return protocol.Errorf(stepRange, protocol.CodeStaleView, format+" is not that of height %d", key, c.view.pinned.height)
}

// heard is fullView.heard, for no more rows than an ask may name.
func (c *fullCursor) heard(key string, value []byte) {
	if len(c.view.peer) < maxHeard {
		c.view.heard(key, value)
	}
}

func (c *fullCursor) close() {
	if c.more {
		c.view.closeRange(c.id)
	}
}
