// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/privatechaincode/fpc/keys"
)

func newStateKey(t testing.TB) keys.StateKey {
	t.Helper()
	k, err := keys.NewStateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var value = keys.ValueBinding{
	ChannelHash: bytes.Repeat([]byte{1}, 32),
	ChaincodeID: "auction",
	Key:         "bid1",
	ValueHeader: keys.ValueHeader{Generation: 1, TxID: keys.TxID{2}, Exec: keys.Exec{3}},
}

func TestValueOpensOnlyWhereItBelongs(t *testing.T) {
	k := newStateKey(t)
	sealed, err := k.SealValue(value, keys.PadPadme, []byte("100"))
	if err != nil {
		t.Fatal(err)
	}
	plaintext, header, err := k.OpenValue(value, sealed)
	if err != nil || string(plaintext) != "100" || header != value.ValueHeader {
		t.Fatalf("OpenValue = %q, %v, %v, want \"100\", %v", plaintext, header, err, value.ValueHeader)
	}
	edit := func(f func(*keys.ValueBinding)) keys.ValueBinding { b := value; f(&b); return b }
	tests := []struct {
		name    string
		key     keys.StateKey
		binding keys.ValueBinding
		sealed  []byte
		want    error
	}{
		{"other channel", k, edit(func(b *keys.ValueBinding) { b.ChannelHash = bytes.Repeat([]byte{2}, 32) }), sealed, keys.ErrOpen},
		{"other chaincode", k, edit(func(b *keys.ValueBinding) { b.ChaincodeID = "auctions" }), sealed, keys.ErrOpen},
		{"other state key", k, edit(func(b *keys.ValueBinding) { b.Key = "bid2" }), sealed, keys.ErrOpen},
		{"other SEK", newStateKey(t), value, sealed, keys.ErrOpen},
		{"header only", k, value, sealed[:73], keys.ErrOpen},
		{"shorter than a header", k, value, sealed[:72], keys.ErrMalformed},
		{"clear text", k, value, []byte("100"), keys.ErrMalformed},
		{"unknown version", k, value, append([]byte{2}, sealed[1:]...), keys.ErrMalformed},
		{"no key", keys.StateKey{}, value, sealed, keys.ErrNoKey},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := test.key.OpenValue(test.binding, test.sealed); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	for i := 1; i < len(sealed); i++ { // byte 0 is the version
		altered := bytes.Clone(sealed)
		altered[i] ^= 0x80
		if _, _, err := k.OpenValue(value, altered); !errors.Is(err, keys.ErrOpen) {
			t.Fatalf("byte %d altered: got %v, want %v", i, err, keys.ErrOpen)
		}
	}
}

// Enclaves must agree on every byte; runs with other inputs must not produce
// equal ciphertexts of equal values.
func TestValuesAreDeterministicPerExecution(t *testing.T) {
	k := newStateKey(t)
	b, err := k.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	same, err := keys.ParseStateKey(b)
	if err != nil {
		t.Fatal(err)
	}
	seal := func(k keys.StateKey, b keys.ValueBinding) string {
		sealed, err := k.SealValue(b, keys.PadPadme, []byte("100"))
		if err != nil {
			t.Fatal(err)
		}
		return string(sealed)
	}
	if seal(k, value) != seal(same, value) {
		t.Error("two enclaves sealed one value differently")
	}
	other := value
	other.Exec = keys.Exec{4}
	if seal(k, value)[73:] == seal(k, other)[73:] {
		t.Error("executions with different inputs gave equal ciphertexts")
	}
}

func TestEventOpensOnlyWhereItBelongs(t *testing.T) {
	k := newStateKey(t)
	good := keys.EventBinding{ChannelHash: make([]byte, 32), ChaincodeID: "auction", Generation: 1, Name: "sold", TxID: keys.TxID{1}, RequestHash: [32]byte{2}, Exec: keys.Exec{3}}
	sealed, err := k.SealEvent(good, keys.PadPadme, []byte("to bob"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.OpenEvent(good, sealed); err != nil || string(got) != "to bob" {
		t.Fatalf("OpenEvent = %q, %v, want \"to bob\"", got, err)
	}
	for name, edit := range map[string]func(*keys.EventBinding){
		"channel":     func(b *keys.EventBinding) { b.ChannelHash = []byte{1} },
		"chaincode":   func(b *keys.EventBinding) { b.ChaincodeID = "other" },
		"generation":  func(b *keys.EventBinding) { b.Generation = 2 },
		"name":        func(b *keys.EventBinding) { b.Name = "other" },
		"transaction": func(b *keys.EventBinding) { b.TxID = keys.TxID{9} },
		"request":     func(b *keys.EventBinding) { b.RequestHash = [32]byte{9} },
		"exec":        func(b *keys.EventBinding) { b.Exec = keys.Exec{9} },
	} {
		b := good
		edit(&b)
		if _, err := k.OpenEvent(b, sealed); !errors.Is(err, keys.ErrOpen) {
			t.Errorf("other %s: got %v, want %v", name, err, keys.ErrOpen)
		}
	}
}

func TestResponseOpensOnlyWhereItBelongs(t *testing.T) {
	k := keys.NewResponseKey()
	good := keys.ResponseBinding{ChannelHash: make([]byte, 32), ChaincodeID: "auction", TxID: keys.TxID{1}, RequestHash: [32]byte{2}, Exec: keys.Exec{3}}
	sealed, err := k.SealResponse(good, keys.PadPadme, []byte("ok"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := k.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := keys.ParseResponseKey(b)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parsed.OpenResponse(good, sealed); err != nil || string(got) != "ok" {
		t.Fatalf("OpenResponse = %q, %v, want \"ok\"", got, err)
	}
	for name, edit := range map[string]func(*keys.ResponseBinding){
		"channel":     func(b *keys.ResponseBinding) { b.ChannelHash = []byte{1} },
		"chaincode":   func(b *keys.ResponseBinding) { b.ChaincodeID = "other" },
		"transaction": func(b *keys.ResponseBinding) { b.TxID = keys.TxID{9} },
		"request":     func(b *keys.ResponseBinding) { b.RequestHash = [32]byte{9} },
		"exec":        func(b *keys.ResponseBinding) { b.Exec = keys.Exec{9} },
	} {
		b := good
		edit(&b)
		if _, err := k.OpenResponse(b, sealed); !errors.Is(err, keys.ErrOpen) {
			t.Errorf("other %s: got %v, want %v", name, err, keys.ErrOpen)
		}
	}
	if _, err := keys.NewResponseKey().OpenResponse(good, sealed); !errors.Is(err, keys.ErrOpen) {
		t.Errorf("other key: got %v, want %v", err, keys.ErrOpen)
	}
	if _, err := (keys.ResponseKey{}).SealResponse(good, keys.PadPadme, nil); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("no key: got %v, want %v", err, keys.ErrNoKey)
	}
}

// Values and events are sealed under different keys: one never opens as the other.
func TestPurposesAreApart(t *testing.T) {
	k := newStateKey(t)
	sealed, err := k.SealEvent(keys.EventBinding{}, keys.PadNone, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.OpenValue(keys.ValueBinding{}, append(make([]byte, 73), sealed...)); err == nil {
		t.Error("an event opened as a state value")
	}
}

func TestParseTxID(t *testing.T) {
	good := "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	id, err := keys.ParseTxID(good)
	if err != nil || id.String() != good {
		t.Errorf("ParseTxID(%q) = %v, %v", good, id, err)
	}
	for _, bad := range []string{"", good[:62], good + "00", "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF", "zz" + good[2:]} {
		if _, err := keys.ParseTxID(bad); !errors.Is(err, keys.ErrMalformed) {
			t.Errorf("ParseTxID(%q): got %v, want %v", bad, err, keys.ErrMalformed)
		}
	}
}

func FuzzOpenValue(f *testing.F) {
	k := newStateKey(f)
	sealed, err := k.SealValue(value, keys.PadPadme, []byte("100"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add(append([]byte{1}, make([]byte, 100)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, err := k.OpenValue(value, b)
		if !errors.Is(err, keys.ErrOpen) && !errors.Is(err, keys.ErrMalformed) && !bytes.Equal(b, sealed) {
			t.Fatalf("got %v, want %v or %v", err, keys.ErrOpen, keys.ErrMalformed)
		}
	})
}
