// SPDX-License-Identifier: Apache-2.0

// Package trust is trusted by one client for its own data: it is the pure half
// of the client. It holds what peers say against what the client pins, judges
// enclaves by the client's own policy, seals requests and opens answers.
//
// It has no clock, no network and no disk, so that it also runs as WebAssembly
// under an SDK in another language. A value of type [Chaincode] exists only
// where every check passed.
package trust
