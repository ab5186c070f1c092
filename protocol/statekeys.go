// SPDX-License-Identifier: Apache-2.0

package protocol

import "strings"

// ERCC's state keys. They are plain keys, so that a range from a prefix to
// RangeEnd(prefix) lists what is under it.

// KeyPolicy holds ERCC's policy bytes (LC-5).
const KeyPolicy = "policy"

// CredentialsKey holds an enclave's Credentials (REG-13).
func CredentialsKey(chaincodeID, enclaveID string) string {
	return CredentialsPrefix(chaincodeID) + enclaveID
}

// CredentialsPrefix is common to all credentials of a chaincode.
func CredentialsPrefix(chaincodeID string) string {
	return "namespaces/credentials/" + chaincodeID + "/"
}

// RevokedKey marks an enclave as revoked (REG-14).
func RevokedKey(chaincodeID, enclaveID string) string {
	return RevokedPrefix(chaincodeID) + enclaveID
}

// RevokedPrefix is common to all revocations of a chaincode.
func RevokedPrefix(chaincodeID string) string { return "namespaces/revoked/" + chaincodeID + "/" }

// ProvisionedKey holds an enclave's signed KeyRegistration (KEY-3).
func ProvisionedKey(chaincodeID, enclaveID string) string {
	return ProvisionedPrefix(chaincodeID) + enclaveID
}

// ProvisionedPrefix is common to all provisioned enclaves of a chaincode.
func ProvisionedPrefix(chaincodeID string) string {
	return "namespaces/provisioned/" + chaincodeID + "/"
}

// ChaincodeKeyKey holds the chaincode's current ChaincodeKey (KEY-3).
func ChaincodeKeyKey(chaincodeID string) string { return "namespaces/chaincode_ek/" + chaincodeID }

// ManifestKey holds the code manifest of the definition that an enclave was
// registered under (REG-12).
func ManifestKey(chaincodeID, version string) string {
	return "namespaces/manifest/" + chaincodeID + "/" + version
}

// RangeEnd is the exclusive end of the range of all keys under a prefix that
// ends with a slash.
func RangeEnd(prefix string) string { return strings.TrimSuffix(prefix, "/") + "0" }
