// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"context"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// view is the channel's state as one invocation sees it, and all that Lite and
// Full do differently: in Lite it is the host's word ([liteView]), in Full what
// the host's word and the ledger enclave's pinned head agree on ([fullView]).
//
// Keys are those that stand on the ledger; values are as they stand there,
// sealed. An error ends the run that got it, whatever the chaincode makes of it.
type view interface {
	// get returns what stands under each key (EX-1).
	get(keys []string) ([]stored, error)
	// open begins the range [start, end) (EX-3).
	open(start, end string) (cursor, error)
	// policy returns a key's own endorsement policy as the value (EX-5).
	policy(key string) (stored, error)
	// admit refuses key-level policies that may not be set (EX-5).
	admit(key string, policy []byte) error
	// instance is the ledger enclave's instance id; nil: there is none (INV-13).
	instance() []byte
	// settle tells, after a run, whether the chaincode has to run again, from
	// the start and at another head. An error is for the host: the client gets
	// none.
	settle() (again bool, err error)
	// result makes ccrsp_msg of a run that succeeded (INV-15, INV-16).
	result(run *invocation, answer *shim.Response) (*fpc.Response, error)
}

// stored is what stands under a key.
type stored struct {
	value   []byte         // empty: absent
	version *rwset.Version // Full; nil: absent
}

// row is one row of a range.
type row struct {
	key string
	stored
}

// cursor gives the rows of one open range, in batches.
type cursor interface {
	// next returns the next rows, and whether there are more after them.
	next() (rows []row, more bool, err error)
	// close frees what the host holds.
	close()
}

// hostView asks the host, and believes what the interface of [StateAccess] says
// that one may.
type hostView struct {
	ctx  context.Context
	host StateAccess
}

// access asks the host.
func (v *hostView) access(step string, req *fpc.StateRequest) (*fpc.StateResponse, error) {
	resp, err := v.host.Access(v.ctx, req)
	switch code := protocol.CodeOf(err); {
	case err == nil:
		return resp, nil
	case v.ctx.Err() != nil:
		return nil, protocol.Errorf(step, CodeCancelled, "the host gave the invocation up")
	case code == CodeBadAnswer || code == CodeBadKey:
		return nil, protocol.Errorf(step, code, "%w", err)
	}
	return nil, protocol.Errorf(step, CodeHost, "the host failed a state access: %w", err)
}

// await has the host wait until the ledger enclave's head is above a height, for
// as long as the host likes. That it says to have waited proves nothing.
func (v *hostView) await(step string, above uint64) error {
	_, err := v.access(step, &fpc.StateRequest{Request: &fpc.StateRequest_AwaitBlock{AwaitBlock: &fpc.AwaitBlock{Above: above}}})
	if err != nil {
		return unreachable(v.ctx, err)
	}
	return nil
}

func getStates(keys []string) *fpc.StateRequest {
	return &fpc.StateRequest{Request: &fpc.StateRequest_Get{Get: &fpc.GetStates{Keys: keys}}}
}

func getMetadata(key string) *fpc.StateRequest {
	return &fpc.StateRequest{Request: &fpc.StateRequest_GetMetadata{GetMetadata: &fpc.GetMetadata{Key: key}}}
}

func openRange(start, end string) *fpc.StateRequest {
	return &fpc.StateRequest{Request: &fpc.StateRequest_OpenRange{OpenRange: &fpc.OpenRange{Start: start, End: end}}}
}

func nextRows(id string) *fpc.StateRequest {
	return &fpc.StateRequest{Request: &fpc.StateRequest_NextRows{NextRows: &fpc.NextRows{Id: id}}}
}

// closeRange frees a range at the host. That it may fail to is its own loss.
func (v *hostView) closeRange(id string) {
	_, _ = v.host.Access(v.ctx, &fpc.StateRequest{Request: &fpc.StateRequest_CloseRange{CloseRange: &fpc.CloseRange{Id: id}}})
}

// checkValues holds the host's answer to the number of keys asked for.
func checkValues(resp *fpc.StateResponse, keys []string) error {
	if len(resp.GetValues()) != len(keys) {
		return protocol.Errorf(stepGet, CodeBadAnswer, "the host gave %d values for %d keys", len(resp.GetValues()), len(keys))
	}
	return nil
}

// checkRows refuses a batch that says it goes on and does not.
func checkRows(resp *fpc.StateResponse) error {
	if resp.GetHasMore() && len(resp.GetRows()) == 0 {
		return protocol.Errorf(stepRange, CodeBadAnswer, "the host gave no rows and says that it has more")
	}
	return nil
}
