// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// A frame is
//
//	length  uint32 BE  bytes of the payload
//	kind    uint8
//	call    uint64 BE  id of the call, strictly increasing from 1
//	ask     uint32 BE  number of the state access within the call, else 0
//	payload
type kind uint8

const (
	kindCall       kind = iota + 1 // host: uint8 length of method, method, request
	kindCancel                     // host: no payload
	kindAnswer                     // host: response to an ask
	kindAnswerFail                 // host: fpc.Failure in place of it
	kindAsk                        // enclave: state request
	kindReturn                     // enclave: response; last frame of its call
	kindFail                       // enclave: fpc.Failure in place of it
)

const headerSize = 4 + 1 + 8 + 4

type frame struct {
	kind    kind
	call    uint64
	ask     uint32
	payload []byte
}

// appendHeader appends the header of a frame with a payload of size bytes.
func appendHeader(b []byte, k kind, call uint64, ask uint32, size int) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	b = append(b, byte(k))
	b = binary.BigEndian.AppendUint64(b, call)
	return binary.BigEndian.AppendUint32(b, ask)
}

// chunk is how much memory a frame's length field alone can claim; more is
// taken only as bytes arrive.
const chunk = 1 << 20

// readFrame reads one frame. It returns io.EOF at an orderly end, otherwise a
// *FrameError. The payload is newly allocated.
func readFrame(r *bufio.Reader, maxFrame int) (frame, error) {
	var h [headerSize]byte
	if n, err := io.ReadFull(r, h[:]); err != nil {
		switch {
		case n == 0 && errors.Is(err, io.EOF):
			return frame{}, io.EOF
		case n == 0:
			return frame{}, &FrameError{Code: Broken, Err: err}
		default:
			return frame{}, &FrameError{Code: Truncated, Detail: "in a header", Err: err}
		}
	}
	size := binary.BigEndian.Uint32(h[:4])
	f := frame{
		kind: kind(h[4]),
		call: binary.BigEndian.Uint64(h[5:13]),
		ask:  binary.BigEndian.Uint32(h[13:17]),
	}
	if f.kind < kindCall || f.kind > kindFail {
		return frame{}, violation(Malformed, "kind %d", f.kind)
	}
	if uint64(size) > uint64(maxFrame) {
		return frame{}, violation(Oversized, "%d bytes, at most %d", size, maxFrame)
	}
	var err error
	f.payload, err = readPayload(r, int(size))
	if err != nil {
		return frame{}, &FrameError{Code: Truncated, Detail: "in a payload", Err: err}
	}
	return f, nil
}

func readPayload(r *bufio.Reader, size int) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	if size <= chunk {
		b := make([]byte, size)
		_, err := io.ReadFull(r, b)
		return b, err
	}
	var b []byte
	for len(b) < size {
		n := min(max(chunk, len(b)), size-len(b))
		grown := make([]byte, len(b)+n)
		copy(grown, b)
		if _, err := io.ReadFull(r, grown[len(b):]); err != nil {
			return nil, err
		}
		b = grown
	}
	return b, nil
}

func validUTF8(s string) string { return strings.ToValidUTF8(s, "?") }
