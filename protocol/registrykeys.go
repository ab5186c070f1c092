// SPDX-License-Identifier: Apache-2.0

package protocol

import "slices"

// The state keys of ERCC that others than ERCC read: the ledger enclave judges by
// them who may endorse (KEY-5, EX-1), shows a key export to its receiver (KEY-7),
// and by which policy a receiver is judged (KEY-5). Chaincode names hold no slash and enclave ids are hexadecimal, so keys
// of two chaincodes or enclaves never meet; who makes one from untrusted names
// checks their form first.
const (
	credentialsPrefix  = "namespaces/credentials/"
	revokedPrefix      = "namespaces/revoked/"
	provisionedPrefix  = "namespaces/provisioned/"
	chaincodeKeyPrefix = "namespaces/chaincode_ek/"
	exportedPrefix     = "namespaces/exported/"
)

// CredentialsKey is where an enclave's serialised Credentials stand (REG-13);
// those of revoked enclaves stay.
func CredentialsKey(chaincodeID, enclaveID string) string {
	return CredentialsPrefix(chaincodeID) + enclaveID
}

// RevokedKey is where it stands that an enclave is revoked (REG-14): any value
// says so.
func RevokedKey(chaincodeID, enclaveID string) string { return RevokedPrefix(chaincodeID) + enclaveID }

// ProvisionedKey is where the key registration of an enclave stands, a serialised
// Signed (KEY-3, KEY-7): the enclave holds the chaincode's keys.
func ProvisionedKey(chaincodeID, enclaveID string) string {
	return ProvisionedPrefix(chaincodeID) + enclaveID
}

// ChaincodeKeyKey is where a chaincode's serialised ChaincodeKey stands (KEY-3).
func ChaincodeKeyKey(chaincodeID string) string { return chaincodeKeyPrefix + chaincodeID }

// PolicyKey is where the registry's policy stands (LC-5), see [StoredPolicy].
const PolicyKey = "namespaces/policy"

// opaque stands before a value that is JSON: peers that keep their state in
// CouchDB would take it apart and answer other bytes than those that were
// written, whose hash the organisations approved.
const opaque = 0

// StoredPolicy returns what stands under [PolicyKey] for a policy's bytes.
func StoredPolicy(policy []byte) []byte { return slices.Concat([]byte{opaque}, policy) }

// ParseStoredPolicy returns the bytes of the policy that is stored. Codes:
// no_policy, internal.
func ParseStoredPolicy(step string, stored []byte) ([]byte, error) {
	switch {
	case len(stored) == 0:
		return nil, Errorf(step, CodeNoPolicy, "ERCC has no policy stored")
	case stored[0] != opaque:
		return nil, Errorf(step, CodeInternal, "stored %s does not decode", PolicyKey)
	}
	return stored[1:], nil
}

// ExportedKey is where the key export to an enclave stands, a serialised Signed
// of KeyExport (KEY-6).
func ExportedKey(chaincodeID, receiver string) string {
	return ExportedPrefix(chaincodeID) + receiver
}

// CredentialsPrefix begins the keys of all credentials of a chaincode's enclaves;
// the rest of such a key is the enclave id.
func CredentialsPrefix(chaincodeID string) string { return credentialsPrefix + chaincodeID + "/" }

// RevokedPrefix begins the keys of a chaincode's revocations.
func RevokedPrefix(chaincodeID string) string { return revokedPrefix + chaincodeID + "/" }

// ProvisionedPrefix begins the keys of a chaincode's key registrations.
func ProvisionedPrefix(chaincodeID string) string { return provisionedPrefix + chaincodeID + "/" }

// ExportedPrefix begins the keys of a chaincode's key exports; the rest of such a
// key is the receiver's enclave id.
func ExportedPrefix(chaincodeID string) string { return exportedPrefix + chaincodeID + "/" }
