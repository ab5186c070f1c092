// SPDX-License-Identifier: Apache-2.0

package asset

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/privatechaincode/fpc/shim"
)

// ownerIndex is the type of the composite keys ⟨owner, id⟩. Each holds one byte:
// an empty value would be a deletion.
const ownerIndex = "owner~id"

// load returns the asset of an id; that there is none is an error.
func load(stub shim.ChaincodeStubInterface, id string) (Asset, error) {
	var a Asset
	value, err := stub.GetState(id)
	if err != nil {
		return a, err
	}
	if value == nil {
		return a, fmt.Errorf("asset %s does not exist", id)
	}
	return a, json.Unmarshal(value, &a)
}

// add stores an asset whose id must be free.
func add(stub shim.ChaincodeStubInterface, a Asset) error {
	if a.ID == "" || a.Owner == "" {
		return errors.New("an asset needs an id and an owner")
	}
	if shim.IsCompositeKey(a.ID) {
		return errors.New("an asset's id must not begin with U+0000")
	}
	taken, err := stub.GetState(a.ID)
	if err != nil {
		return err
	}
	if taken != nil {
		return fmt.Errorf("asset %s exists already", a.ID)
	}
	return errors.Join(save(stub, a), index(stub, a))
}

func save(stub shim.ChaincodeStubInterface, a Asset) error {
	value, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return stub.PutState(a.ID, value)
}

func index(stub shim.ChaincodeStubInterface, a Asset) error {
	key, err := stub.CreateCompositeKey(ownerIndex, []string{a.Owner, a.ID})
	if err != nil {
		return err
	}
	return stub.PutState(key, []byte{1})
}

func unindex(stub shim.ChaincodeStubInterface, a Asset) error {
	key, err := stub.CreateCompositeKey(ownerIndex, []string{a.Owner, a.ID})
	if err != nil {
		return err
	}
	return stub.DelState(key)
}

// inRange returns the assets of a range of ids.
func inRange(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	rows, err := stub.GetStateByRange(args[0], args[1])
	if err != nil {
		return nil, err
	}
	assets, err := collect(rows)
	if err != nil {
		return nil, err
	}
	return json.Marshal(assets)
}

// list returns a page. It only reads: Fabric lets no transaction write that
// read a page, because a page cannot be checked again at commit.
func list(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	size, err := strconv.ParseInt(args[0], 10, 32)
	if err != nil || size < 1 {
		return nil, errors.New("the page size is not a whole number above zero")
	}
	rows, page, err := stub.GetStateByRangeWithPagination("", "", int32(size), args[1])
	if err != nil {
		return nil, err
	}
	assets, err := collect(rows)
	if err != nil {
		return nil, err
	}
	return json.Marshal(Page{Assets: assets, Bookmark: page.GetBookmark()})
}

// byOwner goes through the index and reads each asset.
func byOwner(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	rows, err := stub.GetStateByPartialCompositeKey(ownerIndex, args)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	assets := []Asset{}
	for rows.HasNext() {
		row, err := rows.Next()
		if err != nil {
			return nil, err
		}
		_, parts, err := stub.SplitCompositeKey(row.GetKey())
		if err != nil {
			return nil, err
		}
		if len(parts) != 2 {
			return nil, fmt.Errorf("index entry has %d parts, want 2", len(parts))
		}
		a, err := load(stub, parts[1])
		if err != nil {
			return nil, err
		}
		assets = append(assets, a)
	}
	return json.Marshal(assets)
}

func collect(rows shim.StateQueryIteratorInterface) ([]Asset, error) {
	defer rows.Close()
	assets := []Asset{}
	for rows.HasNext() {
		row, err := rows.Next()
		if err != nil {
			return nil, err
		}
		var a Asset
		if err := json.Unmarshal(row.GetValue(), &a); err != nil {
			return nil, fmt.Errorf("asset %s: %w", row.GetKey(), err)
		}
		assets = append(assets, a)
	}
	return assets, nil
}
