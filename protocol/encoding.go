// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/binary"

	"google.golang.org/protobuf/proto"
)

// MaxMessage bounds what any decoder here is given, in bytes.
const MaxMessage = 64 << 20

// marshal serialises deterministically: maps are sorted.
func marshal(m proto.Message) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// unmarshal decodes a message of an untrusted party.
func unmarshal(step, what string, b []byte, m proto.Message) error {
	if len(b) > MaxMessage {
		return Errorf(step, CodeTooLarge, "%s has %d bytes, the limit is %d", what, len(b), MaxMessage)
	}
	if err := proto.Unmarshal(b, m); err != nil {
		return Errorf(step, CodeMalformed, "%s does not decode: %w", what, err)
	}
	return nil
}

// short returns the first bytes of an id, enough for a person to compare.
func short(id []byte) []byte { return id[:min(len(id), 6)] }

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
