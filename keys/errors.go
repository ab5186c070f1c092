// SPDX-License-Identifier: Apache-2.0

package keys

import "errors"

// What callers tell apart. None of these errors says anything of the content.
var (
	// ErrOpen says that a ciphertext is not what its binding claims: altered,
	// moved from elsewhere, or made with another key.
	ErrOpen = errors.New("keys: ciphertext does not open under this key and binding")
	// ErrSignature says that a signature does not verify, or is not low-S.
	ErrSignature = errors.New("keys: signature does not verify")
	// ErrSuite says that an HPKE suite is unknown or refused in this build.
	ErrSuite = errors.New("keys: HPKE suite refused")
	// ErrMalformed says that bytes do not have the form they must have.
	ErrMalformed = errors.New("keys: malformed")
	// ErrNoKey says that a key is the zero value of its type.
	ErrNoKey = errors.New("keys: no key")
)
