// SPDX-License-Identifier: Apache-2.0

package session

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// mac authenticates one direction of a session. A closure holds the key, so that
// no formatting verb prints it.
type mac func(counter uint64, fields ...[]byte) [macSize]byte

// schedule is what both sides compute from a handshake.
type schedule struct {
	id      [hashSize]byte
	request mac // over ⟨id, counter, body⟩
	answer  mac // over ⟨id, counter, the request's MAC, body⟩
}

// newSchedule computes id and keys: the id is the hash of the handshake's bytes,
// and is the salt of HKDF-SHA-256 over the shared secret, once per direction.
func newSchedule(shared, hello, accept []byte) (schedule, error) {
	s := schedule{id: keys.Digest(keys.LabelSessionID, hello, accept)}
	for _, d := range []struct {
		label keys.Label
		mac   *mac
	}{{keys.LabelSessionRequest, &s.request}, {keys.LabelSessionAnswer, &s.answer}} {
		key, err := hkdf.Key(sha256.New, shared, s.id[:], string(keys.Encode(d.label)), macSize)
		if err != nil {
			return schedule{}, protocol.Errorf(Step, protocol.CodeInternal, "derive a session's key: %w", err)
		}
		*d.mac = newMAC(key, d.label, s.id)
	}
	return s, nil
}

func newMAC(key []byte, label keys.Label, id [hashSize]byte) mac {
	// Each has taken the key in, which is half of the work for a short message.
	ready := sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}
	return func(counter uint64, fields ...[]byte) [macSize]byte {
		h := ready.Get().(hash.Hash)
		defer ready.Put(h)
		h.Reset()
		number := binary.BigEndian.AppendUint64(nil, counter)
		keys.Write(h, label, append([][]byte{id[:], number}, fields...)...)
		return [macSize]byte(h.Sum(nil))
	}
}

// encodeFrame serialises a frame.
func encodeFrame(id [hashSize]byte, counter uint64, body []byte, mac [macSize]byte) ([]byte, error) {
	b, err := proto.Marshal(&fpc.SessionFrame{Session: id[:], Counter: counter, Body: body, Mac: mac[:]})
	if err != nil {
		return nil, protocol.Errorf(Step, protocol.CodeInternal, "encode a session's frame: %w", err)
	}
	return b, nil
}

// decodeFrame reads a frame; nothing of it is authentic yet.
func decodeFrame(b []byte) (*fpc.SessionFrame, error) {
	f := &fpc.SessionFrame{}
	if err := proto.Unmarshal(b, f); err != nil {
		return nil, protocol.Errorf(Step, protocol.CodeMalformed, "a session's frame does not decode")
	}
	if len(f.GetSession()) != hashSize || len(f.GetMac()) != macSize {
		return nil, protocol.Errorf(Step, protocol.CodeMalformed, "a session's frame has a session id of %d and a MAC of %d bytes, want %d and %d",
			len(f.GetSession()), len(f.GetMac()), hashSize, macSize)
	}
	return f, nil
}

var errBadMAC = protocol.Errorf(Step, CodeBadMAC, "a frame's MAC does not verify: it was altered, or is of another session or request")
