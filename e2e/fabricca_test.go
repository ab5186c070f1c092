// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/internal/certify"
	"github.com/privatechaincode/fpc/internal/deploy"
)

var record = flag.Bool("record", false, "write the exchanges with a Fabric CA server anew, into client/admin")

const fabricCAExchanges = "../client/admin/testdata/fabric-ca"

// TestFabricCAServer has a real Fabric CA server certify an enclave, by the commands
// that fpc says: its operator registers the enclave with them, and the certificate
// that comes of it is one that the registry registers.
func TestFabricCAServer(t *testing.T) {
	programs := os.Getenv("FABRIC_CA_BIN")
	if programs == "" {
		t.Skip("SKIPPED: FABRIC_CA_BIN does not name the folder with fabric-ca-server and fabric-ca-client")
	}
	w := deployFull(t, "asset")
	third := operatorOf(t, w.ctx, w.Network, 2, "FPC_CA_CERT=", "FPC_CA_KEY=")
	third.examined("asset", 0, `^ok +stub +it validates, and has no enclave`)
	of := []string{"-C", "mychannel", "-n", "asset", "--package", w.thirdEnclave(t)}
	initialise := append([]string{"lifecycle", "chaincode", "initenclave"}, of...)
	command := append([]string{"enclave", "certify"}, of...)
	third.run(1, "", initialise...)
	said := third.run(1, "", command...) // names the commands

	ca := startFabricCA(t, w, programs)
	ca.command("enroll", "-u", "https://admin:adminpw@"+ca.address)
	var secret string
	for _, typed := range regexp.MustCompile(`fabric-ca-client [^;)]+`).FindAllString(said, -1) {
		out := ca.command(strings.Fields(typed)[1:]...)
		if password := regexp.MustCompile(`(?m)^Password: (\S+)$`).FindStringSubmatch(out); password != nil {
			secret = password[1]
		}
	}
	if secret == "" {
		t.Fatalf("no registration by what fpc said:\n%s", said)
	}
	facts := w.certificationFacts(2)

	wrong, right := filepath.Join(t.TempDir(), "wrong"), filepath.Join(t.TempDir(), "right")
	w.must(nil, os.WriteFile(wrong, []byte("x"), 0o600))
	w.must(nil, os.WriteFile(right, []byte(secret+"\n"), 0o600))
	at := func(address, root, secret string) []string {
		return append(slices.Clone(command), "--fabric-ca", "https://"+address, "--fabric-ca-tls-root", root, "--fabric-ca-secret-file", secret)
	}
	tap := tapTLS(t, ca.address, ca.root)
	says(t, third.run(1, "", at(tap.address, tap.root, wrong)...), `REG-9 \[not_certified\] fabric CA: status 401 Unauthorized: code 20: Authentication failure`)
	refused := tap.taken()
	third.run(0, "", append(at(tap.address, tap.root, right), "--fabric-ca-name", fabricCAName)...)
	enrolled := tap.taken()
	third.run(3, "", at(ca.address, tap.root, right)...) // another TLS root
	third.run(0, "", at(ca.address, ca.root, right)...)
	third.run(0, "", initialise...)
	w.followedBy(2)
	third.examined("asset", 0, `^ok +enclaves +3 registered, 2 with keys`)
	if *record && !t.Failed() {
		facts["server"], facts["secret"], facts["ca_name"] = ca.version(), secret, fabricCAName
		facts.write(t, "enrolled", enrolled)
		facts["secret"], facts["ca_name"] = "x", ""
		facts.write(t, "refused", refused)
	}
}

// fabricCAName is the CA's name at the server.
const fabricCAName = "ca-org3"

// fabricCA is a Fabric CA server that issues under the third organisation's CA, and
// its registrar's terminal.
type fabricCA struct {
	w             *world
	programs, dir string
	address, root string
}

