// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// FabricCA enrols enclaves at a Fabric CA server. That server takes the units of a
// certificate from the identity that enrols, never from the request: its type and
// its affiliation. So the CA's operator registers, for each enclave, an identity
// whose name is the enclave id, of type client and with the enclave's unit as
// affiliation, and hands its secret over once the evidence is verified.
type FabricCA struct {
	URL    string // https://ca.org1.example.com:7054
	Name   string // of the CA, where the server runs several; may be empty
	Secret string // of the identity registered for the enclave
	Client *http.Client
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

// Issue implements [Authority].
func (ca FabricCA) Issue(ctx context.Context, csr []byte, commonName string, _ []string) ([]byte, error) {
	body, err := json.Marshal(enrolment{
		Request: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})), CAName: ca.Name,
	})
	if err != nil {
		return nil, err
	}
	target, err := url.JoinPath(ca.URL, "api", "v1", "enroll")
	if err != nil {
		return nil, fmt.Errorf("fabric CA: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("fabric CA: %w", err)
	}
	request.SetBasicAuth(commonName, ca.Secret)
	request.Header.Set("Content-Type", "application/json")
	client := ca.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fabric CA: %w", err)
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
		return nil, fmt.Errorf("fabric CA: status %s: %s", response.Status, answer.refusal())
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
