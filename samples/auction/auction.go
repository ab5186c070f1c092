// SPDX-License-Identifier: Apache-2.0

// Package auction is a sealed-bid auction. Run as a private chaincode it is
// trusted, and nobody but a bidder and the enclave can read that bidder's bid; in
// Lite mode that holds as far as [Chaincode] says. The plain form (auction/plain) is
// the same program with nothing hidden.
//
// Who may do what follows from the creator of the proposal, which the enclave
// verified: the auctioneer is who created the auction; a bid belongs to who
// made it. Names and auction ids are public, and so is that somebody bid.
package auction

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/cid"
)

// Chaincode is the chaincode. Its functions and their arguments:
//
//	create  auction item    the caller becomes the auctioneer
//	bid     auction amount  a second bid replaces the caller's first; transient: note
//	mybid   auction         the caller's own bid
//	status  auction         item, auctioneer, open or closed
//	close   auction         by the auctioneer: no more bids
//	reveal  auction         after close: the winning bid
//
// close returns no result on purpose: whoever can run a proposal without
// committing it would otherwise learn the highest bid while bids are open. Only
// reveal computes it, and it needs an auction that is closed in the state which the
// enclave is shown.
//
// In Full that state is one that the channel committed, so that nobody learns a bid
// before the close. In Lite it is what the enclave's host shows: with the auctioneer's
// help a host has close run, commits nothing, and asks reveal on what it wrote, or
// hides a bid from it. Run the auction in Full unless you trust that host.
type Chaincode struct{}

// Init does nothing.
func (Chaincode) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Auction is what status answers.
type Auction struct {
	ID         string `json:"auction"`
	Item       string `json:"item"`
	Auctioneer Party  `json:"auctioneer"`
	Closed     bool   `json:"closed"`
}

// Party is a caller as others see it.
type Party struct {
	MSPID  string `json:"msp"`
	Name   string `json:"name"`
	Unique string `json:"id"` // cid.Caller.Unique
}

// Bid is what bid and mybid answer, and what is stored.
type Bid struct {
	Auction string `json:"auction"`
	Bidder  Party  `json:"bidder"`
	Amount  uint64 `json:"amount"`
	Note    string `json:"note,omitempty"` // for the auctioneer, if the bid wins
	TxID    string `json:"tx"`
}

// Result is what reveal answers.
type Result struct {
	Auction string `json:"auction"`
	Item    string `json:"item"`
	Winner  *Party `json:"winner,omitempty"` // absent: nobody bid
	Amount  uint64 `json:"amount,omitempty"`
	Note    string `json:"note,omitempty"` // only for the auctioneer and the winner
}

// Event is the payload of the events created, bid and closed.
type Event struct {
	Auction string `json:"auction"`
	By      string `json:"by"`
}

// Limits of what callers send.
const (
	maxItem = 1024
	maxNote = 1024
)

var auctionID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// refusal is an answer with a status of its own. Its text names no value that
// anybody sent as a secret.
type refusal struct {
	status int32
	text   string
}

func (r *refusal) Error() string { return r.text }

func refuse(status int32, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// Statuses of refusals.
const (
	badRequest = 400
	forbidden  = 403
	notFound   = 404
	conflict   = 409
)

// call is one invocation: the stub, who called, and the arguments.
type call struct {
	stub   shim.ChaincodeStubInterface
	caller Party
	args   []string
}

type function struct {
	arguments int
	run       func(*call) (any, error)
}

var functions = map[string]function{
	"create": {2, (*call).create},
	"bid":    {2, (*call).bid},
	"mybid":  {1, (*call).myBid},
	"status": {1, (*call).status},
	"close":  {1, (*call).close},
	"reveal": {1, (*call).reveal},
}

// Invoke runs the function that the first argument names.
func (Chaincode) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	answer, err := invoke(stub)
	if err == nil {
		var payload []byte
		if payload, err = json.Marshal(answer); err == nil {
			return shim.Success(payload)
		}
	}
	var r *refusal
	if errors.As(err, &r) {
		return &shim.Response{Status: r.status, Message: r.text}
	}
	return shim.Error(err.Error())
}

