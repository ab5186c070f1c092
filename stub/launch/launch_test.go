// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"testing"
)

func TestTry(t *testing.T) {
	p, err := Start(t.Context(), Config{Binary: "/tmp/probe"})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range p.Confinement() {
		t.Log(l)
	}
	p.Stop()
}
