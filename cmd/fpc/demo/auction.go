// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/leak"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/samples/auction"
)

const auctionName = "auction"

// house is one auction with its people and all that is secret in it.
type house struct {
	id         string
	item       string
	auctioneer *person
	bidders    []*person
	secrets    []leak.Secret
}

// person takes part in the auction. call reaches the auction's chaincode in the
// person's name.
type person struct {
	name     string
	amount   string // the bid: a number of 13 digits, so that a search tells it from chance
	note     string // transient data
	submit   func(ctx context.Context, function string, note string, args ...string) ([]byte, error)
	contract *client.Contract
	query    func(ctx context.Context, function string, args ...string) ([]byte, error)
}

// newHouse makes people with secrets that nobody else ever had.
func newHouse(kind string) (*house, error) {
	h := &house{id: kind + "-painting", auctioneer: &person{name: "auctioneer"}, bidders: []*person{{name: "bidder 1"}, {name: "bidder 2"}}}
	word, err := randomWord()
	if err != nil {
		return nil, err
	}
	h.item = "a painting, " + word
	h.keep(kind+" item", h.item)
	for _, b := range h.bidders {
		if b.amount, err = randomAmount(); err != nil {
			return nil, err
		}
		if word, err = randomWord(); err != nil {
			return nil, err
		}
		b.note = "please deliver to " + word
		h.keep(kind+" bid of "+b.name, b.amount)
		h.keep(kind+" transient note of "+b.name, b.note)
	}
	return h, nil
}

func (h *house) keep(name, text string) {
	h.secrets = append(h.secrets, leak.Secret{Name: name, Text: text})
}

// tell has everybody see what one of them committed, as if it had been announced.
func (h *house) tell(by *client.Contract) {
	for _, p := range append([]*person{h.auctioneer}, h.bidders...) {
		if p.contract != nil {
			p.contract.Network().AtLeast(by.Network().Height())
		}
	}
}

func randomAmount() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(8_000_000_000_000))
	if err != nil {
		return "", err
	}
	return n.Add(n, big.NewInt(1_000_000_000_000)).String(), nil
}

func randomWord() (string, error) {
	return rand.Text(), nil
}

func (d *demo) create(ctx context.Context) (Step, error) {
	h, err := newHouse("private")
	if err != nil {
		return Step{}, err
	}
	d.private = h
	people := append([]*person{h.auctioneer}, h.bidders...)
	for i, p := range people {
		contract, err := d.net.Contract(auctionName, deploy.Client{Signer: d.net.Orgs[i].Client, Pins: d.net.Pins, Wrap: d.wires.wrap})
		if err != nil {
			return Step{}, err
		}
		p.name += " of " + d.net.Orgs[i].MSPID
		p.submit = func(ctx context.Context, function, note string, args ...string) ([]byte, error) {
			options := []client.Option{client.WithArguments(args...)}
			if note != "" {
				options = append(options, client.WithTransient(map[string][]byte{"note": []byte(note)}))
			}
			answer, err := contract.SubmitWith(ctx, function, options...)
			h.tell(contract)
			return answer, err
		}
		p.query = contract.Evaluate
		p.contract = contract
	}
	proposal, err := h.auctioneer.contract.NewProposal(ctx, "create", client.WithArguments(h.id, h.item))
	if err != nil {
		return Step{}, err
	}
	if d.created, err = proposal.Endorse(ctx); err != nil {
		return Step{}, err
	}
	return Step{Text: h.auctioneer.name + " creates an auction; nobody else can read what is sold"}, nil
}

