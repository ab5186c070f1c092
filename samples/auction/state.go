// SPDX-License-Identifier: Apache-2.0

package auction

import (
	"encoding/json"
	"errors"

	"github.com/privatechaincode/fpc/shim"
)

// The types of the composite keys. Bids have keys of their own, so that bidders
// do not get into each other's way; each bid reads the auction, so that none
// commits after its close.
const (
	auctionType = "auction" // id
	bidType     = "bid"     // auction id, the bidder's unique id
)

func auctionKey(id string) (string, error) {
	return shim.CreateCompositeKey(auctionType, []string{id})
}

func bidKey(id string, bidder Party) (string, error) {
	return shim.CreateCompositeKey(bidType, []string{id, bidder.Unique})
}

// find returns the key of an auction and the auction, nil if there is none.
func (c *call) find(id string) (string, *Auction, error) {
	key, err := auctionKey(id)
	if err != nil {
		return "", nil, err
	}
	a, err := read[Auction](c.stub, key)
	return key, a, err
}

// auction returns the auction that the first argument names.
func (c *call) auction() (*Auction, error) {
	_, a, err := c.find(c.args[0])
	if err == nil && a == nil {
		err = refuse(notFound, "auction %s does not exist", c.args[0])
	}
	return a, err
}

// change stores a value and tells listeners what happened.
func (c *call) change(event, key string, value any) error {
	stored, err := json.Marshal(value)
	if err != nil {
		return err
	}
	payload, err := json.Marshal(Event{Auction: c.args[0], By: c.caller.Name})
	if err != nil {
		return err
	}
	return errors.Join(c.stub.PutState(key, stored), c.stub.SetEvent(event, payload))
}

// bids returns all bids of an auction. Only reveal calls it.
func (c *call) bids(id string) ([]*Bid, error) {
	rows, err := c.stub.GetStateByPartialCompositeKey(bidType, []string{id})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var bids []*Bid
	for rows.HasNext() {
		row, err := rows.Next()
		if err != nil {
			return nil, err
		}
		b, err := decode[Bid](row.GetValue())
		if err != nil {
			return nil, err
		}
		bids = append(bids, b)
	}
	return bids, nil
}

// read returns what is stored under a key, nil if nothing is.
func read[T any](stub shim.ChaincodeStubInterface, key string) (*T, error) {
	value, err := stub.GetState(key)
	if err != nil || value == nil {
		return nil, err
	}
	return decode[T](value)
}

// decode keeps the decoder's words to itself: they can quote the value.
func decode[T any](value []byte) (*T, error) {
	out := new(T)
	if json.Unmarshal(value, out) != nil {
		return nil, errors.New("a stored value does not decode")
	}
	return out, nil
}
