// SPDX-License-Identifier: Apache-2.0

package shim_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/privatechaincode/fpc/shim"
)

func TestCompositeKeys(t *testing.T) {
	for _, test := range []struct {
		name       string
		objectType string
		attributes []string
		want       string
		wantErr    string
	}{
		{name: "two attributes", objectType: "owner~id", attributes: []string{"alice", "a1"}, want: "\x00owner~id\x00alice\x00a1\x00"},
		{name: "no attribute", objectType: "owner", want: "\x00owner\x00"},
		{name: "empty parts", attributes: []string{""}, want: "\x00\x00\x00"},
		{name: "other scripts", objectType: "所有者", attributes: []string{"é"}, want: "\x00所有者\x00é\x00"},
		{
			name: "U+0000 in an attribute", objectType: "o", attributes: []string{"a\x00b"},
			wantErr: "input contains unicode U+0000 starting at position [1]. U+0000 and U+10FFFF are not allowed in the input attribute of a composite key",
		},
		{
			name: "U+10FFFF in the type", objectType: "ab" + string(rune(0x10FFFF)),
			wantErr: "input contains unicode U+10FFFF starting at position [2]. U+0000 and U+10FFFF are not allowed in the input attribute of a composite key",
		},
		{name: "not UTF-8", objectType: "\xff\xfe", wantErr: "not a valid utf8 string: [fffe]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := shim.CreateCompositeKey(test.objectType, test.attributes)
			if test.wantErr != "" {
				if err == nil || err.Error() != test.wantErr {
					t.Fatalf("CreateCompositeKey(%q, %q) = %q, error %v, want error %q", test.objectType, test.attributes, got, err, test.wantErr)
				}
				return
			}
			if err != nil || got != test.want {
				t.Fatalf("CreateCompositeKey(%q, %q) = %q, error %v, want %q", test.objectType, test.attributes, got, err, test.want)
			}
			objectType, attributes, err := shim.SplitCompositeKey(got)
			if err != nil || objectType != test.objectType || !slices.Equal(attributes, test.attributes) {
				t.Errorf("SplitCompositeKey(%q) = %q, %q, error %v, want %q, %q", got, objectType, attributes, err, test.objectType, test.attributes)
			}
		})
	}
}

func TestSplitCompositeKeyRefuses(t *testing.T) {
	for _, key := range []string{"", "\x00", "simple", "simple\x00", "\x00open"} {
		if objectType, attributes, err := shim.SplitCompositeKey(key); err == nil {
			t.Errorf("SplitCompositeKey(%q) = %q, %q, want an error", key, objectType, attributes)
		}
	}
}

func TestRanges(t *testing.T) {
	start, end, err := shim.SimpleRange("", "")
	if err != nil || start != "\x01" || end != "" {
		t.Errorf("SimpleRange of nothing = %q, %q, error %v, want U+0001 and an open end", start, end, err)
	}
	const want = "first character of the key [\x00k] contains a null character which is not allowed"
	for _, bounds := range [][2]string{{"\x00k", "z"}, {"a", "\x00k"}} {
		if _, _, err := shim.SimpleRange(bounds[0], bounds[1]); err == nil || err.Error() != want {
			t.Errorf("SimpleRange(%q, %q): error %v, want %q", bounds[0], bounds[1], err, want)
		}
	}
	start, end, err = shim.PartialCompositeRange("owner", []string{"alice"})
	if wantStart := "\x00owner\x00alice\x00"; err != nil || start != wantStart || end != wantStart+"\U0010FFFF" {
		t.Errorf("PartialCompositeRange = %q, %q, error %v, want from %q to its prefix with U+10FFFF", start, end, err, wantStart)
	}
	if _, _, err := shim.PartialCompositeRange("o", []string{"\x00"}); err == nil {
		t.Error("PartialCompositeRange with U+0000: no error")
	}
	start, end = shim.AllCompositeRange()
	if start != "\x00" || end != "\x00\U0010FFFF" {
		t.Errorf("AllCompositeRange = %q, %q, want U+0000 to U+0000 U+10FFFF", start, end)
	}
}

// FuzzSplitCompositeKey: what splits also joins to the same key, unless a part
// holds what CreateCompositeKey refuses.
func FuzzSplitCompositeKey(f *testing.F) {
	for _, seed := range []string{"\x00owner\x00alice\x00", "\x00\x00", "\x00", "", "plain", "\x00\xff\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		objectType, attributes, err := shim.SplitCompositeKey(key)
		if err != nil {
			return
		}
		joined, err := shim.CreateCompositeKey(objectType, attributes)
		if err != nil {
			if utf8.ValidString(key) && !strings.ContainsRune(key, utf8.MaxRune) {
				t.Errorf("parts of %q do not join: %v", key, err)
			}
			return
		}
		if joined != key {
			t.Errorf("parts of %q join to %q", key, joined)
		}
	})
}
