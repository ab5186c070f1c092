// SPDX-License-Identifier: Apache-2.0

// Package asset is a chaincode that keeps assets and their owners. It uses most
// of what a chaincode can: composite keys, ranges, pages, events, transient
// data, calls to other chaincodes. The same source runs plain (asset/plain) and
// private (asset/private); run privately, it is trusted.
package asset

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/privatechaincode/fpc/shim"
)

// Asset is what the chaincode keeps under an id.
type Asset struct {
	ID     string `json:"id"`
	Owner  string `json:"owner"`
	Colour string `json:"colour"`
	Value  uint64 `json:"value"`
	// Appraisal commits to an appraisal that only its author knows: hex SHA-256
	// over its salt and itself. Empty: none.
	Appraisal string `json:"appraisal,omitempty"`
}

// Page is one page of ListAssets.
type Page struct {
	Assets   []Asset `json:"assets"`
	Bookmark string  `json:"bookmark"` // empty: this is the last page
}

// Event is the payload of the events created, changed, transferred and deleted.
type Event struct {
	ID    string `json:"id"`
	Owner string `json:"owner"`
}

// Chaincode is the chaincode. Its functions and their arguments:
//
//	CreateAsset     id owner colour value
//	ImportAssets    json-array            many at once
//	ReadAsset       id
//	UpdateAsset     id colour value
//	TransferAsset   id owner
//	DeleteAsset     id
//	RangeAssets     start end             ids from start up to, without, end
//	ListAssets      page-size bookmark    the next page
//	AssetsByOwner   owner
//	AppraiseAsset   id                    transient: appraisal, salt
//	CheckAppraisal  id                    transient: appraisal, salt
//	ReadOther       chaincode channel id  asks another chaincode to ReadAsset
type Chaincode struct{}

// Init does nothing: the ledger begins empty.
func (Chaincode) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// function is one function with the number of arguments it takes.
type function struct {
	arguments int
	run       func(stub shim.ChaincodeStubInterface, args []string) ([]byte, error)
}

var functions = map[string]function{
	"CreateAsset":    {4, create},
	"ImportAssets":   {1, importAll},
	"ReadAsset":      {1, read},
	"UpdateAsset":    {3, update},
	"TransferAsset":  {2, transfer},
	"DeleteAsset":    {1, remove},
	"RangeAssets":    {2, inRange},
	"ListAssets":     {2, list},
	"AssetsByOwner":  {1, byOwner},
	"AppraiseAsset":  {1, appraise},
	"CheckAppraisal": {1, checkAppraisal},
	"ReadOther":      {3, readOther},
}

// Invoke runs the function that the first argument names.
func (Chaincode) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	name, args := stub.GetFunctionAndParameters()
	f, known := functions[name]
	if !known {
		return shim.Error(fmt.Sprintf("function %q is unknown", name))
	}
	if len(args) != f.arguments {
		return shim.Error(fmt.Sprintf("%s takes %d arguments, got %d", name, f.arguments, len(args)))
	}
	payload, err := f.run(stub, args)
	if err != nil {
		return shim.Error(fmt.Sprintf("%s: %v", name, err))
	}
	return shim.Success(payload)
}

func create(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	value, err := parseValue(args[3])
	if err != nil {
		return nil, err
	}
	a := Asset{ID: args[0], Owner: args[1], Colour: args[2], Value: value}
	if err := add(stub, a); err != nil {
		return nil, err
	}
	return nil, emit(stub, "created", a)
}

// importAll creates many assets. A batch saves messages where the peer takes it.
func importAll(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	var assets []Asset
	if err := json.Unmarshal([]byte(args[0]), &assets); err != nil {
		return nil, fmt.Errorf("not a JSON array of assets: %w", err)
	}
	stub.StartWriteBatch()
	seen := make(map[string]bool, len(assets)) // add sees what is committed, not this batch
	for _, a := range assets {
		if seen[a.ID] {
			return nil, fmt.Errorf("asset %s occurs twice", a.ID)
		}
		seen[a.ID] = true
		if err := add(stub, a); err != nil {
			return nil, err
		}
	}
	return []byte(strconv.Itoa(len(assets))), stub.FinishWriteBatch()
}

func read(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	a, err := load(stub, args[0])
	if err != nil {
		return nil, err
	}
	return json.Marshal(a)
}

func update(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	a, err := load(stub, args[0])
	if err != nil {
		return nil, err
	}
	a.Colour = args[1]
	if a.Value, err = parseValue(args[2]); err != nil {
		return nil, err
	}
	if err := save(stub, a); err != nil {
		return nil, err
	}
	return nil, emit(stub, "changed", a)
}

// transfer gives an asset to a new owner and returns the old one.
func transfer(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	a, err := load(stub, args[0])
	if err != nil {
		return nil, err
	}
	if args[1] == "" {
		return nil, errors.New("the new owner is empty")
	}
	old := a.Owner
	if err := unindex(stub, a); err != nil {
		return nil, err
	}
	a.Owner = args[1]
	if err := errors.Join(save(stub, a), index(stub, a)); err != nil {
		return nil, err
	}
	return []byte(old), emit(stub, "transferred", a)
}

func remove(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	a, err := load(stub, args[0])
	if err != nil {
		return nil, err
	}
	if err := errors.Join(stub.DelState(a.ID), unindex(stub, a)); err != nil {
		return nil, err
	}
	return nil, emit(stub, "deleted", a)
}

// readOther returns what another chaincode of this kind says of an asset. On
// another channel the call can only read.
func readOther(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	response := stub.InvokeChaincode(args[0], [][]byte{[]byte("ReadAsset"), []byte(args[2])}, args[1])
	if response.GetStatus() != shim.OK {
		return nil, fmt.Errorf("chaincode %s answers %d: %s", args[0], response.GetStatus(), response.GetMessage())
	}
	return response.GetPayload(), nil
}

func parseValue(s string) (uint64, error) {
	value, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, errors.New("the value is not a whole number")
	}
	return value, nil
}

func emit(stub shim.ChaincodeStubInterface, name string, a Asset) error {
	payload, err := json.Marshal(Event{ID: a.ID, Owner: a.Owner})
	if err != nil {
		return err
	}
	return stub.SetEvent(name, payload)
}
