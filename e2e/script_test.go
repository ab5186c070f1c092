// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script/*.txt: fpc as a person types it. `exits N`
// holds a command's exit code.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("BIN", bin(t))
			for _, service := range []string{"ERCC", "AUCTION"} {
				ports, err := freePorts()
				if err != nil {
					return err
				}
				env.Setenv(service+"_PORTS", ports)
			}
			return nil
		},
	})
}

// freePorts finds three ports that nothing listens on, the same but for their last
// digit: 1, 2 and 3, after what it returns. They are below those that systems give
// to whoever asks for any.
func freePorts() (string, error) {
	for range 100 {
		base, free := fmt.Sprint(1100+rand.IntN(1900)), true
		for _, org := range []string{"1", "2", "3"} {
			l, err := net.Listen("tcp", "127.0.0.1:"+base+org)
			free = free && err == nil
			if err == nil {
				_ = l.Close()
			}
		}
		if free {
			return base, nil
		}
	}
	return "", errors.New("no three free ports that follow one another")
}
