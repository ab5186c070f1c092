// SPDX-License-Identifier: Apache-2.0

// Package keys is trusted: it holds one type per key role, and seals, opens,
// signs and derives with them.
//
// Every operation names what it is for by a [Label] and binds what it belongs
// to as associated data, so that nothing can be moved: not a value to another
// key, not a request to another creator, not a signature to another kind of
// message. All encodings are length-prefixed ([Encode]).
//
// Randomness comes from the operating system through crypto/rand; a test that
// needs it fixed uses testing/cryptotest. No key type prints its secret.
package keys
