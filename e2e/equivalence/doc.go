// SPDX-License-Identifier: Apache-2.0

// Package equivalence shows that a chaincode does the same, plain and private:
// one program of random operations runs as an ordinary chaincode and in the
// enclave with the validation's replay behind it, and what it saw, answered,
// emitted and left on the ledger is compared. Where the two differ on purpose,
// docs/chaincode.md says so, and each row of that table is a test here.
package equivalence
