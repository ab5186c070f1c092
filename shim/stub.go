// SPDX-License-Identifier: Apache-2.0

package shim

import "google.golang.org/protobuf/types/known/timestamppb"

// ChaincodeStubInterface is one transaction as its chaincode sees it. It is
// valid until Init or Invoke returns.
//
// Reads see the committed state on which the transaction started, never the
// writes of the transaction itself. Writes take effect when the transaction
// commits, and only if the chaincode answered with a status below
// ERRORTHRESHOLD. Methods that a private chaincode cannot have return
// ErrUnsupported there; they are marked "plain only". One whose keys are blinded
// cannot have ranges, partial composite keys and pages either. All differences
// stand in docs/chaincode.md.
type ChaincodeStubInterface interface {
	InvocationStub
	StateStub
	CompositeKeyStub
	BatchStub
	PrivateDataStub
}

// InvocationStub tells what was called, by whom, and carries the event.
type InvocationStub interface {
	// GetArgs returns the arguments, the function name first if there is one.
	GetArgs() [][]byte
	// GetStringArgs returns the arguments as strings.
	GetStringArgs() []string
	// GetFunctionAndParameters returns the first argument and the others. With
	// no argument the function is empty.
	GetFunctionAndParameters() (function string, parameters []string)
	// GetArgsSlice returns all arguments joined, with nothing between them.
	GetArgsSlice() ([]byte, error)

	// GetTxID returns the transaction id: hex SHA-256 of nonce and creator.
	GetTxID() string
	// GetChannelID returns the channel; empty outside of any channel.
	GetChannelID() string
	// GetTxTimestamp returns the time that the client put into its proposal.
	// It is the same at every peer, and as true as the client is honest.
	GetTxTimestamp() (*timestamppb.Timestamp, error)

	// GetCreator returns the serialized identity (MSP id and certificate) of
	// the client that signed the proposal. Package cid reads it.
	GetCreator() ([]byte, error)
	// GetTransient returns data that reaches the chaincode but not the ledger.
	// In a private chaincode it travels sealed, with the arguments.
	GetTransient() (map[string][]byte, error)
	// GetBinding returns SHA-256 over nonce, creator and epoch: a value that
	// ties application data to this one proposal.
	GetBinding() ([]byte, error)
	// GetDecorations returns what the peer's decorators added. It comes from
	// the peer alone: nobody vouches for it.
	GetDecorations() map[string][]byte
	// GetSignedProposal returns the proposal as the client signed it.
	GetSignedProposal() (*SignedProposal, error)

	// SetEvent sets the event that listeners get when the transaction commits.
	// There is one per transaction: a later call replaces it. The name must not
	// be empty, and is public even where the payload is sealed.
	SetEvent(name string, payload []byte) error

	// InvokeChaincode calls another chaincode in the same transaction; on
	// another channel (empty: the same) it can only read. Plain only for now.
	InvokeChaincode(chaincodeName string, args [][]byte, channel string) *Response
}

// StateStub reads and writes the chaincode's own keys.
type StateStub interface {
	// GetState returns a key's committed value, nil if there is none.
	GetState(key string) ([]byte, error)
	// GetMultipleStates returns the committed values of several keys, in order,
	// nil where there is none. Peers that can answer in one message do.
	GetMultipleStates(keys ...string) ([][]byte, error)
	// PutState writes a key. The key must not be empty; a simple key must not
	// start with U+0000, which marks composite keys.
	PutState(key string, value []byte) error
	// DelState removes a key.
	DelState(key string) error

	// SetStateValidationParameter sets a key's own endorsement policy
	// (a serialized policy; nil removes it), in place of the chaincode's.
	SetStateValidationParameter(key string, ep []byte) error
	// GetStateValidationParameter returns a key's own endorsement policy, nil
	// if it has none.
	GetStateValidationParameter(key string) ([]byte, error)

	// GetStateByRange returns the simple keys from startKey up to but without
	// endKey, in byte order. An empty bound is open. Composite keys are not
	// among them. The range is re-checked at commit. Close the iterator.
	GetStateByRange(startKey, endKey string) (StateQueryIteratorInterface, error)
	// GetStateByRangeWithPagination returns one page of such a range, from the
	// bookmark on (empty: from the start). For queries: a transaction that read
	// a page may not write.
	GetStateByRangeWithPagination(startKey, endKey string, pageSize int32, bookmark string) (StateQueryIteratorInterface, *QueryResponseMetadata, error)

	// GetQueryResult runs a rich query, if the state database has such. Plain
	// only: a database cannot search what is sealed.
	GetQueryResult(query string) (StateQueryIteratorInterface, error)
	// GetQueryResultWithPagination returns one page of a rich query. Plain only.
	GetQueryResultWithPagination(query string, pageSize int32, bookmark string) (StateQueryIteratorInterface, *QueryResponseMetadata, error)
	// GetHistoryForKey returns a key's past values, newest first. It is not
	// re-checked at commit. Plain only.
	GetHistoryForKey(key string) (HistoryQueryIteratorInterface, error)
}

