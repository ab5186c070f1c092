// SPDX-License-Identifier: Apache-2.0

// Package vectors is for tests: it holds blocks of real networks of unmodified
// Hyperledger Fabric programs, with the verdicts of their peers. README.md says
// how they were recorded. They are bytes to judge, and prove nothing by
// themselves: each block's metadata is one peer's claim.
package vectors

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/common"
)

//go:embed *.json *.blocks.gz
var files embed.FS

// Chain is a channel from its genesis block on, as a peer had it.
type Chain struct {
	// Name is the name of its files: fabric-VERSION-KIND.
	Name string `json:"-"`
	// Fabric is the version of peers and orderers.
	Fabric string `json:"fabric"`
	// Orderers says who ordered.
	Orderers string `json:"orderers"`
	// Recorded is the command that made it.
	Recorded string `json:"recorded"`
	// Transactions are those with a story; the others are there too, with the
	// peer's verdict in their block's metadata.
	Transactions []Transaction `json:"transactions,omitempty"`
	// Blocks have the numbers 0, 1 and so on.
	Blocks []*common.Block `json:"-"`
}

// Transaction is what was sent, and what came of it.
type Transaction struct {
	Name string `json:"name"`
	// Block and Tx say where it stands.
	Block uint64 `json:"block"`
	Tx    int    `json:"tx"`
	// Expect is the peer's verdict, as Fabric calls it.
	Expect string `json:"expect"`
}

// Chains reads all chains, sorted by name.
func Chains() ([]*Chain, error) {
	names, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var chains []*Chain
	for _, file := range names {
		name, ok := strings.CutSuffix(file.Name(), ".json")
		if !ok {
			continue
		}
		c, err := read(name)
		if err != nil {
			return nil, fmt.Errorf("vectors: %s: %w", name, err)
		}
		chains = append(chains, c)
	}
	return chains, nil
}

func read(name string) (*Chain, error) {
	raw, err := files.ReadFile(name + ".json")
	if err != nil {
		return nil, err
	}
	c := &Chain{Name: name}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, err
	}
	if raw, err = files.ReadFile(name + ".blocks.gz"); err != nil {
		return nil, err
	}
	c.Blocks, err = decode(raw)
	return c, err
}

// decode reads blocks that stand behind their lengths.
func decode(raw []byte) ([]*common.Block, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(unzipped)
	var blocks []*common.Block
	for {
		n, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) {
			return blocks, nil
		}
		if err != nil {
			return nil, err
		}
		raw := make([]byte, n)
		if _, err := io.ReadFull(r, raw); err != nil {
			return nil, err
		}
		b := &common.Block{}
		if err := proto.Unmarshal(raw, b); err != nil {
			return nil, err
		}
		blocks = append(blocks, b)
	}
}

// Files are the files of a chain below dir, for whoever records one.
func (c *Chain) Files(dir string) (map[string][]byte, error) {
	var zipped bytes.Buffer
	zip, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	for _, b := range c.Blocks {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(b)
		if err != nil {
			return nil, err
		}
		if _, err := zip.Write(append(binary.AppendUvarint(nil, uint64(len(raw))), raw...)); err != nil {
			return nil, err
		}
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	about, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, err
	}
	base := filepath.Join(dir, c.Name)
	return map[string][]byte{base + ".json": append(about, '\n'), base + ".blocks.gz": zipped.Bytes()}, nil
}
