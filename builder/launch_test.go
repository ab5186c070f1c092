// SPDX-License-Identifier: Apache-2.0

package builder_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/builder"
	"github.com/privatechaincode/fpc/protocol"
)

var packageID = "auction_1.0:" + strings.Repeat("0f", 32)

func runConfig(change func(*builder.RunConfig)) []byte {
	c := builder.RunConfig{ChaincodeID: packageID, PeerAddress: "127.0.0.1:7052", MSPID: "Org1MSP"}
	change(&c)
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return raw
}

func TestRunConfigIsRefused(t *testing.T) {
	const secret = "-----BEGIN PRIVATE KEY-----"
	for _, test := range []struct {
		name   string
		change func(*builder.RunConfig)
		says   string
	}{
		{"no package id", func(c *builder.RunConfig) { c.ChaincodeID = "" }, "chaincode_id"},
		{"no hash", func(c *builder.RunConfig) { c.ChaincodeID = "auction" }, "chaincode_id"},
		{"short hash", func(c *builder.RunConfig) { c.ChaincodeID = "auction:0f" }, "chaincode_id"},
		{"label that climbs", func(c *builder.RunConfig) { c.ChaincodeID = "../x" + packageID }, "chaincode_id"},
		{"no address", func(c *builder.RunConfig) { c.PeerAddress = "" }, "peer_address"},
		{"no port", func(c *builder.RunConfig) { c.PeerAddress = "peer" }, "peer_address"},
		{"no organisation", func(c *builder.RunConfig) { c.MSPID = "" }, "mspid"},
		{"a key alone", func(c *builder.RunConfig) { c.ClientKey = secret }, "client_key"},
		{"no certificates", func(c *builder.RunConfig) { c.ClientCert, c.ClientKey, c.RootCert = secret, secret, secret }, "client_cert"},
		{"root that is none", func(c *builder.RunConfig) { c.RootCert = secret }, "root_cert"},
	} {
		_, err := builder.ParseRunConfig(runConfig(test.change))
		if protocol.CodeOf(err) != protocol.CodeMalformed || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got error %v, want code %s and %q", test.name, err, protocol.CodeMalformed, test.says)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error repeats the key: %v", test.name, err)
		}
	}
	for _, raw := range []string{"", "{}", "[]", `{"chaincode_id":1}`, strings.Repeat(" ", 1<<21), `{"client_key":"` + secret} {
		if _, err := builder.ParseRunConfig([]byte(raw)); protocol.CodeOf(err) != protocol.CodeMalformed || strings.Contains(err.Error(), secret) {
			t.Errorf("%.30q: got error %v, want code %s", raw, err, protocol.CodeMalformed)
		}
	}
}

// FuzzParseRunConfig: what is read names a package and a peer, and reads the same
// when it is written again; what is refused repeats nothing.
func FuzzParseRunConfig(f *testing.F) {
	f.Add(runConfig(func(*builder.RunConfig) {}))
	f.Add(runConfig(func(c *builder.RunConfig) { c.ClientCert, c.ClientKey, c.RootCert = "a", "b", "c" }))
	f.Add([]byte(`{"chaincode_id":"` + packageID + `","peer_address":"[::1]:7052","mspid":"O","more":{}}`))
	f.Add([]byte(`{"chaincode_id":"a:","peer_address":":"}`))
	f.Add([]byte("[[[[[["))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := builder.ParseRunConfig(raw)
		if err != nil {
			if protocol.CodeOf(err) != protocol.CodeMalformed || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %q has code %q, want one line of code %s", err, protocol.CodeOf(err), protocol.CodeMalformed)
			}
			return
		}
		if c.Label() == "" || !strings.HasPrefix(c.ChaincodeID, c.Label()+":") {
			t.Fatalf("chaincode_id %q gives label %q", c.ChaincodeID, c.Label())
		}
		written, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := builder.ParseRunConfig(written)
		if err != nil || *again != *c {
			t.Fatalf("read again: got %+v, error %v, want %+v", again, err, c)
		}
	})
}

func TestLaunch(t *testing.T) {
	state := t.TempDir()
	output := t.TempDir()
	write(t, filepath.Join(output, "bin", "enclave"), enclave)
	program := filepath.Join(output, "bin", "enclave")
	for _, test := range []struct {
		name                    string
		env                     map[string]string
		chaincode, enclave, arg string
		code                    protocol.Code // of a refusal
	}{
		{"no place for state", nil, "auction", "", "", ""},
		{"a place for state", map[string]string{builder.EnvState: state}, "auction", program, "", ""},
		{"hosted by name", map[string]string{builder.EnvState: state, builder.EnvEnclaves: "other, auction"}, "auction", program, "", ""},
		{"hosted elsewhere", map[string]string{builder.EnvState: state, builder.EnvEnclaves: "other"}, "auction", "", "", ""},
		{"another name", map[string]string{builder.EnvNames: "auction_1.0=lot"}, "lot", "", "", ""},
		{"further flags", map[string]string{builder.EnvArgs: " --timeout 5s"}, "auction", "", "--timeout 5s", ""},
		{"hosted without a place", map[string]string{builder.EnvEnclaves: "auction"}, "", "", "", "environment"},
		{"a place that depends", map[string]string{builder.EnvState: "state"}, "", "", "", "environment"},
		{"a ledger host", map[string]string{builder.EnvState: state, builder.EnvLedger: "/run/ledger.sock"}, "auction", program, "", ""},
		{"a ledger host that depends", map[string]string{builder.EnvState: state, builder.EnvLedger: "ledger.sock"}, "", "", "", "environment"},
		{"no name", map[string]string{builder.EnvNames: "auction_1.0=x.y"}, "", "", "", "no_chaincode_name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := t.TempDir()
			write(t, filepath.Join(run, builder.RunFile), runConfig(func(*builder.RunConfig) {}))
			l, err := builder.ReadLaunch(output, run, environment(test.env))
			if test.code != "" {
				if protocol.CodeOf(err) != test.code {
					t.Errorf("got error %v, want code %s", err, test.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantState := state
			if test.enclave == "" {
				wantState = ""
			}
			if l.Chaincode != test.chaincode || l.Enclave != test.enclave || l.State != wantState || !slices.Equal(l.Args, strings.Fields(test.arg)) {
				t.Errorf("got chaincode %q, enclave %q, state %q, flags %q; want %q, %q, %q, %q", l.Chaincode, l.Enclave, l.State, l.Args, test.chaincode, test.enclave, wantState, test.arg)
			}
			if l.Client.CCID != packageID || l.Client.PeerAddress != "127.0.0.1:7052" || l.MSPID != "Org1MSP" || l.Client.TLS != nil {
				t.Errorf("got %+v at %s, want %s of Org1MSP without TLS", l.Client, l.MSPID, packageID)
			}
		})
	}
}

func TestLaunchWithoutWhatItNeeds(t *testing.T) {
	run := t.TempDir()
	write(t, filepath.Join(run, builder.RunFile), runConfig(func(*builder.RunConfig) {}))
	hosting := environment(map[string]string{builder.EnvState: t.TempDir()})
	for name, dirs := range map[string][2]string{
		"no enclave's program": {t.TempDir(), run},
		"no chaincode.json":    {t.TempDir(), t.TempDir()},
	} {
		if _, err := builder.ReadLaunch(dirs[0], dirs[1], hosting); protocol.CodeOf(err) != protocol.CodeMalformed {
			t.Errorf("%s: got error %v, want code %s", name, err, protocol.CodeMalformed)
		}
	}
}
