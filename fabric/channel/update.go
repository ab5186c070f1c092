// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// ComputeUpdate returns the smallest update that turns the configuration from
// into to. Version numbers in to are ignored; equal configurations are an
// error.
func ComputeUpdate(channelID string, from, to *common.Config) (*common.ConfigUpdate, error) {
	return nil, errNotBuilt
}

// SignUpdate signs a serialised ConfigUpdate; nonce is random.
func SignUpdate(update []byte, nonce []byte, signer msp.Signer) (*common.ConfigSignature, error) {
	return nil, errNotBuilt
}

// UpdateEnvelope wraps a signed update as the CONFIG_UPDATE that goes to the
// orderer; signer submits it.
func UpdateEnvelope(channelID string, update []byte, signatures []*common.ConfigSignature, nonce []byte, signer msp.Signer) (*common.Envelope, error) {
	return nil, errNotBuilt
}

// Propose judges a CONFIG_UPDATE envelope as an orderer does: versions, and a
// signature set that satisfies the mod policy of every changed element. It
// returns the configuration that a config transaction will carry.
func (b *Bundle) Propose(envelope *common.Envelope) (*common.ConfigEnvelope, error) {
	return nil, errNotBuilt
}

// Apply judges a config transaction as a validator does: the next sequence,
// and its last update, judged anew, gives exactly its configuration. It returns
// the new bundle.
func (b *Bundle) Apply(envelope *common.ConfigEnvelope) (*Bundle, error) { return nil, errNotBuilt }
