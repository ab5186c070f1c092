// SPDX-License-Identifier: Apache-2.0

// Package pkg is untrusted: it makes and reads Fabric chaincode packages
// (flows.md LC-1).
//
// A package is a gzipped tar of metadata.json and code.tar.gz. In a package of
// type fpc the code holds the enclave binary, the code manifest, and, where the
// stub is a service, how to reach it:
//
//	bin/enclave       the measured binary
//	code-manifest     protocol.CodeManifest: what may run; its hash is the version
//	connection.json   optional, as for Fabric's ccaas
//
// The same input gives the same bytes, so organisations can build a package
// apart and compare package ids. What a package says is not believed for being
// in it: the version in the approved definition decides, by the manifest's hash.
package pkg
