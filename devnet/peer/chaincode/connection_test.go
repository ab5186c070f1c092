// SPDX-License-Identifier: Apache-2.0

package chaincode_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	shimpeer "github.com/privatechaincode/fpc/shim/peer"
)

func packageWith(t *testing.T, kind, connection string) *lifecycle.Package {
	t.Helper()
	files := map[string][]byte{"other.txt": []byte("x")}
	if connection != "" {
		files["connection.json"] = []byte(connection)
	}
	return &lifecycle.Package{Type: kind, Label: "kv", Code: archive(t, files)}
}

func TestConnectionOf(t *testing.T) {
	for _, c := range []struct {
		name, kind, connection string
		want                   string // address and timeout, "none", or the error
	}{
		{"plain", "ccaas", `{"address":"cc.example.com:9999"}`, "cc.example.com:9999 0s"},
		{"timeout in words", "fpc", `{"address":"127.0.0.1:1","dial_timeout":"10s"}`, "127.0.0.1:1 10s"},
		{"timeout as a number", "ccaas", `{"address":"127.0.0.1:1","dial_timeout":5000000000}`, "127.0.0.1:1 5s"},
		{"launched", "fpc", "", "none"},
		{"another type", "golang", `{"address":"127.0.0.1:1"}`, `packages of type "golang" cannot be run by this peer: it runs ccaas and fpc`},
		{"no JSON", "ccaas", `{"address":`, "connection.json: "},
		{"no address", "ccaas", `{}`, "connection.json: address: "},
		{"no port", "ccaas", `{"address":"host"}`, "connection.json: address: "},
		{"bad timeout", "ccaas", `{"address":"127.0.0.1:1","dial_timeout":true}`, "connection.json: dial_timeout is neither"},
		{"too large", "ccaas", `{"address":"127.0.0.1:1","root_cert":"` + strings.Repeat("x", 1<<20) + `"}`, "package code: connection.json is larger"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := chaincode.ConnectionOf(packageWith(t, c.kind, c.connection))
			got := "none"
			switch {
			case err != nil:
				got = err.Error()
			case conn != nil:
				got = conn.Address + " " + time.Duration(conn.DialTimeout).String()
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q…", got, c.want)
			}
		})
	}
	if _, err := chaincode.ConnectionOf(&lifecycle.Package{Type: "ccaas", Code: []byte("no archive")}); err == nil {
		t.Error("code that is no archive: got success")
	}
}

// A service that listens, but answers only after the dial timeout, is waited for.
func TestServiceAnswersLate(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := pkg.BuildCCAAS("kv", pkg.Connection{Address: l.Addr().String(), DialTimeout: "1ms"})
	if err != nil {
		t.Fatal(err)
	}
	n := peertest.Start(t, 1)
	peertest.Serve(t, shimpeer.ServerConfig{CCID: lifecycle.PackageID("kv", raw), Listener: &lateListener{Listener: l}}, peertest.Script)
	n.Define(t, peertest.Definition{Name: "kv"}, raw)
	s := &stage{n, n.Nodes[0], n.Orgs[0].Client()}
	if got, want := s.ask(t, "get a"), "<>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// lateListener hands out no connection before there is a second one: the peer
// makes it when the dial timeout has passed.
type lateListener struct {
	net.Listener
	awake bool
	held  []net.Conn
}

func (l *lateListener) Accept() (net.Conn, error) {
	for ; !l.awake; l.awake = len(l.held) == 2 {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		l.held = append(l.held, conn)
	}
	if len(l.held) == 0 {
		return l.Listener.Accept()
	}
	next := l.held[0]
	l.held = l.held[1:]
	return next, nil
}

// Where nobody listens, the peer says so after the dial timeout.
func TestNobodyListens(t *testing.T) {
	raw, err := pkg.BuildCCAAS("kv", pkg.Connection{Address: "127.0.0.1:1", DialTimeout: "1ms"})
	if err != nil {
		t.Fatal(err)
	}
	n := peertest.Start(t, 1)
	n.Define(t, peertest.Definition{Name: "kv"}, raw)
	s := &stage{n, n.Nodes[0], n.Orgs[0].Client()}
	if got, want := s.ask(t, "get a"), "nothing listens there (waited 1ms)"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want …%q", got, want)
	}
}