func startFabricCA(t *testing.T, w *world, programs string) *fabricCA {
	t.Helper()
	address, err := deploy.FreeAddress()
	w.must(nil, err)
	org := w.Devnet.Description().Organizations[2]
	ca := &fabricCA{w: w, programs: programs, dir: t.TempDir(), address: address, root: org.CACert()}
	host, port, err := net.SplitHostPort(address)
	w.must(nil, err)
	server, err := deploy.Start(w.ctx, deploy.Program{
		Name: "fabric-ca-server", Path: filepath.Join(programs, "fabric-ca-server"), Address: address, Dir: ca.dir,
		Args: []string{
			"start", "--home", filepath.Join(ca.dir, "server"), "-b", "admin:adminpw", "--address", host, "--port", port,
			"--ca.name", fabricCAName, "--ca.certfile", org.CACert(), "--ca.keyfile", org.CAKey(), "--tls.enabled", "--csr.hosts", host,
		},
	})
	w.must(nil, err)
	t.Cleanup(func() { _ = server.Stop() })
	return ca
}

// command is what the registrar types; it answers what is printed.
func (ca *fabricCA) command(args ...string) string {
	ca.w.t.Helper()
	cmd := exec.CommandContext(ca.w.ctx, filepath.Join(ca.programs, "fabric-ca-client"), args...)
	cmd.Env = append(os.Environ(), "FABRIC_CA_CLIENT_HOME="+filepath.Join(ca.dir, "client"), "FABRIC_CA_CLIENT_URL=https://"+ca.address, "FABRIC_CA_CLIENT_TLS_CERTFILES="+ca.root)
	out, err := cmd.CombinedOutput()
	if err != nil {
		ca.w.t.Fatalf("fabric-ca-client %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (ca *fabricCA) version() string {
	return "fabric-ca-server " + regexp.MustCompile(`Version: (\S+)`).FindStringSubmatch(ca.command("version"))[1]
}

// recorded is what certifying an enclave goes by, and one exchange with the server.
type recorded map[string]any

// certificationFacts are those of an organisation's enclave.
func (w *world) certificationFacts(org int) recorded {
	w.t.Helper()
	peer := w.At(org, w.Orgs[org].Admin)
	view, err := admin.Registry{Network: peer}.View(w.ctx, w.name)
	w.must(nil, err)
	status, err := admin.Host{Peer: peer, Chaincode: w.name}.Status(w.ctx)
	w.must(nil, err)
	roots, err := admin.Roots(w.ctx, peer)
	w.must(nil, err)
	return recorded{
		"at":   time.Now().UTC().Format(time.RFC3339),
		"view": encode(w.t, view), "credentials": encode(w.t, status.GetCredentials()), "roots": roots, "manifest": w.manifest,
		"recorded": "FABRIC_CA_BIN=… go test ./e2e -run '^TestFabricCAServer$' -record",
	}
}

func (r recorded) write(t *testing.T, name string, e exchanged) {
	t.Helper()
	r["request"], r["response"] = e.request, e.response
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(r); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(fabricCAExchanges, name+".json"), text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// exchanged is what went over one connection, byte by byte.
type exchanged struct{ request, response string }

// tlsTap stands before a TLS server and keeps what it passes on.
type tlsTap struct {
	address, root string // its own
	connections   chan exchanged
}

func tapTLS(t *testing.T, server, root string) *tlsTap {
	t.Helper()
	own := httptest.NewTLSServer(nil) // for its certificate
	own.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: own.TLS.Certificates, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	tap := &tlsTap{address: listener.Addr().String(), root: filepath.Join(t.TempDir(), "tap.pem"), connections: make(chan exchanged, 1)}
	if err := os.WriteFile(tap.root, certify.PEM(own.Certificate().Raw), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(root)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			onward, err := tls.Dial("tcp", server, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
			if err != nil {
				t.Error(err)
				_ = client.Close()
				continue
			}
			tap.connections <- pass(client, onward)
		}
	}()
	return tap
}

// pass passes on between two connections until the client closes its own.
func pass(client, server net.Conn) exchanged {
	var request, response bytes.Buffer
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(client, io.TeeReader(server, &response))
	}()
	_, _ = io.Copy(server, io.TeeReader(client, &request))
	_ = server.Close()
	<-answered
	_ = client.Close()
	return exchanged{request.String(), response.String()}
}

// taken is what the connection was used for that was closed last.
func (tap *tlsTap) taken() exchanged { return <-tap.connections }
