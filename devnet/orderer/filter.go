// SPDX-License-Identifier: Apache-2.0

package orderer

import (
	"fmt"
	"time"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// ordererWriters takes the place of Channel/Writers during maintenance.
const ordererWriters = "/Channel/Orderer/Writers"

// RejectError says why a message is not ordered, and with which status the
// client is told so.
type RejectError struct {
	Status common.Status
	Code   string // stable: "empty", "too_large", "expired", "permission_denied", …
	Reason string // for people
	Err    error
}

// Error implements error; its text is BroadcastResponse.info.
func (e *RejectError) Error() string {
	if e.Err == nil {
		return e.Reason
	}
	return e.Reason + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *RejectError) Unwrap() error { return e.Err }

func reject(status common.Status, code string, err error, format string, args ...any) error {
	return &RejectError{Status: status, Code: code, Reason: fmt.Sprintf(format, args...), Err: err}
}

// admit applies Fabric's filters in Fabric's order: empty, size, expiration,
// signature under Channel/Writers. The cheap ones come first, because anybody
// can send anything.
func admit(m *envelope.Opened, bundle *channel.Bundle, now time.Time) error {
	if limit := bundle.Batch().AbsoluteMaxBytes; messageBytes(m.Envelope) > uint64(limit) {
		return reject(common.Status_BAD_REQUEST, "too_large", nil,
			"message payload is %d bytes and exceeds maximum allowed %d bytes", messageBytes(m.Envelope), limit)
	}
	claim := m.SignedData()
	if id, err := bundle.Identities().Present(claim.Identity); err == nil && !now.Before(id.Expiry()) {
		return reject(common.Status_BAD_REQUEST, "expired", nil,
			"broadcast client identity expired at %s", id.Expiry().UTC().Format(time.RFC3339))
	}
	path := policy.ChannelWriters
	if bundle.Consensus().Maintenance {
		path = ordererWriters
	}
	writers, _ := bundle.Policy(path)
	if err := writers.Evaluate([]policy.SignedData{claim}); err != nil {
		return reject(common.Status_FORBIDDEN, "permission_denied", err, "permission denied: %s is not satisfied", path)
	}
	return nil
}

// open parses a broadcast message as far as an orderer must understand it.
func open(env *common.Envelope) (*envelope.Opened, error) {
	if len(env.GetPayload()) == 0 {
		return nil, reject(common.Status_BAD_REQUEST, "empty", nil, "message payload is empty")
	}
	m, err := envelope.OpenAny(env)
	if err != nil {
		return nil, reject(common.Status_BAD_REQUEST, "bad_envelope", err, "could not determine channel ID")
	}
	return m, nil
}
