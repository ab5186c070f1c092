// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/privatechaincode/fpc/keys"
)

func TestPadding(t *testing.T) {
	tests := []struct{ content, want int }{
		// Total lengths worked out by hand from the paper's definition, with the
		// eight bytes of prefix.
		{0, 8}, {1, 10}, {2, 10}, {3, 12}, {4, 12}, {8, 16}, {9, 18}, {56, 64}, {57, 72}, {92, 104}, {1016, 1024}, {1024, 1088},
	}
	for _, test := range tests {
		content := bytes.Repeat([]byte{0xff}, test.content)
		padded := keys.Pad(content)
		if len(padded) != test.want {
			t.Errorf("content of %d bytes: padded to %d, want %d", test.content, len(padded), test.want)
		}
		got, err := keys.Unpad(padded)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("Unpad of %d bytes = %x, %v, want the content back", test.content, got, err)
		}
		if got := len(keys.PadNone.Pad(content)); got != test.content+8 {
			t.Errorf("PadNone of %d bytes: %d, want %d", test.content, got, test.content+8)
		}
	}
}

func TestUnpadRefuses(t *testing.T) {
	padded := keys.Pad([]byte("a secret of some length"))
	longer := bytes.Clone(padded)
	longer[7] = byte(len(padded))
	spoilt := bytes.Clone(padded)
	spoilt[len(spoilt)-1] = 1
	for name, b := range map[string][]byte{
		"empty": nil, "half a length": padded[:7], "cut": padded[:20], "a length beyond the end": longer, "padding that is not zero": spoilt,
	} {
		if got, err := keys.Unpad(b); !errors.Is(err, keys.ErrMalformed) {
			t.Errorf("%s: got %q and error %v, want %v", name, got, err, keys.ErrMalformed)
		}
	}
}

func TestPaddingOverhead(t *testing.T) {
	for n := 0; n < 1<<16; n++ {
		if total := n + 8; float64(len(keys.Pad(make([]byte, n)))) > 1.125*float64(total)+1 {
			t.Fatalf("%d bytes padded to %d, want at most an eighth more", total, len(keys.Pad(make([]byte, n))))
		}
	}
}

func FuzzUnpad(f *testing.F) {
	f.Add(keys.Pad([]byte("x")))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1})
	f.Add(bytes.Repeat([]byte{0xff}, 16))
	f.Fuzz(func(t *testing.T, b []byte) {
		content, err := keys.Unpad(b)
		if err != nil {
			if !errors.Is(err, keys.ErrMalformed) {
				t.Fatalf("got %v, want %v", err, keys.ErrMalformed)
			}
			return
		}
		if again := keys.PadNone.Pad(content); !bytes.Equal(again, b[:len(again)]) {
			t.Fatalf("Pad(Unpad(%x)) = %x", b, again)
		}
	})
}
