// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/hex"

	"github.com/privatechaincode/fpc/keys"
)

// EnclaveOU is the organisation unit that certificates of a chaincode's enclaves
// carry in Full mode (REG-9), and that the definition's endorsement policy asks
// for: `fpc-` and 32 hexadecimal digits of the hash over channel, chaincode and
// version. Enclaves of other code, of another chaincode or channel have another
// one.
func EnclaveOU(channelHash []byte, chaincodeID, version string) string {
	sum := keys.Digest(keys.LabelEnclaveOU, channelHash, []byte(chaincodeID), []byte(version))
	return "fpc-" + hex.EncodeToString(sum[:16])
}
