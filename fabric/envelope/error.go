// SPDX-License-Identifier: Apache-2.0

package envelope

import "github.com/privatechaincode/fpc/internal/pb/peer"

// Error says why a message is not well formed.
type Error struct {
	Code       string                // stable: "bad_tx_id", "empty_nonce", …
	Reason     string                // for people
	TxID       string                // if known
	Validation peer.TxValidationCode // what a validator records for such a transaction
	Err        error                 // cause, or nil
}

// Error implements error.
func (e *Error) Error() string { return e.Reason }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
