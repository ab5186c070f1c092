// SPDX-License-Identifier: Apache-2.0

// Package shim is trusted: it is what a Go chaincode is written against, and
// it is linked into the enclave together with that chaincode.
//
// Names and signatures are those of Hyperledger Fabric's Go shim (2.5 and the
// methods that 3.x added), so that a chaincode moves between the two by its
// import path. The same chaincode runs plain or private; only its main differs:
//
//	plain.Main(new(Auction))   // shim/plain: an ordinary Fabric chaincode
//	private.Main(new(Auction)) // enclave/private: inside the enclave
//
// What a private chaincode cannot do returns an error that is ErrUnsupported.
//
// The package is pure: no network, no clock, no environment, no goroutine.
package shim
