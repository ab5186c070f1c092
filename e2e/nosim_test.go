// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os/exec"
	"strings"
	"testing"
)

// Programs built with the tag nosim contain no code that simulates or accepts
// simulated enclaves.
func TestNoSimulationInNosimBuilds(t *testing.T) {
	const simulation = "github.com/privatechaincode/fpc/attest/sim"
	depends := func(flags ...string) (found []string) {
		t.Helper()
		args := append(append([]string{"list", "-deps"}, flags...), "../cmd/...", "../samples/.../private")
		out, err := exec.Command("go", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
		for _, pkg := range strings.Fields(string(out)) {
			if pkg == simulation || strings.HasPrefix(pkg, simulation+"/") {
				found = append(found, pkg)
			}
		}
		return found
	}
	if found := depends("-tags", "nosim"); len(found) > 0 {
		t.Errorf("with the tag nosim the programs link %v, want nothing simulated", found)
	}
	if found := depends(); len(found) == 0 {
		t.Error("without the tag the programs link no simulation either: this test looks for the wrong packages")
	}
}
