// SPDX-License-Identifier: Apache-2.0

package enclave

import "github.com/privatechaincode/fpc/internal/pb/fpc"

// Participants of the steps that an enclave takes or receives.
const (
	stub      = "stub"
	enclave   = "enclave"
	chaincode = "chaincode"
)

// steps collects what the enclave did, for the host's trace. It holds names,
// never content.
type steps []*fpc.Step

func (s *steps) add(step, from, to, what string) {
	*s = append(*s, &fpc.Step{Step: step, From: from, To: to, What: what})
}
