// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/internal/leak"
)

// haystack is one thing that is searched.
type haystack struct {
	kind  string // blocks, state, …
	name  string
	bytes []byte
	pid   int // instead of bytes: the memory of this process
}

// searched is what a search went through and found.
type searched struct {
	bytes    map[string]int64 // by kind
	findings []leak.Finding
	kinds    map[string]bool // with findings
}

// search looks for the private auction's secrets in everything that others can
// see. It fails if it finds one, and if a kind of place was empty: nothing can be
// found where nothing is.
func (d *demo) search(context.Context) (Step, error) {
	h := d.private
	h.keepEvents()
	stacks, err := d.haystacks(auctionName, d.auction, d.wires)
	if err != nil {
		return Step{}, err
	}
	if d.ledgers != nil {
		for _, p := range d.ledgers.Processes {
			stacks = append(stacks, haystack{kind: "ledger host memory", name: "memory of " + p.Name, pid: p.PID()})
		}
	}
	result, err := look(h.secrets, stacks)
	if err != nil {
		return Step{}, err
	}
	facts := map[string]any{"secrets": len(h.secrets), "searched_bytes": result.bytes, "found": len(result.findings)}
	for _, kind := range []string{"blocks", "state", "stub memory", "client sockets", "chaincode sockets", "enclave sockets"} {
		if result.bytes[kind] == 0 {
			return Step{Facts: facts}, fmt.Errorf("there was nothing to search in %s", kind)
		}
	}
	if len(result.findings) > 0 {
		return Step{Facts: facts}, fmt.Errorf("found in clear: %v", result.findings)
	}
	return Step{
		Text:  fmt.Sprintf("%d secrets (bids, transient notes, event payloads, error texts) as text, hex, base64 and number in %s: none found", len(h.secrets), result.places()),
		Facts: facts,
	}, nil
}

// control runs the same search for the plain auction's secrets: it must find
// each of them, and some in each kind of place.
func (d *demo) control(context.Context) (Step, error) {
	p := d.plainRun
	p.keepEvents()
	stacks, err := d.haystacks(plainName, p.service, p.wires)
	if err != nil {
		return Step{}, err
	}
	result, err := look(p.secrets, stacks)
	if err != nil {
		return Step{}, err
	}
	facts := map[string]any{"secrets": len(p.secrets), "searched_bytes": result.bytes, "found": len(result.findings)}
	for _, s := range p.secrets {
		if !slices.ContainsFunc(result.findings, func(f leak.Finding) bool { return f.Secret == s.Name }) {
			return Step{Facts: facts}, fmt.Errorf("the search is blind: it did not find %s", s.Name)
		}
	}
	for _, kind := range []string{"blocks", "state", "stub memory", "client sockets", "chaincode sockets"} {
		if !result.kinds[kind] {
			return Step{Facts: facts}, fmt.Errorf("the search is blind in %s: it found none of the plain auction's secrets there", kind)
		}
	}
	return Step{
		Text:  fmt.Sprintf("the same search finds all %d secrets of the plain auction, %d times", len(p.secrets), len(result.findings)),
		Facts: facts,
	}, nil
}

// keepEvents adds the payloads of the bidders' events, which name the bidder.
func (h *house) keepEvents() {
	for i, b := range h.bidders {
		h.keep("event payload of "+b.name, fmt.Sprintf(`{"auction":"%s","by":"User1@org%d.example.com"}`, h.id, i+2))
	}
}

// haystacks are all places where a chaincode's secrets could show.
func (d *demo) haystacks(chaincode string, s *deploy.Service, w *wires) ([]haystack, error) {
	stacks, err := w.haystacks()
	if err != nil {
		return nil, err
	}
	for _, org := range d.net.Orgs {
		of, err := d.ledgerOf(org.MSPID, chaincode)
		if err != nil {
			return nil, err
		}
		stacks = append(stacks, of...)
	}
	for _, p := range s.Processes {
		stacks = append(stacks, haystack{kind: "stub memory", name: "memory of " + p.Name, pid: p.PID()})
	}
	return stacks, nil
}

// ledgerOf is an organisation's ledger: every block, and the chaincode's state.
func (d *demo) ledgerOf(mspID, chaincode string) ([]haystack, error) {
	l, ok := d.net.Devnet.Ledger(mspID)
	if !ok {
		return nil, fmt.Errorf("%s has no ledger", mspID)
	}
	var stacks []haystack
	for n := range l.Height() {
		block, err := l.Block(n)
		if err != nil {
			return nil, err
		}
		raw, err := proto.Marshal(block)
		if err != nil {
			return nil, err
		}
		stacks = append(stacks, haystack{kind: "blocks", name: fmt.Sprintf("block %d of %s", n, mspID), bytes: raw})
	}
	snapshot, err := l.Snapshot()
	if err != nil {
		return nil, err
	}
	rows, err := snapshot.Range(chaincode, "", "")
	if err != nil {
		return nil, errors.Join(err, snapshot.Close())
	}
	for rows.Next() {
		row := rows.Row()
		stacks = append(stacks, haystack{kind: "state", name: fmt.Sprintf("state of %s, key %q", mspID, row.Key), bytes: append([]byte(row.Key), row.Value...)})
	}
	return stacks, errors.Join(rows.Err(), rows.Close(), snapshot.Close())
}

// look searches all haystacks.
func look(secrets []leak.Secret, stacks []haystack) (*searched, error) {
	searcher, err := leak.New(secrets)
	if err != nil {
		return nil, err
	}
	result := &searched{bytes: map[string]int64{}, kinds: map[string]bool{}}
	for _, s := range stacks {
		findings, n := []leak.Finding(nil), int64(len(s.bytes))
		if s.pid != 0 {
			if findings, n, err = searcher.Memory(s.name, s.pid); err != nil {
				return nil, err
			}
		} else {
			findings = searcher.Bytes(s.name, s.bytes)
		}
		result.bytes[s.kind] += n
		result.findings = append(result.findings, findings...)
		if len(findings) > 0 {
			result.kinds[s.kind] = true
		}
	}
	return result, nil
}

// places says what was searched, for people.
func (s *searched) places() string {
	var parts []string
	for kind, n := range s.bytes {
		parts = append(parts, fmt.Sprintf("%s (%s)", kind, size(n)))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
