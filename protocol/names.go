// SPDX-License-Identifier: Apache-2.0

package protocol

// ERCCName is the name under which ERCC is defined on a channel.
const ERCCName = "ercc"

// Functions of a private chaincode's stub: the first argument of a proposal.
const (
	FuncInvoke         = "chaincodeInvoke"            // INV-6
	FuncValidate       = "validateEnclaveEndorsement" // VAL-1
	FuncInitEnclave    = "initEnclave"                // REG-1
	FuncRefreshEnclave = "refreshEnclave"             // REG-15
	FuncGenerateCCKeys = "generateCCKeys"             // KEY-1
	FuncEnclaveStatus  = "enclaveStatus"

	FuncCertificateRequest = "certificateRequest" // REG-9
	FuncInstallCertificate = "installCertificate" // REG-9
	FuncPrepareStatement   = "prepareStatement"   // nonce of a head statement
	FuncExportCCKeys       = "exportCCKeys"       // KEY-5
	FuncImportCCKeys       = "importCCKeys"       // KEY-7
)

// Functions of ERCC.
const (
	FuncSetPolicy                    = "setPolicy" // LC-5
	FuncQueryPolicy                  = "queryPolicy"
	FuncRegisterEnclave              = "registerEnclave"              // REG-11
	FuncRevokeEnclave                = "revokeEnclave"                // REG-14
	FuncRegisterCCKeys               = "registerCCKeys"               // KEY-3, KEY-7
	FuncPutKeyExport                 = "putKeyExport"                 // KEY-6
	FuncGetKeyExport                 = "getKeyExport"                 // KEY-7
	FuncQueryChaincodeEncryptionKey  = "queryChaincodeEncryptionKey"  // INV-2
	FuncQueryListEnclaveCredentials  = "queryListEnclaveCredentials"  // INV-5, KEY-4
	FuncQueryEnclaveCredentials      = "queryEnclaveCredentials"      // VAL-2
	FuncQueryListProvisionedEnclaves = "queryListProvisionedEnclaves" // VAL-2
	FuncQueryRegistryView            = "queryRegistryView"            // INV-2 and INV-5 in one read
	FuncQueryValidationView          = "queryValidationView"          // VAL-2 in one read
)

// ReservedPrefix begins every state key that FPC keeps for itself in a private
// chaincode's namespace: composite keys whose type begins with "fpc/". Chaincode
// may not read, range over or write them (EX-5).
const ReservedPrefix = "\x00fpc/"

// MarkerKey is the state key under which a validation transaction consumes an
// inner transaction id (VAL-4): the composite key of type "fpc/tx".
func MarkerKey(txID string) string { return ReservedPrefix + "tx\x00" + txID + "\x00" }
