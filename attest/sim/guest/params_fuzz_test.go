// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package guest

import "testing"

// FuzzParseParams: whatever a host gives as attestation parameters, they are
// refused or survive encoding.
func FuzzParseParams(f *testing.F) {
	f.Add(Params{NotBefore: 1, NotAfter: 2, TCB: 3, Debug: true}.Marshal())
	f.Add([]byte(`{"not_after":1,"x":1}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseParams(b)
		if err != nil {
			return
		}
		if again, err := ParseParams(p.Marshal()); err != nil || again != p {
			t.Fatalf("%q: got %+v and error %v, want %+v", b, again, err, p)
		}
	})
}
