// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script/*.txt: fpc as a person types it. `exits N`
// holds a command's exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("BIN", bin(t))
			return nil
		},
	})
}
