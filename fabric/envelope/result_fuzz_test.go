// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// FuzzResult: whatever a peer endorses, its payload is read or refused with a
// typed error.
func FuzzResult(f *testing.F) {
	action, err := proto.Marshal(&peer.ChaincodeAction{Response: &peer.Response{Status: 200}, ChaincodeId: &peer.ChaincodeID{Name: "kv", Version: "1"}})
	if err != nil {
		f.Fatal(err)
	}
	for _, extension := range [][]byte{action, action[:len(action)/2], nil} {
		b, err := proto.Marshal(&peer.ProposalResponsePayload{ProposalHash: make([]byte, 32), Extension: extension})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		_, err := ParseResult(payload)
		var typed *Error
		if err != nil && !errors.As(err, &typed) {
			t.Fatalf("got error %v of type %T, want *Error", err, err)
		}
	})
}