// A service may ask for TLS, and for the peer's certificate.
func TestServiceWithTLS(t *testing.T) {
	for _, c := range []struct {
		name   string
		mutual bool
		change func(*pkg.Connection)
		want   string
	}{
		{"server certificate", false, func(*pkg.Connection) {}, "<>"},
		{"both certificates", true, func(*pkg.Connection) {}, "<>"},
		{"no root to trust", false, func(c *pkg.Connection) { c.RootCert = "" }, "root_cert: chaincode tls root cert not provided"},
		{"no key to show", true, func(c *pkg.Connection) { c.ClientKey = "" }, "client_cert, client_key: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := stageTLS(t, c.mutual, c.change)
			if got := s.ask(t, "get a"); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want …%q…", got, c.want)
			}
		})
	}
}

// stageTLS deploys a chaincode whose service demands TLS.
func stageTLS(t *testing.T, mutual bool, change func(*pkg.Connection)) *stage {
	t.Helper()
	root, err := ca.NewAuthority("tlsca", "chaincode", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	issue := func(r ca.Request) (cert, key []byte) {
		cert, private, err := root.Issue(r)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connection := pkg.Connection{Address: l.Addr().String(), DialTimeout: "5s", TLSRequired: true, RootCert: string(root.PEM())}
	var clients []byte
	if mutual {
		cert, key := issue(ca.Request{CommonName: "peer", TLS: true})
		connection.ClientAuthRequired, connection.ClientCert, connection.ClientKey = true, string(cert), string(key)
		clients = root.PEM()
	}
	change(&connection)
	serverCert, serverKey := issue(ca.Request{CommonName: "kv", Hosts: []string{"127.0.0.1"}})
	config, err := shimpeer.ServerTLS(serverCert, serverKey, clients)
	if err != nil {
		t.Fatal(err)
	}
	raw := archive(t, map[string][]byte{
		"metadata.json": []byte(`{"type":"ccaas","label":"kv"}`),
		"code.tar.gz":   archive(t, map[string][]byte{"connection.json": encodeJSON(t, connection)}),
	})
	n := peertest.Start(t, 1)
	peertest.Serve(t, shimpeer.ServerConfig{CCID: lifecycle.PackageID("kv", raw), Listener: l, TLS: config}, peertest.Script)
	n.Define(t, peertest.Definition{Name: "kv"}, raw)
	return &stage{n, n.Nodes[0], n.Orgs[0].Client()}
}

func encodeJSON(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Packages come from an organisation's own administrator, but their contents may
// be anybody's.
func FuzzConnection(f *testing.F) {
	f.Add([]byte(`{"address":"127.0.0.1:1","dial_timeout":"10s","tls_required":true,"root_cert":"x"}`))
	f.Add([]byte(`{"dial_timeout":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		conn, err := chaincode.ConnectionOf(&lifecycle.Package{Type: "ccaas", Code: archive(t, map[string][]byte{"connection.json": raw})})
		if err == nil && conn.Address == "" {
			t.Errorf("got a connection to nowhere from %q", raw)
		}
	})
}

// FuzzCode reads archives that were not made by us.
func FuzzCode(f *testing.F) {
	parsed, err := lifecycle.ParsePackage(peertest.Package(f, "kv", "127.0.0.1:1"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(parsed.Code)
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(_ *testing.T, code []byte) {
		_, _ = chaincode.ConnectionOf(&lifecycle.Package{Type: "fpc", Code: code}) // an error or not, but no panic
	})
}
