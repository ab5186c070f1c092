// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"context"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

// StateAccess is a running invocation's way to the ledger state, through the
// untrusted host. Ranges are asked for without paging (OpenRange.page_size is
// zero): the enclave cuts pages itself. A range of which the host answered
// has_more = false is closed.
//
// A malicious implementer can return old values, hide or add rows, swap values,
// claim absence, answer the same access differently twice, block for ever, and
// learn which keys are accessed in which order. The enclave refuses values that
// its own kind did not write under that key (EX-1), and rows out of order or
// bounds. It records the hash of all that it was given, so that rollback and
// hidden rows fail the replay at commit; for a query nothing stops them in Lite.
type StateAccess interface {
	Access(ctx context.Context, req *fpc.StateRequest) (*fpc.StateResponse, error)
}
