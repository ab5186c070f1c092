// SPDX-License-Identifier: Apache-2.0

// Package gateway is untrusted: it serves gateway.Gateway to the client SDKs.
// It plans who must endorse, collects endorsements, hands transactions to the
// orderer and tells what became of them, with Fabric's status codes and
// details. Nothing it says is signed: a client that must not be lied to
// verifies endorsements itself (security.md, "What the client must check").
package gateway
