// SPDX-License-Identifier: Apache-2.0

package chaincode

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/privatechaincode/fpc/fabric/lifecycle"
)

const (
	// defaultDialTimeout is how long a service may take to listen.
	defaultDialTimeout = 3 * time.Second
	// maxConnection bounds connection.json, certificates included.
	maxConnection = 1 << 20
)

// Connection is a package's connection.json: where the chaincode listens.
type Connection struct {
	Address            string   `json:"address"`
	DialTimeout        duration `json:"dial_timeout"`
	TLSRequired        bool     `json:"tls_required"`
	ClientAuthRequired bool     `json:"client_auth_required"`
	ClientKey          string   `json:"client_key"`  // PEM
	ClientCert         string   `json:"client_cert"` // PEM
	RootCert           string   `json:"root_cert"`   // PEM
}

// duration is written as "10s", or as a number of nanoseconds.
type duration time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (d *duration) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		var n int64
		if err := json.Unmarshal(raw, &n); err != nil {
			return errors.New("dial_timeout is neither a duration nor a number")
		}
		*d = duration(n)
		return nil
	}
	parsed, err := time.ParseDuration(text)
	*d = duration(parsed)
	return err
}

// ConnectionOf reads the connection.json in the code of a package of type
// `ccaas` or `fpc`; nil if there is none, in which case the chaincode is
// launched and registers by itself.
func ConnectionOf(pkg *lifecycle.Package) (*Connection, error) {
	if pkg.Type != "ccaas" && pkg.Type != "fpc" {
		return nil, fmt.Errorf("packages of type %q cannot be run by this peer: it runs ccaas and fpc", pkg.Type)
	}
	raw, err := fileInCode(pkg.Code, "connection.json")
	if err != nil || raw == nil {
		return nil, err
	}
	return parseConnection(raw)
}

func parseConnection(raw []byte) (*Connection, error) {
	var c Connection
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("connection.json: %w", err)
	}
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		return nil, fmt.Errorf("connection.json: address: %w", err)
	}
	return &c, nil
}

// fileInCode returns a regular file at the root of a package's code, nil if it
// is not there.
func fileInCode(code []byte, name string) ([]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(code))
	if err != nil {
		return nil, fmt.Errorf("package code: %w", err)
	}
	files := tar.NewReader(zip)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("package code: %w", err)
		}
		if header.Typeflag != tar.TypeReg || path.Clean(header.Name) != name {
			continue
		}
		if header.Size > maxConnection {
			return nil, fmt.Errorf("package code: %s is larger than %d bytes", name, maxConnection)
		}
		return io.ReadAll(files)
	}
}

func (c *Connection) dialTimeout() time.Duration {
	if c.DialTimeout <= 0 {
		return defaultDialTimeout
	}
	return time.Duration(c.DialTimeout)
}

// credentials are how the peer trusts the service, and shows itself to it.
func (c *Connection) credentials() (credentials.TransportCredentials, error) {
	if !c.TLSRequired {
		return insecure.NewCredentials(), nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(c.RootCert)) {
		return nil, errors.New("connection.json: root_cert: chaincode tls root cert not provided")
	}
	cfg := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if c.ClientAuthRequired {
		cert, err := tls.X509KeyPair([]byte(c.ClientCert), []byte(c.ClientKey))
		if err != nil {
			return nil, fmt.Errorf("connection.json: client_cert, client_key: %w", err)
		}
		cfg.Certificates = []tls.Certificate{cert}
	}
	return credentials.NewTLS(cfg), nil
}
