// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync/atomic"
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

// bases are what ports begin with, all but their last digit, in an order of this
// run's own; drawn counts those that were taken: each serves once, so that no two
// services are given the same ports before they listen. They are below the ports
// that systems give to whoever asks for any, and not those of docs/.
var (
	bases = slices.DeleteFunc(rand.Perm(3000), func(base int) bool {
		return base < 1100 || base >= 1800 && base < 2000 || base >= 2600 && base < 2700
	})
	drawn atomic.Int64
)

// freePorts finds three ports that nothing listens on, the same but for their last
// digit: 1, 2 and 3, after what it returns.
func freePorts() (string, error) {
	for range 100 {
		i := drawn.Add(1) - 1
		if i >= int64(len(bases)) {
			break
		}
		base, free := fmt.Sprint(bases[i]), true
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
