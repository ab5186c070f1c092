// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package validation_test

import (
	"testing"

	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/stub/validation"
)

// BenchmarkVerify is VAL-1 to VAL-3 of one result with a read and a write, the
// registry's answer at hand: of an enclave that the stub sees for the first time,
// and as usual.
func BenchmarkVerify(b *testing.B) {
	s := newStage(b)
	ccrsp := s.result(&fpc.ReadWriteSet{Reads: []*fpc.Read{read("a", "")}, Writes: []*fpc.Write{put("k")}})
	outer := validation.Outer{ChannelID: scene.ChannelID, Chaincode: scene.Chaincode, Creator: s.client.Creator()}
	verify := func(b *testing.B, known func() *validation.Known) {
		b.ReportAllocs()
		for b.Loop() {
			claim, err := validation.Parse(ccrsp)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := known().Verify(claim, outer, s.view); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("first", func(b *testing.B) { verify(b, func() *validation.Known { return new(validation.Known) }) })
	b.Run("known", func(b *testing.B) { verify(b, func() *validation.Known { return &s.known }) })
}
