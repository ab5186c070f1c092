// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/protocol"
)

const (
	// startTimeout bounds the start of the ledger enclave, and the first look at
	// the peer, which may be starting too. Either usually takes well under a second,
	// but this host ends where it fails.
	startTimeout = 2 * time.Minute
	// lookTimeout bounds later looks at the peer.
	lookTimeout = 10 * time.Second
)

// source is a peer, as package ledgerhost wants it.
type source struct {
	peer    *fabric.Peer
	channel string
	signer  msp.Signer
}

// Blocks implements ledgerhost.Source.
func (s *source) Blocks(ctx context.Context, from uint64, take func(*common.Block) error) error {
	return s.explain(s.peer.Blocks(ctx, s.channel, from, s.signer, time.Now(), take))
}

// Height implements ledgerhost.Source.
func (s *source) Height(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	n := &fabric.Network{Channel: s.channel, Signer: s.signer, Endorsers: []*fabric.Peer{s.peer}}
	info, err := n.Info(ctx)
	return info.GetHeight(), err
}

// explain says what a refusal by Deliver means.
func (s *source) explain(err error) error {
	var rejected *fabric.RejectedError
	if !errors.As(err, &rejected) {
		return err
	}
	switch common.Status(rejected.Status) {
	case common.Status_NOT_FOUND:
		return fmt.Errorf("%s has not joined channel %s: %w", s.peer.Name(), s.channel, err)
	case common.Status_FORBIDDEN:
		return fmt.Errorf("the identity in CORE_PEER_MSPCONFIGPATH may not read the blocks of channel %s at %s: %w", s.channel, s.peer.Name(), err)
	}
	return err
}

// genesisBlock reads the genesis block from the file named, and holds it against
// the peer's if that can be reached; without a file the peer's is taken: which
// channel it is, chaincode enclaves find out by its hash.
func (s *settings) genesisBlock(ctx context.Context, from *source, log *slog.Logger) ([]byte, error) {
	patience := startTimeout
	if s.genesis != "" {
		patience = lookTimeout // it goes without
	}
	asked, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	theirs, err := from.peer.Block(asked, s.channel, 0, s.signer, time.Now())
	if s.genesis == "" {
		if err != nil {
			return nil, fmt.Errorf("ask the peer for the genesis block (or name its file with --genesis): %w", from.explain(err))
		}
		return proto.Marshal(theirs)
	}
	if err != nil {
		log.Warn("the peer does not show its genesis block for now", "reason", from.explain(err))
	}
	raw, err := os.ReadFile(s.genesis)
	if err != nil {
		return nil, fmt.Errorf("--genesis: %w", err)
	}
	return raw, s.checkGenesis(raw, theirs)
}

// checkGenesis refuses a file that is of another channel, by name or by hash.
func (s *settings) checkGenesis(raw []byte, theirs *common.Block) error {
	ours, err := block.Parse(raw)
	if err != nil {
		return fmt.Errorf("--genesis %s: %w", s.genesis, err)
	}
	id, err := block.ChannelID(ours)
	if err != nil {
		return fmt.Errorf("--genesis %s: %w", s.genesis, err)
	}
	if id != s.channel {
		return fmt.Errorf("--genesis %s is of channel %s, and --channel names %s", s.genesis, id, s.channel)
	}
	hash, err := protocol.ChannelHash(ours)
	if err != nil {
		return fmt.Errorf("--genesis %s: %w", s.genesis, err)
	}
	if theirs != nil && !bytes.Equal(block.Hash(theirs.GetHeader()), hash) {
		return fmt.Errorf("the peer's channel %s is another one than that of --genesis %s: its genesis block has the hash %x, the file's has %x",
			s.channel, s.genesis, block.Hash(theirs.GetHeader()), hash)
	}
	return nil
}
