// SPDX-License-Identifier: Apache-2.0

package devnet_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/devnet"
)

// A network is made among its own files only: those that a start left which was
// killed, and those that its caller names.
func TestCheckOfAFolder(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		want  error
	}{
		{"none", nil, nil},
		{"of a start that was killed", []string{"organizations", "mychannel.block", "core.yaml", "env", "data", ".network.json-123"}, nil},
		{"of the caller", []string{"network.log"}, nil},
		{"a stranger's", []string{"organizations", "thesis.txt"}, devnet.ErrForeign},
		{"another channel's", []string{"other.block"}, devnet.ErrForeign},
		{"hidden", []string{".profile"}, devnet.ErrForeign},
	} {
		dir := t.TempDir()
		for _, name := range c.files {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := (devnet.Config{Dir: dir}).Check("network.log"); !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", c.name, err, c.want)
		}
	}
	if err := (devnet.Config{Dir: filepath.Join(t.TempDir(), "new")}).Check(); err != nil {
		t.Errorf("no folder yet: got error %v, want none", err)
	}
}

func TestCheckOfNumbers(t *testing.T) {
	for want, c := range map[string]devnet.Config{
		"":                    {Orgs: 64, Port: 7050},
		"-1 organisations":    {Orgs: -1},
		"65 organisations":    {Orgs: 65},
		"port -1":             {Port: -1},
		"port 65533; the ord": {Port: 65533},
	} {
		c.Dir = filepath.Join(t.TempDir(), "net")
		if err := c.Check(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got error %v, want %q in it", c, err, want)
		}
	}
}
