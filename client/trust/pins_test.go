// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package trust_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/protocol"
)

// Pins are the same from a block and from the bytes of a file that holds it; bytes
// that are no block are refused, whichever block they stand for.
func TestParsePins(t *testing.T) {
	w := clienttest.New(t, 3)
	genesis, err := proto.Marshal(w.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	for name, current := range map[string][]byte{"genesis block alone": nil, "with a later block": genesis} {
		pins, err := trust.ParsePins(genesis, current)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if pins.ChannelID() != clienttest.ChannelID || !bytes.Equal(pins.ChannelHash(), w.Pins.ChannelHash()) || pins.Majority() != 2 {
			t.Errorf("%s: got channel %s, hash %x, majority %d; want %s, %x, 2", name, pins.ChannelID(), pins.ChannelHash(), pins.Majority(), clienttest.ChannelID, w.Pins.ChannelHash())
		}
	}
	for name, blocks := range map[string][2][]byte{"no genesis block": {[]byte("what?"), nil}, "an empty file": {nil, nil}, "no later block": {genesis, []byte("what?")}} {
		_, err := trust.ParsePins(blocks[0], blocks[1])
		t.Run(name, func(t *testing.T) { wantCode(t, err, protocol.CodeMalformed) })
	}
}
