// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
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

const (
	// chunk is how much memory a frame's length field alone can claim.
	chunk = 1 << 20
	// readBuffer holds many small frames, so that one read takes them all.
	readBuffer = 64 << 10
)

// frameReader reads frames. A read that fails with a time-out loses nothing: the
// next one goes on.
type frameReader struct {
	stream   *eagerReader
	in       *bufio.Reader // of stream
	maxFrame int

	partial bool // the header of frame has been read, and got bytes of its payload
	frame   frame
	size    int
	got     int
}

func newFrameReader(r io.Reader, maxFrame int) *frameReader {
	stream := newEagerReader(r)
	return &frameReader{stream: stream, in: bufio.NewReaderSize(stream, readBuffer), maxFrame: maxFrame}
}

// expect has the next frames looked for as l says; nil: waited for.
func (r *frameReader) expect(l *looks) { r.stream.looks = l }

// next returns the next frame, its payload newly allocated. It returns io.EOF at
// an orderly end, an error that is os.ErrDeadlineExceeded for a time-out,
// otherwise a *FrameError.
func (r *frameReader) next() (frame, error) {
	if !r.partial {
		if err := r.header(); err != nil {
			return frame{}, err
		}
	}
	if err := r.payload(); err != nil {
		return frame{}, streamError(err, Truncated, "in a payload")
	}
	f := r.frame
	r.partial, r.frame = false, frame{}
	return f, nil
}

func (r *frameReader) header() error {
	h, err := r.in.Peek(headerSize)
	if err != nil {
		switch {
		case len(h) == 0 && errors.Is(err, io.EOF):
			return io.EOF
		case len(h) == 0:
			return streamError(err, Broken, "")
		case errors.Is(err, io.EOF):
			err = io.ErrUnexpectedEOF
		}
		return streamError(err, Truncated, "in a header")
	}
	size := binary.BigEndian.Uint32(h[:4])
	f := frame{
		kind: kind(h[4]),
		call: binary.BigEndian.Uint64(h[5:13]),
		ask:  binary.BigEndian.Uint32(h[13:17]),
	}
	if f.kind < kindCall || f.kind > kindFail {
		return violation(Malformed, "kind %d", f.kind)
	}
	if uint64(size) > uint64(r.maxFrame) {
		return violation(Oversized, "%d bytes, at most %d", size, r.maxFrame)
	}
	if _, err := r.in.Discard(headerSize); err != nil {
		return &FrameError{Code: Broken, Err: err} // does not happen: it was peeked
	}
	r.partial, r.frame, r.size, r.got = true, f, int(size), 0
	return nil
}

// payload reads what is left of the payload. The length field alone claims
// little memory: more is taken as bytes arrive.
func (r *frameReader) payload() error {
	for r.got < r.size {
		if r.got == len(r.frame.payload) {
			n := min(max(chunk, r.got), r.size-r.got)
			grown := make([]byte, r.got+n)
			copy(grown, r.frame.payload)
			r.frame.payload = grown
		}
		n, err := r.in.Read(r.frame.payload[r.got:])
		r.got += n
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// streamError leaves time-outs alone.
func streamError(err error, code Violation, detail string) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return &FrameError{Code: code, Detail: detail, Err: err}
}

func validUTF8(s string) string { return strings.ToValidUTF8(s, "?") }
