// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package admin_test

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/certify"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// exchange is what a Fabric CA server was asked and answered, byte by byte, and what
// the enclave was certified by. e2e.TestFabricCAServer recorded those in testdata.
type exchange struct {
	Server      string    `json:"server"`
	At          time.Time `json:"at"`
	View        []byte    `json:"view"`
	Credentials []byte    `json:"credentials"`
	Roots       []byte    `json:"roots"`
	Manifest    []byte    `json:"manifest"`
	CAName      string    `json:"ca_name"`
	Secret      string    `json:"secret"`
	Request     string    `json:"request"`
	Response    string    `json:"response"`
}

func readExchange(t *testing.T, name string) *exchange {
	t.Helper()
	raw, err := os.ReadFile("testdata/fabric-ca/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	e := new(exchange)
	if err := json.Unmarshal(raw, e); err != nil {
		t.Fatal(err)
	}
	return e
}

// request is the recorded one, and its body.
func (e *exchange) request(t *testing.T) (*http.Request, []byte) {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(e.Request)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, body
}

// certification is the recorded enclave's, for the recorded request.
func (e *exchange) certification(t *testing.T) admin.Certification {
	t.Helper()
	view, credentials := &fpc.RegistryView{}, &fpc.Credentials{}
	if err := errors.Join(proto.Unmarshal(e.View, view), proto.Unmarshal(e.Credentials, credentials)); err != nil {
		t.Fatal(err)
	}
	facts, err := admin.RegistrationFacts(view, "", e.Manifest, map[string]attest.Verifier{sim.Platform: sim.Verifier{}}, e.At)
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		CSR string `json:"certificate_request"`
	}
	_, raw := e.request(t)
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(body.CSR))
	return admin.Certification{Facts: facts, Credentials: credentials, CSR: block.Bytes, Roots: e.Roots}
}

// replay serves a recorded exchange over TLS, and fails the test if it is asked
// anything else. It answers the CA, as this package reaches it.
func (e *exchange) replay(t *testing.T) *admin.FabricCA {
	t.Helper()
	want, wantBody := e.request(t)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(body, wantBody) {
			t.Errorf("request's body: got %s, error %v, want %s", body, err, wantBody)
		}
		if r.Method != want.Method || r.RequestURI != want.RequestURI {
			t.Errorf("request: got %s %s, want %s %s", r.Method, r.RequestURI, want.Method, want.RequestURI)
		}
		for _, name := range []string{"Authorization", "Content-Type"} {
			if got := r.Header[name]; !slices.Equal(got, want.Header[name]) {
				t.Errorf("%s: got %q, want %q", name, got, want.Header[name])
			}
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, e.Response)
		_ = conn.Close()
	}))
	t.Cleanup(s.Close)
	return fabricCA(t, s.URL, e.CAName, e.Secret, certify.PEM(s.Certificate().Raw))
}

