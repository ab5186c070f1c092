// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package validation_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/stub/validation"
)

// FuzzView: whatever a peer's ERCC says of an enclave, its result is taken for
// that enclave's or refused with step and code.
func FuzzView(f *testing.F) {
	s := newStage(f)
	claim, err := validation.Parse(s.result(&fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}}))
	if err != nil {
		f.Fatal(err)
	}
	genuine := encode(f, s.view)
	f.Add(genuine)
	f.Add(genuine[:len(genuine)/2])
	f.Add(encode(f, &fpc.ValidationView{Revoked: true}))
	f.Add([]byte{})
	outer := validation.Outer{ChannelID: scene.ChannelID, Chaincode: scene.Chaincode, Creator: s.client.Creator()}
	f.Fuzz(func(t *testing.T, b []byte) {
		view := &fpc.ValidationView{}
		if proto.Unmarshal(b, view) != nil {
			return
		}
		_, err := s.known.Verify(claim, outer, view)
		if err != nil && protocol.CodeOf(err) == "" {
			t.Fatalf("refusal without code: %v", err)
		}
		if err == nil && (view.GetRevoked() || view.GetProvisioned() == nil) {
			t.Fatalf("accepted for %v", view)
		}
	})
}
