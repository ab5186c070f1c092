// SPDX-License-Identifier: Apache-2.0

// Package leak searches bytes for secrets that must not be in them: blocks,
// states, sockets, the memory of other processes. A secret is searched in every
// form in which careless code would leave it: as text, as hex, as base64 and, if
// it is a number, as a number.
package leak

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
)

// minNeedle is the length in bytes below which a form would be found by chance.
const minNeedle = 5

// Secret is something to look for.
type Secret struct {
	Name string // how findings call it
	Text string // its bytes, as text
}

// needle is one form of one secret.
type needle struct {
	bytes  []byte
	secret string
	form   string
}

// Searcher looks for a fixed set of secrets.
type Searcher struct {
	needles []needle
	// byHead holds the needles by their first two bytes, so that most positions
	// of a haystack cost one look-up.
	byHead  map[uint16][]int
	head    [1 << 16]bool
	longest int
}

// New prepares a search. It refuses secrets that are too short to be told from
// chance in any form.
func New(secrets []Secret) (*Searcher, error) {
	s := &Searcher{byHead: map[uint16][]int{}}
	for _, secret := range secrets {
		if len(secret.Text) < minNeedle {
			return nil, fmt.Errorf("secret %s has %d bytes; a search needs at least %d to tell it from chance", secret.Name, len(secret.Text), minNeedle)
		}
		for form, value := range forms(secret.Text) {
			if len(value) >= minNeedle {
				s.add(needle{bytes: value, secret: secret.Name, form: form})
			}
		}
	}
	return s, nil
}

func (s *Searcher) add(n needle) {
	h := binary.BigEndian.Uint16(n.bytes)
	s.byHead[h] = append(s.byHead[h], len(s.needles))
	s.head[h] = true
	s.needles = append(s.needles, n)
	s.longest = max(s.longest, len(n.bytes))
}

// forms gives every form of a secret by its name.
func forms(text string) map[string][]byte {
	raw := []byte(text)
	out := map[string][]byte{
		"text":      raw,
		"hex":       []byte(hex.EncodeToString(raw)),
		"HEX":       []byte(strings.ToUpper(hex.EncodeToString(raw))),
		"utf-16 le": utf16LE(text),
	}
	if quoted, err := json.Marshal(text); err == nil && string(quoted[1:len(quoted)-1]) != text {
		out["json"] = quoted[1 : len(quoted)-1]
	}
	// Inside longer base64 a secret may begin at any of three offsets; the
	// characters that depend on its neighbours are cut off.
	for shift := range 3 {
		padded := append(make([]byte, shift), raw...)
		for name, enc := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			whole := enc.EncodeToString(padded)
			first := (shift*8 + 5) / 6
			last := len(padded) * 8 / 6
			if last > first {
				out[name+" +"+strconv.Itoa(shift)] = []byte(whole[first:last])
			}
		}
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		out["number, big endian"] = significant(binary.BigEndian.AppendUint64(nil, n), false)
		out["number, little endian"] = significant(binary.LittleEndian.AppendUint64(nil, n), true)
		out["number, varint"] = binary.AppendUvarint(nil, n)
		out["number, hex"] = []byte(strconv.FormatUint(n, 16))
	}
	return out
}

// significant cuts the zero bytes that a number of fewer bytes begins (big
// endian) or ends (little endian) with.
func significant(b []byte, little bool) []byte {
	if little {
		return bytes.TrimRight(b, "\x00")
	}
	return bytes.TrimLeft(b, "\x00")
}

func utf16LE(text string) []byte {
	out := make([]byte, 0, 2*len(text))
	for i := range len(text) {
		out = append(out, text[i], 0)
	}
	return out
}

// Finding is one secret in one form in one place.
type Finding struct {
	Secret string `json:"secret"`
	Form   string `json:"form"`
	Where  string `json:"where"`
}

func (f Finding) String() string { return fmt.Sprintf("%s as %s in %s", f.Secret, f.Form, f.Where) }

// Bytes searches a haystack.
func (s *Searcher) Bytes(where string, haystack []byte) []Finding {
	found := map[int]bool{}
	for i := 0; i+1 < len(haystack); i++ {
		h := uint16(haystack[i])<<8 | uint16(haystack[i+1])
		if !s.head[h] {
			continue
		}
		for _, n := range s.byHead[h] {
			if bytes.HasPrefix(haystack[i:], s.needles[n].bytes) {
				found[n] = true
			}
		}
	}
	out := make([]Finding, 0, len(found))
	for n := range found {
		out = append(out, Finding{Secret: s.needles[n].secret, Form: s.needles[n].form, Where: where})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].String() < out[j].String() })
	return out
}

// chunk is how many bytes of a stream are searched at a time.
const chunk = 1 << 20

// Reader searches a stream to its end and tells how many bytes it read.
func (s *Searcher) Reader(where string, r io.Reader) ([]Finding, int64, error) {
	var (
		all   = map[Finding]bool{}
		total int64
		keep  int
		buf   = make([]byte, chunk+s.longest)
	)
	for {
		n, err := io.ReadFull(r, buf[keep:])
		total += int64(n)
		for _, f := range s.Bytes(where, buf[:keep+n]) {
			all[f] = true
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, total, err
		}
		// A needle may straddle two chunks.
		keep = copy(buf, buf[len(buf)-s.longest:])
	}
	out := make([]Finding, 0, len(all))
	for f := range all {
		out = append(out, f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].String() < out[j].String() })
	return out, total, nil
}
