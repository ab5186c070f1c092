// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// ServerTLS makes the TLS configuration of a chaincode as a service from PEM.
// With client CAs, peers must present a certificate of theirs; without, any
// client that reaches the port can act as a peer.
func ServerTLS(certPEM, keyPEM, clientCAs []byte) (*tls.Config, error) {
	c, err := ownCertificate(certPEM, keyPEM)
	if err != nil {
		return nil, err
	}
	if len(clientCAs) > 0 {
		if c.ClientCAs, err = pool(clientCAs); err != nil {
			return nil, fmt.Errorf("client CA certificates: %w", err)
		}
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// ClientTLS makes the TLS configuration of a launched chaincode from PEM. The
// certificate and key may be missing where the peer asks for none.
func ClientTLS(certPEM, keyPEM, rootCAs []byte) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	var err error
	if len(certPEM) > 0 || len(keyPEM) > 0 {
		if c, err = ownCertificate(certPEM, keyPEM); err != nil {
			return nil, err
		}
	}
	if c.RootCAs, err = pool(rootCAs); err != nil {
		return nil, fmt.Errorf("peer's root certificates: %w", err)
	}
	return c, nil
}

func ownCertificate(certPEM, keyPEM []byte) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("own TLS certificate and key: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}, nil
}

func pool(pem []byte) (*x509.CertPool, error) {
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in PEM form")
	}
	return p, nil
}