func fabricCA(t *testing.T, address, name, secret string, roots []byte) *admin.FabricCA {
	t.Helper()
	ca, err := admin.NewFabricCA(address, name, secret, roots)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// A real server's certificate passes REG-9's checks: over the attested key, of the
// role client, with the enclave's unit.
func TestFabricCACertifies(t *testing.T) {
	e := readExchange(t, "enrolled")
	text, err := e.certification(t).Certify(t.Context(), e.replay(t))
	if err != nil {
		t.Fatalf("%s: %v", e.Server, err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	units := slices.Sorted(slices.Values(cert.Subject.OrganizationalUnit))
	if len(units) != 2 || units[0] != "client" || !strings.HasPrefix(units[1], "fpc-") {
		t.Errorf("%s certified for the units %q, want client and fpc-…", e.Server, units)
	}
}

// The refusal of a real server says what its operator has to type, and no secret.
func TestFabricCARefuses(t *testing.T) {
	e := readExchange(t, "refused")
	_, err := e.certification(t).Certify(t.Context(), e.replay(t))
	var step *protocol.StepError
	if !errors.As(err, &step) || step.Code != protocol.CodeNotCertified || !strings.Contains(step.Reason, "Authentication failure") {
		t.Fatalf("%s: got %v, want code %s and the server's reason", e.Server, err, protocol.CodeNotCertified)
	}
	user, _, _ := func() (string, string, bool) { r, _ := e.request(t); return r.BasicAuth() }()
	if want := "fabric-ca-client register --id.name " + user + " --id.type client --id.affiliation fpc-"; !strings.Contains(step.Hint, want) {
		t.Errorf("hint: got %q, want %q", step.Hint, want)
	}
}

// enrolling asks a CA for a certificate that nobody will look at.
func enrolling(t *testing.T, ca *admin.FabricCA) error {
	t.Helper()
	_, err := ca.Issue(t.Context(), []byte("request"), "enclave", []string{"client", "fpc-00"})
	return err
}

// TestFabricCAKeepsTheSecret: a server that another CA certified, one that
// sends the client elsewhere, and one that is asked in the clear, see no secret.
func TestFabricCAKeepsTheSecret(t *testing.T) {
	asked := func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("asked: %s %s with the secret", r.Method, r.URL)
	}
	s := httptest.NewTLSServer(http.HandlerFunc(asked))
	t.Cleanup(s.Close)
	t.Run("another TLS root", func(t *testing.T) {
		for name, roots := range map[string][]byte{"of the system": nil, "of another CA": fpctest.NewOrg(t, "Org1MSP").CA.CertPEM} {
			err := enrolling(t, fabricCA(t, s.URL, "", "secret", roots))
			var unknown x509.UnknownAuthorityError
			var unreachable *fabric.UnreachableError
			if !errors.As(err, &unknown) || !errors.As(err, &unreachable) {
				t.Errorf("roots %s: got %v, want the server unreachable, its certificate of an unknown authority", name, err)
			}
		}
	})
	t.Run("redirected", func(t *testing.T) {
		to := httptest.NewServer(http.HandlerFunc(asked))
		t.Cleanup(to.Close)
		from := httptest.NewTLSServer(http.RedirectHandler(to.URL, http.StatusTemporaryRedirect))
		t.Cleanup(from.Close)
		if err := enrolling(t, fabricCA(t, from.URL, "", "secret", certify.PEM(from.Certificate().Raw))); err == nil || !strings.Contains(err.Error(), "307") {
			t.Errorf("got %v, want a refusal with status 307", err)
		}
	})
	t.Run("in the clear", func(t *testing.T) {
		for _, address := range []string{"http://ca.example.com:7054", "http://192.0.2.1:7054", "http://127.0.0.1.example.com", "ftp://127.0.0.1"} {
			if _, err := admin.NewFabricCA(address, "", "secret", nil); err == nil || !strings.Contains(err.Error(), "in the clear") {
				t.Errorf("%s: got %v, want a refusal to send a secret in the clear", address, err)
			}
		}
		for _, address := range []string{"http://127.0.0.1:7054", "http://[::1]:7054", "http://localhost:7054", "https://ca.example.com"} {
			if _, err := admin.NewFabricCA(address, "", "secret", nil); err != nil {
				t.Errorf("%s: %v, want it accepted", address, err)
			}
		}
	})
}

func TestFabricCAThatIsNone(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	if err := enrolling(t, fabricCA(t, s.URL, "", "secret", nil)); err == nil || !strings.Contains(err.Error(), "no JSON") {
		t.Errorf("got %v, want an answer that is no JSON", err)
	}
	if _, err := admin.NewFabricCA("https://ca.example.com", "", "secret", []byte("x")); err == nil || !strings.Contains(err.Error(), "TLS root") {
		t.Errorf("a TLS root that is none: got %v, want an error of the TLS root", err)
	}
	for _, address := range []string{"", "ca.example.com:7054", "https://", "https://admin:adminpw@ca.example.com"} {
		if _, err := admin.NewFabricCA(address, "", "secret", nil); err == nil || strings.Contains(err.Error(), "adminpw") {
			t.Errorf("%q: got %v, want an error without a password", address, err)
		}
	}
	ca := fabricCA(t, s.URL, "", "secret", nil)
	if _, err := ca.Issue(t.Context(), nil, "enclave", []string{"peer", "fpc-00"}); err == nil || !strings.Contains(err.Error(), "units") {
		t.Errorf("the role peer: got %v, want an error of the units", err)
	}
}
