// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/shim"
)

type nothing struct{}

func (nothing) Init(shim.ChaincodeStubInterface) *shim.Response   { return shim.Success(nil) }
func (nothing) Invoke(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

func TestRun(t *testing.T) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for _, test := range []struct {
		name   string
		args   []string
		env    map[string]string
		status int
		says   string
	}{
		{"nothing set", nil, nil, 2, "CHAINCODE_SERVER_ADDRESS"},
		{"unknown flag", []string{"-x"}, nil, 2, "-x"},
		{"service without id", nil, map[string]string{"CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0"}, 2, "CHAINCODE_ID"},
		{"service", nil, map[string]string{"CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0", "CHAINCODE_ID": "cc:1"}, 0, "chaincode is served"},
		{"service that logs JSON", []string{"-log-format", "json"}, map[string]string{"CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0", "CHAINCODE_ID": "cc:1"}, 0, `"msg":"chaincode is served"`},
		{"log level of the environment", nil, map[string]string{"FPC_LOG_LEVEL": "loud", "CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0", "CHAINCODE_ID": "cc:1"}, 2, `--log-level "loud"`},
		{"service told to use TLS", nil, map[string]string{"CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0", "CHAINCODE_ID": "cc:1", "CHAINCODE_TLS_DISABLED": "false"}, 2, "CHAINCODE_TLS_CERT"},
		{"service with half of TLS", nil, map[string]string{"CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0", "CHAINCODE_ID": "cc:1", "CHAINCODE_CLIENT_CA_CERT": "/dev/null"}, 2, "CHAINCODE_TLS_CERT"},
		{"address of nobody", nil, map[string]string{"CHAINCODE_SERVER_ADDRESS": "256.0.0.1:1", "CHAINCODE_ID": "cc:1"}, 1, "listen"},
		{"launched without TLS setting", []string{"-peer.address", "127.0.0.1:1"}, map[string]string{"CORE_CHAINCODE_ID_NAME": "cc:1", "CORE_PEER_TLS_ENABLED": "maybe"}, 2, "CORE_PEER_TLS_ENABLED"},
		{"launched, no peer", []string{"-peer.address", "127.0.0.1:1"}, map[string]string{"CORE_CHAINCODE_ID_NAME": "cc:1"}, 1, "127.0.0.1:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			got := run(done, nothing{}, test.args, func(name string) string { return test.env[name] }, &out)
			if got != test.status || !strings.Contains(out.String(), test.says) {
				t.Errorf("status %d, output %q, want %d and %q", got, out.String(), test.status, test.says)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	files := map[string]string{"cert": "CERT", "key": "KEY", "b64": base64.StdEncoding.EncodeToString([]byte("CERT")) + "\n", "bad": "***"}
	for _, test := range []struct {
		name string
		env  map[string]string
		want string // of clientFile, or part of its error
		err  bool
	}{
		{name: "PEM file", env: map[string]string{"C_FILE": "cert"}, want: "CERT"},
		{name: "base64 file", env: map[string]string{"C_PATH": "b64"}, want: "CERT"},
		{name: "PEM file goes first", env: map[string]string{"C_FILE": "cert", "C_PATH": "bad"}, want: "CERT"},
		{name: "neither", env: nil, want: ""},
		{name: "not base64", env: map[string]string{"C_PATH": "bad"}, want: "C_PATH", err: true},
		{name: "missing file", env: map[string]string{"C_FILE": "gone"}, want: "C_FILE", err: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := environment{get: func(name string) string { return test.env[name] }, read: func(path string) ([]byte, error) {
				if content, ok := files[path]; ok {
					return []byte(content), nil
				}
				return nil, fs.ErrNotExist
			}}
			got, err := e.clientFile("C")
			if test.err {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want one that names %s", err, test.want)
				}
				return
			}
			if err != nil || string(got) != test.want {
				t.Errorf("clientFile = %q, error %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestTLSFromTheEnvironment(t *testing.T) {
	env := map[string]string{
		"CHAINCODE_ID": "cc:1", "CHAINCODE_TLS_KEY": "key", "CHAINCODE_TLS_CERT": "cert",
		"CORE_CHAINCODE_ID_NAME": "cc:1", "CORE_PEER_TLS_ENABLED": "true", "CORE_PEER_TLS_ROOTCERT_FILE": "root",
	}
	unreadable := errors.New("unreadable")
	e := environment{get: func(name string) string { return env[name] }, read: func(string) ([]byte, error) { return nil, unreadable }}
	if _, err := e.server("127.0.0.1:0"); !errors.Is(err, unreadable) {
		t.Errorf("server: error %v, want %v", err, unreadable)
	}
	if _, err := e.client("127.0.0.1:1"); !errors.Is(err, unreadable) {
		t.Errorf("client: error %v, want %v", err, unreadable)
	}
	env["CHAINCODE_TLS_DISABLED"] = "true"
	if c, err := e.server("127.0.0.1:0"); err != nil || c.TLS != nil {
		t.Errorf("server with TLS disabled: TLS %v, error %v, want none", c.TLS, err)
	}
}
