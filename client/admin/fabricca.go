// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/protocol"
)

// FabricCA enrols enclaves at a Fabric CA server. That server takes the units of a
// certificate from the identity that enrols, never from the request: its type and
// its affiliation. So the CA's operator registers, for each enclave, an identity
// whose name is the enclave id, of type client and with the enclave's unit as
// affiliation ([FabricCACommands]), and hands its secret over once the evidence is
// verified.
type FabricCA struct {
	enroll string // the address of POST /api/v1/enroll
	name   string // of the CA; may be empty
	secret string
	client *http.Client
}

// NewFabricCA reaches the server at an address (https://ca.org1.example.com:7054),
// name's CA there, where the server runs several, with the secret of the identity
// that was registered for the enclave. tlsRoots are the certificates, PEM, under
// which the server's must be issued; empty: the system's. Who reads the secret can
// have the CA certify a key of his own under the enclave's unit, so plain http is
// refused for every host but this one.
func NewFabricCA(address, name, secret string, tlsRoots []byte) (*FabricCA, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("fabric CA: address: %w", err)
	case u.Hostname() == "" || u.User != nil:
		return nil, fmt.Errorf("fabric CA: address %s is not of the form https://HOST:PORT", u.Redacted())
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		return nil, fmt.Errorf("fabric CA: %s would carry the enrolment's secret in the clear; use https, or http on this host", u)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if len(tlsRoots) > 0 {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(tlsRoots) {
			return nil, errors.New("fabric CA: TLS root: no PEM certificate")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &FabricCA{
		enroll: u.JoinPath("api", "v1", "enroll").String(), name: name, secret: secret,
		// The server's word must not send the secret elsewhere.
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// FabricCACommands are what the operator of a Fabric CA server types, as its
// registrar, before that server can certify an enclave: the second prints the
// secret of the enrolment.
func FabricCACommands(enclaveID, unit string) []string {
	return []string{
		"fabric-ca-client affiliation add " + unit,
		"fabric-ca-client register --id.name " + enclaveID + " --id.type " + roleClient + " --id.affiliation " + unit,
	}
}

// enrolment is the body of POST /api/v1/enroll.
type enrolment struct {
	Request string `json:"certificate_request"` // PKCS #10, PEM
	CAName  string `json:"caname,omitempty"`
}

// enrolled is the server's answer.
type enrolled struct {
	Success bool            `json:"success"`
	Result  json.RawMessage `json:"result"` // of a success; else an empty string
	Errors  []struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
}

// enrolledCertificate is the result of a success.
type enrolledCertificate struct {
	Cert []byte `json:"Cert"` // PEM, base64 in JSON
}

// maxEnrolled bounds the server's answer, in bytes.
const maxEnrolled = 1 << 20

// Issue implements [Authority], for the role client and one unit. Codes:
// not_certified where the server refuses.
func (ca *FabricCA) Issue(ctx context.Context, csr []byte, commonName string, units []string) ([]byte, error) {
	if len(units) != 2 || units[0] != roleClient {
		return nil, fmt.Errorf("fabric CA: units %q are not the role %s and one unit", units, roleClient)
	}
	body, err := json.Marshal(enrolment{
		Request: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})), CAName: ca.name,
	})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, ca.enroll, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("fabric CA: %w", err)
	}
	request.SetBasicAuth(commonName, ca.secret)
	request.Header.Set("Content-Type", "application/json")
	response, err := ca.client.Do(request)
	if err != nil {
		return nil, &fabric.UnreachableError{Server: "fabric CA", Err: err}
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxEnrolled))
	if err != nil {
		return nil, fmt.Errorf("fabric CA: %w", err)
	}
	var answer enrolled
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("fabric CA: status %s, and no JSON: %w", response.Status, err)
	}
	if !answer.Success || response.StatusCode/100 != 2 {
		return nil, protocol.Errorf("REG-9", protocol.CodeNotCertified, "fabric CA: status %s: %s", response.Status, answer.refusal()).
			WithHint("see that its operator registered the enclave, and that the secret is this registration's: " + strings.Join(FabricCACommands(commonName, units[1]), "; "))
	}
	var result enrolledCertificate
	if err := json.Unmarshal(answer.Result, &result); err != nil {
		return nil, fmt.Errorf("fabric CA: the answer has no certificate: %w", err)
	}
	return result.Cert, nil
}

func (a enrolled) refusal() string {
	var said []string
	for _, e := range a.Errors {
		said = append(said, fmt.Sprintf("code %d: %s", e.Code, e.Message))
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(slices.Compact(said), "; ")
}
