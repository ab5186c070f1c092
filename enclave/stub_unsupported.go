// SPDX-License-Identifier: Apache-2.0

package enclave

import "github.com/privatechaincode/fpc/shim"

// What a private chaincode cannot have, and why.

func unsupported(method, reason, hint string) error {
	return &shim.UnsupportedError{Method: method, Reason: reason, Hint: hint}
}

func noRichQuery(method string) error {
	return unsupported(method, "values are sealed before they reach the state database, so it cannot search them", "use ranges and composite keys")
}

func noPrivateData(method string) error {
	return unsupported(method, "a private chaincode's state is sealed already, and collections would need the peer to see it in clear", "use the chaincode's own state, and decide in the chaincode who may read it")
}

// ordered refuses a method that needs the ledger's keys in their order, where
// they are blinded.
func (s *privateStub) ordered(method string) error {
	if !s.enclave.config.BlindedKeys {
		return nil
	}
	return unsupported(method, "this chaincode's keys are blinded on the ledger, where they stand in no order and cannot be told from one another", "keep a list of the keys in a value, or build the chaincode without private.WithBlindedKeys")
}

// GetQueryResult is not supported.
func (s *privateStub) GetQueryResult(string) (shim.StateQueryIteratorInterface, error) {
	return nil, noRichQuery("GetQueryResult")
}

// GetQueryResultWithPagination is not supported.
func (s *privateStub) GetQueryResultWithPagination(string, int32, string) (shim.StateQueryIteratorInterface, *shim.QueryResponseMetadata, error) {
	return nil, nil, noRichQuery("GetQueryResultWithPagination")
}

// GetHistoryForKey is not supported.
func (s *privateStub) GetHistoryForKey(string) (shim.HistoryQueryIteratorInterface, error) {
	return nil, unsupported("GetHistoryForKey", "a peer's history is its own claim: nothing re-checks it at commit", "keep what must be remembered in the state")
}

// InvokeChaincode is not supported yet.
func (s *privateStub) InvokeChaincode(string, [][]byte, string) *shim.Response {
	return shim.Error(unsupported("InvokeChaincode", "calls between chaincodes are not there yet for private ones", "").Error())
}

// GetPrivateData is not supported.
func (s *privateStub) GetPrivateData(string, string) ([]byte, error) {
	return nil, noPrivateData("GetPrivateData")
}

// GetMultiplePrivateData is not supported.
func (s *privateStub) GetMultiplePrivateData(string, ...string) ([][]byte, error) {
	return nil, noPrivateData("GetMultiplePrivateData")
}

// GetPrivateDataHash is not supported.
func (s *privateStub) GetPrivateDataHash(string, string) ([]byte, error) {
	return nil, noPrivateData("GetPrivateDataHash")
}

// PutPrivateData is not supported.
func (s *privateStub) PutPrivateData(string, string, []byte) error {
	return noPrivateData("PutPrivateData")
}

// DelPrivateData is not supported.
func (s *privateStub) DelPrivateData(string, string) error { return noPrivateData("DelPrivateData") }

// PurgePrivateData is not supported.
func (s *privateStub) PurgePrivateData(string, string) error {
	return noPrivateData("PurgePrivateData")
}

// SetPrivateDataValidationParameter is not supported.
func (s *privateStub) SetPrivateDataValidationParameter(string, string, []byte) error {
	return noPrivateData("SetPrivateDataValidationParameter")
}

// GetPrivateDataValidationParameter is not supported.
func (s *privateStub) GetPrivateDataValidationParameter(string, string) ([]byte, error) {
	return nil, noPrivateData("GetPrivateDataValidationParameter")
}

// GetPrivateDataByRange is not supported.
func (s *privateStub) GetPrivateDataByRange(string, string, string) (shim.StateQueryIteratorInterface, error) {
	return nil, noPrivateData("GetPrivateDataByRange")
}

// GetPrivateDataByPartialCompositeKey is not supported.
func (s *privateStub) GetPrivateDataByPartialCompositeKey(string, string, []string) (shim.StateQueryIteratorInterface, error) {
	return nil, noPrivateData("GetPrivateDataByPartialCompositeKey")
}

// GetPrivateDataQueryResult is not supported.
func (s *privateStub) GetPrivateDataQueryResult(string, string) (shim.StateQueryIteratorInterface, error) {
	return nil, noPrivateData("GetPrivateDataQueryResult")
}
