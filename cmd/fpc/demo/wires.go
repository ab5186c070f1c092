// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package demo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/internal/leak"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// wires keep everything that passes between the parts: between clients and peers
// (before TLS), between peers and chaincodes, between stub and enclave.
type wires struct {
	tapDir string // where the stub copies what it exchanges with its enclave; empty: there is no enclave
	client *leak.Tape
	mu     sync.Mutex
	relays map[string]*leak.Relay // by chaincode and organisation
}

func newWires(tapDir string) *wires {
	return &wires{tapDir: tapDir, client: new(leak.Tape), relays: map[string]*leak.Relay{}}
}

func (w *wires) close() error {
	var errs []error
	for _, r := range w.relays {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

// via puts a relay between a peer and a chaincode's program.
func (w *wires) via(name, address string) (string, error) {
	r, err := leak.NewRelay(address)
	if err != nil {
		return "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.relays[name] = r
	return r.Address(), nil
}

// wrap tapes what a client exchanges with a peer.
func (w *wires) wrap(p client.Peer) client.Peer { return tapedPeer{p, w.client} }

type tapedPeer struct {
	client.Peer
	tape *leak.Tape
}

func (p tapedPeer) ProcessProposal(ctx context.Context, signed *peer.SignedProposal) (*peer.ProposalResponse, error) {
	record(p.tape, signed)
	response, err := p.Peer.ProcessProposal(ctx, signed)
	record(p.tape, response)
	return response, err
}

func record(tape *leak.Tape, m proto.Message) {
	if raw, err := proto.Marshal(m); err == nil {
		_, _ = tape.Write(raw)
	}
}

// haystacks are everything that passed.
func (w *wires) haystacks() ([]haystack, error) {
	stacks := []haystack{{kind: "client sockets", name: "what clients sent and got", bytes: w.client.Bytes()}}
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, r := range w.relays {
		for _, tape := range r.Tapes() {
			stacks = append(stacks, haystack{kind: "chaincode sockets", name: "between peer and " + name, bytes: tape.Bytes()})
		}
	}
	if w.tapDir == "" {
		return stacks, nil
	}
	files, err := filepath.Glob(filepath.Join(w.tapDir, "*", "*"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		stacks = append(stacks, haystack{kind: "enclave sockets", name: filepath.Base(file), bytes: raw})
	}
	return stacks, nil
}
