// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// FuzzUnpackProposal: no bytes make it panic; failures are typed; what unpacks has
// a transaction id that is the hash of nonce and creator.
func FuzzUnpackProposal(f *testing.F) {
	n := newNetwork(f)
	f.Add(n.signed.GetProposalBytes(), n.signed.GetSignature())
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, raw, signature []byte) {
		p, err := envelope.UnpackProposal(&peer.SignedProposal{ProposalBytes: raw, Signature: signature})
		if err != nil {
			if code(err) == "" || p != nil {
				t.Fatalf("got %v beside %v", p, err)
			}
			return
		}
		if p.TxID() != envelope.TxID(p.Signature.GetNonce(), p.Creator()) || p.Chaincode == "" || len(p.Hash) != sha256.Size {
			t.Fatalf("got %+v", p)
		}
	})
}

// FuzzOpen: no bytes make it panic; failures are typed and carry a verdict.
func FuzzOpen(f *testing.F) {
	n := newNetwork(f)
	f.Add(n.transaction(f).GetPayload())
	f.Fuzz(func(t *testing.T, payload []byte) {
		opened, err := envelope.Open(&common.Envelope{Payload: payload})
		if err == nil {
			var tx *envelope.Transaction
			if tx, err = opened.Transaction(); err == nil {
				_, _ = tx.Invocation()
				_, _ = tx.Chaincode()
				_ = tx.Claims()
				_, err = tx.Result()
			}
		}
		var fault *envelope.Error
		if err != nil && (!errors.As(err, &fault) || fault.Validation == peer.TxValidationCode_VALID) {
			t.Fatalf("got %v without a verdict", err)
		}
	})
}