// CompositeKeyStub makes keys of a type and attributes, and finds them by
// their first attributes.
type CompositeKeyStub interface {
	// CreateCompositeKey joins an object type and attributes to a key; see the
	// function CreateCompositeKey.
	CreateCompositeKey(objectType string, attributes []string) (string, error)
	// SplitCompositeKey takes such a key apart; see the function
	// SplitCompositeKey.
	SplitCompositeKey(compositeKey string) (string, []string, error)
	// GetStateByPartialCompositeKey returns the keys of a type whose first
	// attributes are the given ones. Close the iterator.
	GetStateByPartialCompositeKey(objectType string, keys []string) (StateQueryIteratorInterface, error)
	// GetStateByPartialCompositeKeyWithPagination returns one page of them; a
	// transaction that read a page may not write.
	GetStateByPartialCompositeKeyWithPagination(objectType string, keys []string, pageSize int32, bookmark string) (StateQueryIteratorInterface, *QueryResponseMetadata, error)
	// GetAllStatesCompositeKeyWithPagination returns one page of all composite
	// keys of the chaincode, of every type.
	GetAllStatesCompositeKeyWithPagination(pageSize int32, bookmark string) (StateQueryIteratorInterface, *QueryResponseMetadata, error)
}

// BatchStub collects writes into few messages where the peer can take them.
type BatchStub interface {
	// StartWriteBatch holds the following writes back until FinishWriteBatch
	// or the end of the invocation. Without effect where writes are not sent
	// one by one anyway, or the peer takes no batches.
	StartWriteBatch()
	// FinishWriteBatch sends the writes held back and ends the batch.
	FinishWriteBatch() error
}

// PrivateDataStub reads and writes Fabric's private data collections. Plain
// only: a private chaincode's state is sealed already, and who can read it is
// for the chaincode to decide.
type PrivateDataStub interface {
	// GetPrivateData returns a key's committed value in a collection.
	GetPrivateData(collection, key string) ([]byte, error)
	// GetMultiplePrivateData returns the committed values of several keys of a
	// collection, in order.
	GetMultiplePrivateData(collection string, keys ...string) ([][]byte, error)
	// GetPrivateDataHash returns the hash of a value, which peers outside of
	// the collection have too.
	GetPrivateDataHash(collection, key string) ([]byte, error)
	// PutPrivateData writes a key of a collection.
	PutPrivateData(collection, key string, value []byte) error
	// DelPrivateData removes a key of a collection.
	DelPrivateData(collection, key string) error
	// PurgePrivateData removes a key of a collection and all its history.
	PurgePrivateData(collection, key string) error
	// SetPrivateDataValidationParameter sets the key's own endorsement policy.
	SetPrivateDataValidationParameter(collection, key string, ep []byte) error
	// GetPrivateDataValidationParameter returns the key's own endorsement
	// policy, nil if it has none.
	GetPrivateDataValidationParameter(collection, key string) ([]byte, error)
	// GetPrivateDataByRange is GetStateByRange in a collection.
	GetPrivateDataByRange(collection, startKey, endKey string) (StateQueryIteratorInterface, error)
	// GetPrivateDataByPartialCompositeKey is GetStateByPartialCompositeKey in a
	// collection.
	GetPrivateDataByPartialCompositeKey(collection, objectType string, keys []string) (StateQueryIteratorInterface, error)
	// GetPrivateDataQueryResult is GetQueryResult in a collection.
	GetPrivateDataQueryResult(collection, query string) (StateQueryIteratorInterface, error)
}
