// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"context"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

// Participants of the steps that an enclave takes or receives.
const (
	stub      = "stub"
	enclave   = "enclave"
	chaincode = "chaincode"

	ledgerEnclave = "ledger"
)

// steps collects what the enclave did, for the host's trace. It holds names,
// never content.
type steps []*fpc.Step

func (s *steps) add(step, from, to, what string) {
	*s = append(*s, &fpc.Step{Step: step, From: from, To: to, What: what})
}

// take returns the steps collected since it was last called.
func (s *steps) take() []*fpc.Step {
	taken := *s
	*s = nil
	return taken
}

// telling tells the host, with each state access, the steps that led to it, so
// that its trace has them in their order. An invocation accesses the state once
// at a time.
type telling struct {
	StateAccess
	steps *steps
}

func (t *telling) Access(ctx context.Context, req *fpc.StateRequest) (*fpc.StateResponse, error) {
	req.Steps = t.steps.take()
	return t.StateAccess.Access(ctx, req)
}
