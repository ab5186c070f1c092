// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package session

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// second is a second implementation of the key schedule, from RFC 5869 and
// RFC 2104 and the package's description alone.
type second struct{ id, request, answer []byte }

func hmacOf(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// listed is a label and fields, each behind its length as eight bytes.
func listed(label string, fields ...[]byte) []byte {
	var out []byte
	for _, f := range append([][]byte{[]byte(label)}, fields...) {
		out = binary.BigEndian.AppendUint64(out, uint64(len(f)))
		out = append(out, f...)
	}
	return out
}

func newSecond(shared, hello, accept []byte) second {
	id := sha256.Sum256(listed("fpc/v1/session-id", hello, accept))
	extracted := hmacOf(id[:], shared) // RFC 5869 section 2.2, the id as salt
	expand := func(label string) []byte { return hmacOf(extracted, listed(label), []byte{1}) }
	return second{id[:], expand("fpc/v1/session-request"), expand("fpc/v1/session-answer")}
}

func (s second) requestMAC(counter uint64, body []byte) []byte {
	return hmacOf(s.request, listed("fpc/v1/session-request", s.id, binary.BigEndian.AppendUint64(nil, counter), body))
}

func (s second) answerMAC(counter uint64, request, body []byte) []byte {
	return hmacOf(s.answer, listed("fpc/v1/session-answer", s.id, binary.BigEndian.AppendUint64(nil, counter), request, body))
}

// The vectors were computed by a program of Python's hmac and hashlib.
func TestKeyScheduleGolden(t *testing.T) {
	shared := bytes.Repeat([]byte{0x4a}, 32)
	hello, accept := []byte("hello"), []byte("accept")
	s, err := newSchedule(shared, hello, accept)
	if err != nil {
		t.Fatal(err)
	}
	request := s.request(7, []byte("body"))
	answer := s.answer(7, request[:], []byte("answer"))
	for _, v := range []struct{ what, got, want string }{
		{"id", hex.EncodeToString(s.id[:]), "b15a1f621ac4ff6f8447bd325384af325d48169d91a844e5a82df7523dc307af"},
		{"request's MAC", hex.EncodeToString(request[:]), "94a54931f8c9127f0877d88536ee4c1408e2bd88eb74ce39d8405110c9ce5745"},
		{"answer's MAC", hex.EncodeToString(answer[:]), "55c9493b256fa0ac5c3dc3be6b2b12ea532a1934d72a81b314bf32adce7eed16"},
	} {
		if v.got != v.want {
			t.Errorf("%s: got %s, want %s", v.what, v.got, v.want)
		}
	}
}

func TestKeyScheduleSecondImplementation(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() []byte {
		b := make([]byte, random.IntN(100))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	for range 200 {
		shared, hello, accept, body, back, counter := append(text(), 1), text(), text(), text(), text(), random.Uint64()
		got, err := newSchedule(shared, hello, accept)
		if err != nil {
			t.Fatal(err)
		}
		want := newSecond(shared, hello, accept)
		request := got.request(counter, body)
		answer := got.answer(counter, request[:], back)
		if !bytes.Equal(got.id[:], want.id) || !bytes.Equal(request[:], want.requestMAC(counter, body)) || !bytes.Equal(answer[:], want.answerMAC(counter, request[:], back)) {
			t.Fatalf("shared %x, hello %x, accept %x, counter %d: got id %x, MACs %x and %x, want %x, %x, %x", shared, hello, accept, counter,
				got.id, request, answer, want.id, want.requestMAC(counter, body), want.answerMAC(counter, request[:], back))
		}
	}
}

// Keys stay out of whatever is printed of a session.
func TestSessionPrintsNoKeys(t *testing.T) {
	shared := bytes.Repeat([]byte{0xa7}, 32)
	s, err := newSchedule(shared, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := newSecond(shared, nil, nil)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s"} {
		text := fmt.Sprintf(verb, &Session{schedule: s}) + fmt.Sprintf(verb, held{schedule: s})
		for _, key := range [][]byte{want.request, want.answer} {
			if strings.Contains(text, hex.EncodeToString(key)) || strings.Contains(text, fmt.Sprint(key)) || strings.Contains(text, string(key)) {
				t.Errorf("%s prints a key: %s", verb, text)
			}
		}
	}
}

func TestAgreeIsX25519(t *testing.T) {
	a, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{3}, 32))
	if err != nil {
		t.Fatal(err)
	}
	b, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	one, err := agree(a, b.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	two, err := agree(b, a.PublicKey().Bytes())
	if err != nil || !bytes.Equal(one, two) || len(one) != 32 {
		t.Errorf("shared secrets: got %x and %x, %v, want one", one, two, err)
	}
}

// The window holds what a set of all numbers taken would say.
func TestWindow(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var w window
	taken, high := map[uint64]bool{}, uint64(0)
	for range 50_000 {
		n := high + uint64(random.IntN(40))
		if back := uint64(random.IntN(Window + 50)); back < n && random.IntN(3) > 0 {
			n -= back
		}
		if random.IntN(2000) == 0 {
			n += Window * uint64(random.IntN(3))
		}
		want := n > 0 && !taken[n] && n+Window > high
		if got := w.take(n); got != want {
			t.Fatalf("number %d with the highest %d: taken %t, want %t", n, high, got, want)
		}
		if want {
			taken[n], high = true, max(high, n)
		}
	}
	for _, n := range []uint64{0, math.MaxUint64} {
		if w.take(n) {
			t.Errorf("number %d was taken", n)
		}
	}
	if !w.take(lastNumber) || w.take(lastNumber) || w.take(math.MaxUint64) {
		t.Error("the last number is not taken exactly once")
	}
}

func TestNumbersEnd(t *testing.T) {
	s := connect(t, newLedger(t, ledgerConfig("first")))
	s.last.Store(lastNumber)
	_, err := s.Seal(nil)
	wantCode(t, "a session whose numbers are used up", err, CodeReplayed)
}
