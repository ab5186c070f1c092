// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"testing"

	"github.com/privatechaincode/fpc/keys"
)

// kib is the size that the project's performance figures are given for.
var kib = make([]byte, 1024)

func BenchmarkSealRequest(b *testing.B) {
	for _, suite := range suites(b) {
		_, ek := newChaincodeKeys(b, suite)
		b.Run(string(suite), func(b *testing.B) {
			for b.Loop() {
				if _, err := ek.SealRequest(request, keys.PadPadme, kib); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpenRequest(b *testing.B) {
	for _, suite := range suites(b) {
		dk, ek := newChaincodeKeys(b, suite)
		sealed, err := ek.SealRequest(request, keys.PadPadme, kib)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(string(suite), func(b *testing.B) {
			for b.Loop() {
				if _, err := dk.OpenRequest(request, sealed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSealValue(b *testing.B) {
	k := newStateKey(b)
	for b.Loop() {
		if _, err := k.SealValue(value, keys.PadPadme, kib); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenValue(b *testing.B) {
	k := newStateKey(b)
	sealed, err := k.SealValue(value, keys.PadPadme, kib)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := k.OpenValue(value, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSealResponse(b *testing.B) {
	k := keys.NewResponseKey()
	for b.Loop() {
		if _, err := k.SealResponse(keys.ResponseBinding{}, keys.PadPadme, kib); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	sk, _ := newPair(b)
	for b.Loop() {
		if _, err := sk.Sign(keys.LabelResponse, kib); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	sk, vk := newPair(b)
	sig, err := sk.Sign(keys.LabelResponse, kib)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := vk.Verify(keys.LabelResponse, kib, sig); err != nil {
			b.Fatal(err)
		}
	}
}
