// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package trust_test

import (
	"testing"

	"github.com/privatechaincode/fpc/client/clienttest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// A new sequence that changes only the policy strands no enclave.
func TestAttack28NewSequenceOfTheSameVersion(t *testing.T) {
	w := clienttest.New(t, 3)
	w.View.Definition.Sequence++
	c, err := check(t, w, w.Trust(), clienttest.Noon)
	if err != nil || len(c.Enclaves()) != 1 {
		t.Errorf("got %v and error %v, want the enclave of the sequence before", c, err)
	}
}

// All that is shown is in order, definition, enclave and key, but of another
// chaincode, or on another channel, than was asked for.
func TestAttack11GenuineAnswerAboutAnother(t *testing.T) {
	for name, test := range map[string]struct {
		move func(*pb.CCParameters)
		want protocol.Code
	}{
		"chaincode": {func(p *pb.CCParameters) { p.ChaincodeId = "other" }, protocol.CodeWrongChaincode},
		"channel":   {func(p *pb.CCParameters) { p.ChannelId = "other" }, protocol.CodeWrongChannel},
	} {
		t.Run(name, func(t *testing.T) {
			w := clienttest.New(t, 3)
			test.move(w.View.Definition)
			reattest(func(d *pb.AttestedData) { test.move(d.CcParams) })(w)
			reregister(nil)(w)
			_, err := check(t, w, w.Trust(), clienttest.Noon)
			wantCode(t, err, test.want)
		})
	}
}
