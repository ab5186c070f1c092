// SPDX-License-Identifier: Apache-2.0

// Package protocol is trusted: the messages on the arrows of FPC's flows, one
// file each, with their encodings, what is signed and hashed of them, and the
// errors of the steps that receive them.
//
// Decoders check form only; what a message says is true once the check named in
// the function's comment has passed. A type whose name begins with Verified can
// be made by verifying alone.
package protocol
