// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Padding says how lengths are hidden before encryption.
type Padding int

const (
	// PadPadme rounds lengths up by at most about 12 % (Padmé, Nikitin et al.,
	// "Reducing Metadata Leakage from Encrypted Files and Communication with
	// PURBs", section 4), so that a length tells O(log log n) bits.
	PadPadme Padding = iota
	// PadNone leaves lengths as they are.
	PadNone
)

// prefixSize is the size of the length that stands before the content.
const prefixSize = 8

// Pad is [PadPadme] applied to b.
func Pad(b []byte) []byte { return PadPadme.Pad(b) }

// Pad returns the length of b as eight bytes, big-endian, then b, then as many
// zeros as the padding asks for.
func (p Padding) Pad(b []byte) []byte {
	n := prefixSize + len(b)
	if p == PadPadme {
		n = padme(n)
	}
	out := make([]byte, n)
	binary.BigEndian.PutUint64(out, uint64(len(b)))
	copy(out[prefixSize:], b)
	return out
}

// Unpad returns what [Padding.Pad] was given, whichever padding it was. It
// returns [ErrMalformed] if the length does not fit or the padding is not zero.
func Unpad(b []byte) ([]byte, error) {
	if len(b) < prefixSize {
		return nil, fmt.Errorf("%w: padded message of %d bytes", ErrMalformed, len(b))
	}
	n, rest := binary.BigEndian.Uint64(b), b[prefixSize:]
	if n > uint64(len(rest)) {
		return nil, fmt.Errorf("%w: padded message's length", ErrMalformed)
	}
	for _, c := range rest[n:] {
		if c != 0 {
			return nil, fmt.Errorf("%w: padding is not zero", ErrMalformed)
		}
	}
	return rest[:n:n], nil
}

// padme rounds n up so that only the leading log2(log2 n)+1 bits below the
// first one may be set.
func padme(n int) int {
	if n < 2 {
		return n
	}
	e := bits.Len(uint(n)) - 1 // floor(log2 n)
	s := bits.Len(uint(e))     // floor(log2 e) + 1
	mask := 1<<(e-s) - 1
	return (n + mask) &^ mask
}
