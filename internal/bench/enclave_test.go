// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package bench

import "testing"

// The figures depend on the machine; that there are figures does not.
func TestMeasureEnclave(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	e, err := MeasureEnclave(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if e.Crypto <= 0 || e.Invoke <= e.Crypto/2 {
		t.Errorf("got %v, want an invocation to take about its cryptography or longer", e)
	}
	t.Log(e)
}
