// SPDX-License-Identifier: Apache-2.0

// Package peer is untrusted: it connects a shim.Chaincode to a Fabric peer by
// the chaincode protocol, as a service that the peer dials (Serve) or as a
// program that the peer launched (Register). It works with the peers of Fabric
// 2.x and 3.x, released as they are.
//
// One stream carries many transactions. Each runs in a goroutine of its own,
// with its own stub; a peer accepts one request of a transaction at a time, so
// the stub sends them one by one, also when the chaincode calls it from several
// goroutines.
package peer