func invoke(stub shim.ChaincodeStubInterface) (any, error) {
	name, args := stub.GetFunctionAndParameters()
	f, known := functions[name]
	if !known {
		return nil, refuse(badRequest, "unknown function: want create, bid, mybid, status, close or reveal")
	}
	if len(args) != f.arguments {
		return nil, refuse(badRequest, "%s takes %d arguments, got %d", name, f.arguments, len(args))
	}
	if !auctionID.MatchString(args[0]) {
		return nil, refuse(badRequest, "an auction's id has 1 to 64 letters, digits, dots, dashes and underscores")
	}
	caller, err := cid.New(stub)
	if err != nil {
		return nil, err
	}
	who := Party{MSPID: caller.MSPID(), Name: caller.CommonName(), Unique: caller.Unique()}
	return f.run(&call{stub: stub, caller: who, args: args})
}

func (c *call) create() (any, error) {
	key, existing, err := c.find(c.args[0])
	if err != nil {
		return nil, err
	}
	if existing != nil {
		return nil, refuse(conflict, "auction %s exists already", c.args[0])
	}
	item := c.args[1]
	if item == "" || len(item) > maxItem || !utf8.ValidString(item) {
		return nil, refuse(badRequest, "the item's description has %d bytes, want 1 to %d of UTF-8", len(item), maxItem)
	}
	a := &Auction{ID: c.args[0], Item: item, Auctioneer: c.caller}
	return a, c.change("created", key, a)
}

func (c *call) bid() (any, error) {
	a, err := c.auction()
	if err != nil {
		return nil, err
	}
	if a.Closed {
		return nil, refuse(conflict, "auction %s is closed", a.ID)
	}
	if a.Auctioneer.Unique == c.caller.Unique {
		return nil, refuse(forbidden, "the auctioneer does not bid")
	}
	amount, err := parseAmount(c.args[1])
	if err != nil {
		return nil, err
	}
	transient, err := c.stub.GetTransient()
	if err != nil {
		return nil, err
	}
	note := string(transient["note"])
	if len(note) > maxNote || !utf8.ValidString(note) {
		return nil, refuse(badRequest, "the note has %d bytes, want at most %d of UTF-8", len(note), maxNote)
	}
	key, err := bidKey(a.ID, c.caller)
	if err != nil {
		return nil, err
	}
	b := &Bid{Auction: a.ID, Bidder: c.caller, Amount: amount, Note: note, TxID: c.stub.GetTxID()}
	return b, c.change("bid", key, b)
}

func (c *call) myBid() (any, error) {
	a, err := c.auction()
	if err != nil {
		return nil, err
	}
	key, err := bidKey(a.ID, c.caller)
	if err != nil {
		return nil, err
	}
	b, err := read[Bid](c.stub, key)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, refuse(notFound, "you have no bid in auction %s", a.ID)
	}
	return b, nil
}

func (c *call) status() (any, error) { return c.auction() }

func (c *call) close() (any, error) {
	a, err := c.auction()
	if err != nil {
		return nil, err
	}
	if a.Auctioneer.Unique != c.caller.Unique {
		return nil, refuse(forbidden, "only its auctioneer closes auction %s", a.ID)
	}
	if a.Closed {
		return nil, refuse(conflict, "auction %s is closed already", a.ID)
	}
	key, err := auctionKey(a.ID)
	if err != nil {
		return nil, err
	}
	a.Closed = true
	return a, c.change("closed", key, a)
}

func (c *call) reveal() (any, error) {
	a, err := c.auction()
	if err != nil {
		return nil, err
	}
	if !a.Closed {
		return nil, refuse(conflict, "auction %s is still open", a.ID)
	}
	bids, err := c.bids(a.ID)
	if err != nil {
		return nil, err
	}
	result := Result{Auction: a.ID, Item: a.Item}
	if won := winner(a.ID, bids); won != nil {
		result.Winner, result.Amount = &won.Bidder, won.Amount
		if c.caller.Unique == a.Auctioneer.Unique || c.caller.Unique == won.Bidder.Unique {
			result.Note = won.Note
		}
	}
	return result, nil
}

// parseAmount reads a whole number above zero, written in one way only. The
// error does not repeat what was written.
func parseAmount(s string) (uint64, error) {
	amount, err := strconv.ParseUint(s, 10, 64)
	if err != nil || amount == 0 || strconv.FormatUint(amount, 10) != s {
		return 0, refuse(badRequest, "the amount is not a whole number above zero")
	}
	return amount, nil
}
