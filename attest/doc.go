// SPDX-License-Identifier: Apache-2.0

// Package attest is trusted: it judges attestation evidence against a policy,
// offline and without a clock, so that every peer that endorses a registration
// and every client comes to the same verdict.
//
// Evidence never picks its own verifier: the policy names the platforms that
// are allowed, and the caller brings a verifier for each (there is no registry).
package attest
