// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
)

// A host adds to its ledger enclave's status why the view does not grow, and takes
// nothing away.
func TestStatusSaysWhyNoBlocksAreTaken(t *testing.T) {
	refused := &RefusedError{Block: 7, Failure: &transport.Failure{Step: step, Code: "broken_link", Reason: "it follows another block", Hint: "look"}}
	for _, test := range []struct {
		name       string
		problem    error
		code, hint string
	}{
		{"blocks come", nil, "", ""},
		{"refused", refused, "broken_link", "look"},
		{"refused for good", fmt.Errorf("%w: %w", errStopped, refused), "broken_link", "look"},
		{"the peer is away", errors.New("connection refused"), string(CodeNoBlocks), ""},
	} {
		h := &Host{enclave: newFake(), problem: test.problem}
		answer, err := proto.Marshal(&fpc.LedgerStatus{Joined: true, Head: &fpc.Head{Height: 7}, Tainted: []string{"n"}})
		if err != nil {
			t.Fatal(err)
		}
		completed, err := h.completed(answer)
		got := &fpc.LedgerStatus{}
		if err != nil || proto.Unmarshal(completed, got) != nil {
			t.Fatalf("%s: got %x, error %v", test.name, completed, err)
		}
		following := got.GetFollowing()
		if (following == nil) != (test.problem == nil) || following.GetCode() != test.code || following.GetHint() != test.hint {
			t.Errorf("%s: got %v, want code %q, hint %q", test.name, following, test.code, test.hint)
		}
		if following != nil && (following.GetStep() != step || following.GetReason() != test.problem.Error()) {
			t.Errorf("%s: got step %s, reason %q, want %s and %q", test.name, following.GetStep(), following.GetReason(), step, test.problem)
		}
		if !got.GetJoined() || got.GetHead().GetHeight() != 7 || len(got.GetTainted()) != 1 {
			t.Errorf("%s: got %v, want all that the ledger enclave said", test.name, got)
		}
	}
	h := &Host{}
	if _, err := h.handle(t.Context(), &transport.Call{Method: MethodStatus}); protocol.CodeOf(err) != CodeUnavailable {
		t.Errorf("no ledger enclave: got %v, want code %s", err, CodeUnavailable)
	}
}
