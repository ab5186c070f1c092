// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/internal/deploy"
)

const plainName = "auction-plain"

// plainRun is the same auction as an ordinary chaincode: the search's control.
type plainRun struct {
	*house
	service *deploy.Service
	wires   *wires
}

func (d *demo) plain(ctx context.Context) (Step, error) {
	h, err := newHouse("plain")
	if err != nil {
		return Step{}, err
	}
	d.plainRun = &plainRun{house: h, wires: newWires("")}
	s, err := d.net.ServePlain(ctx, plainName, filepath.Join(d.Bin, "samples", "auction-plain"), d.plainRun.wires.via)
	if err != nil {
		return Step{}, err
	}
	d.services, d.plainRun.service = append(d.services, s), s
	for i, p := range append([]*person{h.auctioneer}, h.bidders...) {
		p.name += " of " + d.net.Orgs[i].MSPID
		d.plainRun.reach(p, d.net.As(d.net.Orgs[i].Client))
	}
	if err := h.play(ctx); err != nil {
		return Step{}, err
	}
	return Step{Text: "the same auction as a plain chaincode, one line of its main apart: the control"}, nil
}

// reach lets a person call the plain auction.
func (p *plainRun) reach(who *person, network *fabric.Network) {
	prepare := func(function, note string, args []string) (*fabric.Proposal, error) {
		call := fabric.Call{Chaincode: plainName, Args: fabric.Args(append([]string{function}, args...)...)}
		if note != "" {
			call.Transient = map[string][]byte{"note": []byte(note)}
		}
		proposal, err := network.Prepare(call)
		if err == nil {
			record(p.wires.client, proposal.Signed)
		}
		return proposal, err
	}
	who.submit = func(ctx context.Context, function, note string, args ...string) ([]byte, error) {
		proposal, err := prepare(function, note, args)
		if err != nil {
			return nil, err
		}
		tx, err := fabric.Endorse(ctx, proposal, network.Endorsers)
		if err != nil {
			return nil, err
		}
		_, err = network.Order(ctx, tx)
		return tx.Result.Payload, err
	}
	who.query = func(ctx context.Context, function string, args ...string) ([]byte, error) {
		proposal, err := prepare(function, "", args)
		if err != nil {
			return nil, err
		}
		response, err := proposal.Ask(ctx, network.Endorsers[0])
		if err != nil {
			return nil, err
		}
		return response.Response.Payload, nil
	}
}

// play runs the whole auction.
func (h *house) play(ctx context.Context) error {
	if _, err := h.auctioneer.submit(ctx, "create", "", h.id, h.item); err != nil {
		return err
	}
	for _, b := range h.bidders {
		if _, err := b.submit(ctx, "bid", b.note, h.id, b.amount); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	_, err := h.bidders[0].query(ctx, "reveal", h.id)
	var refused *fabric.RejectedError
	if !errors.As(err, &refused) {
		return fmt.Errorf("reveal before the close: want the chaincode to refuse, got %w", errOr(err))
	}
	h.keep("plain error text of reveal", refused.Message)
	if _, err := h.auctioneer.submit(ctx, "close", "", h.id); err != nil {
		return err
	}
	_, err = h.learnWinner(ctx)
	return err
}