// commit commits the new auction: in Full mode by what the enclaves endorsed, in
// Lite by what peers validate of it.
func (d *demo) commit(ctx context.Context) (Step, error) {
	tx, err := d.created.Endorse(ctx)
	if err != nil {
		return Step{}, err
	}
	commit, err := tx.Submit(ctx)
	if err != nil {
		return Step{}, err
	}
	defer commit.Close()
	if _, err := commit.Result(); err != nil {
		return Step{}, err
	}
	d.private.tell(d.private.auctioneer.contract)
	facts := map[string]any{"mode": string(d.Mode), "endorsers": tx.Endorsers()}
	if d.Mode == protocol.ModeFull {
		return Step{Text: fmt.Sprintf("committed in one transaction: enclaves of %d organisations ran it and endorsed the same bytes", tx.Endorsers()), Facts: facts}, nil
	}
	return Step{Text: fmt.Sprintf("committed by a second transaction: peers of %d organisations replayed what the enclave signed", tx.Endorsers()), Facts: facts}, nil
}

func (d *demo) bids(ctx context.Context) (Step, error) {
	for _, b := range d.private.bidders {
		if _, err := b.submit(ctx, "bid", b.note, d.private.id, b.amount); err != nil {
			return Step{}, fmt.Errorf("%s: %w", b.name, err)
		}
		answer, err := b.query(ctx, "mybid", d.private.id)
		if err != nil {
			return Step{}, fmt.Errorf("%s: %w", b.name, err)
		}
		var own auction.Bid
		if err := json.Unmarshal(answer, &own); err != nil || fmt.Sprint(own.Amount) != b.amount {
			return Step{}, fmt.Errorf("%s reads back another bid than was made", b.name)
		}
	}
	return Step{Text: "two bids, each with a note as transient data; each bidder reads back the own bid", Facts: map[string]any{"bids": len(d.private.bidders)}}, nil
}

// refusals shows that a bid's owner alone reads it, and collects error texts: a
// chaincode's error is as secret as its answer.
func (d *demo) refusals(ctx context.Context) (Step, error) {
	h := d.private
	_, err := h.auctioneer.query(ctx, "mybid", h.id)
	if err := h.expectRefusal("private error text of mybid", err); err != nil {
		return Step{}, err
	}
	_, err = h.bidders[0].query(ctx, "reveal", h.id)
	if err := h.expectRefusal("private error text of reveal", err); err != nil {
		return Step{}, err
	}
	_, err = h.bidders[0].submit(ctx, "close", "", h.id)
	if err := h.expectRefusal("private error text of close", err); err != nil {
		return Step{}, err
	}
	return Step{Text: "others cannot read bids, reveal early or close the auction; the errors are sealed too"}, nil
}

// expectRefusal wants an error that the chaincode gave, and keeps its text.
func (h *house) expectRefusal(what string, err error) error {
	var refused *client.ChaincodeError
	if !errors.As(err, &refused) {
		return fmt.Errorf("%s: want the chaincode to refuse, got %w", what, errOr(err))
	}
	h.keep(what, refused.Message)
	return nil
}

func errOr(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

func (d *demo) closeAuction(ctx context.Context) (Step, error) {
	if _, err := d.private.auctioneer.submit(ctx, "close", "", d.private.id); err != nil {
		return Step{}, err
	}
	return Step{Text: d.private.auctioneer.name + " closed the auction"}, nil
}

func (d *demo) reveal(ctx context.Context) (Step, error) {
	winner, err := d.private.learnWinner(ctx)
	if err != nil {
		return Step{}, err
	}
	return Step{
		Text:  "both bidders learned the winner: " + winner.MSPID + ", and nobody the losing bid",
		Facts: map[string]any{"winner": winner.MSPID},
	}, nil
}

// learnWinner has every bidder ask who won; all must be told the highest bidder.
func (h *house) learnWinner(ctx context.Context) (*auction.Party, error) {
	highest := h.bidders[0]
	for _, b := range h.bidders {
		if b.amount > highest.amount { // of equal length
			highest = b
		}
	}
	var winner *auction.Party
	for _, b := range h.bidders {
		answer, err := b.query(ctx, "reveal", h.id)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
		var result auction.Result
		if err := json.Unmarshal(answer, &result); err != nil {
			return nil, err
		}
		if result.Winner == nil || fmt.Sprint(result.Amount) != highest.amount {
			return nil, fmt.Errorf("%s learns another winning bid than the highest", b.name)
		}
		winner = result.Winner
	}
	return winner, nil
}
