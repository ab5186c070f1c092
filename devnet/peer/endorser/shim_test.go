// SPDX-License-Identifier: Apache-2.0

package endorser_test

import "github.com/privatechaincode/fpc/shim"

// Short names of what the tests' chaincodes handle.
type (
	stubInterface = shim.ChaincodeStubInterface
	response      = shim.Response
)

func success(payload []byte) *response { return shim.Success(payload) }

func failure(err error) *response { return shim.Error(err.Error()) }
