// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/protocol"
)

// Row 13: an enclave that has keys is initialised again, or its host gives it
// another sealed state when it starts. It keeps its keys, or does not start.
func TestAttack13SealedState(t *testing.T) {
	w := newWorld(t, "asset")
	w.serve(nil, "asset", "asset2", "auction")
	made := w.initialise()
	w.submit("CreateAsset", "a1", "ann", "blue", "7")

	sameCode, otherCode := *w, *w
	sameCode.serveMore(deploy.Private{Name: "asset2", Enclave: w.sample("asset")})
	sameCode.initialise()
	otherCode.serveMore(deploy.Private{Name: "auction", Enclave: w.sample("auction")})
	otherCode.initialise()

	before := w.remember()
	t.Run("initialised twice", func(t *testing.T) {
		_, err := w.host().Init(w.ctx, w.Orgs[0].Peer.Address, nil)
		refused(t, err, protocol.CodeAlreadyInitialised)
		_, err = w.host().GenerateCCKeys(w.ctx, "")
		refused(t, err, protocol.CodeAlreadyProvisioned)
		w.unchanged(before)
	})

	w.kill(w.service)
	own := w.stateDir()
	flipped := read(t, own, "stub.state")
	flipped[len(flipped)/3] ^= 1
	for name, test := range map[string]struct {
		state, secret []byte // nil: the enclave's own
		want          string // code, or words
	}{
		"of another enclave":                  {read(t, sameCode.stateDir(), "stub.state"), nil, string(enclave.CodeSealedOtherHost)},
		"of another enclave, with its secret": {read(t, sameCode.stateDir(), "stub.state"), read(t, sameCode.stateDir(), "host.secret"), `is of chaincode "asset2"`},
		"of other code":                       {read(t, otherCode.stateDir(), "stub.state"), read(t, otherCode.stateDir(), "host.secret"), string(enclave.CodeSealedOtherCode)},
		"truncated":                           {read(t, own, "stub.state")[:100], nil, "damaged state file"},
		"empty":                               {[]byte{}, nil, "damaged state file"},
		"altered":                             {flipped, nil, string(enclave.CodeSealedTampered)},
		"under another secret":                {nil, bytes.Repeat([]byte{7}, 32), string(enclave.CodeSealedOtherHost)},
	} {
		t.Run(name, func(t *testing.T) {
			shown := map[string][]byte{"stub.state": test.state, "host.secret": test.secret}
			for file, content := range shown {
				if content == nil {
					continue
				}
				kept := read(t, own, file)
				write(t, own, file, content)
				defer write(t, own, file, kept)
			}
			p, err := deploy.Start(w.ctx, w.service.Programs[0])
			if err == nil {
				_ = p.Kill()
				t.Fatal("the stub started, want a refusal")
			}
			last := lastLine(err.Error())
			if !strings.Contains(last, test.want) {
				t.Errorf("got %s, want %s", last, test.want)
			}
			for file, content := range shown {
				if content != nil && !bytes.Equal(read(t, own, file), content) {
					t.Errorf("the stub changed %s, want it left for whoever looks into it", file)
				}
			}
		})
	}
	w.start(w.service)
	w.unchanged(before)
	if got := w.status().EnclaveId; got != made.EnclaveID {
		t.Errorf("enclave: got %s, want %s", got, made.EnclaveID)
	}
	w.submit("UpdateAsset", "a1", "green", "8")
}

// stateDir is the state directory of the enclave.
func (w *world) stateDir() string {
	w.t.Helper()
	return filepath.Dir(w.sealed())
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func read(t testing.TB, dir, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func write(t testing.TB, dir, file string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, file), raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
