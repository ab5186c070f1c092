// SPDX-License-Identifier: Apache-2.0

package external

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// runConfig is chaincode.json.
type runConfig struct {
	ChaincodeID string `json:"chaincode_id"`
	PeerAddress string `json:"peer_address"`
	ClientCert  string `json:"client_cert"`
	ClientKey   string `json:"client_key"`
	RootCert    string `json:"root_cert"`
	MSPID       string `json:"mspid"`
}

// Run starts run for what was built. The folder with chaincode.json lasts as long
// as the program.
func (s *Builders) Run(b *Build) (*Process, error) {
	config := runConfig{ChaincodeID: b.PackageID, PeerAddress: s.cfg.PeerAddress, MSPID: s.cfg.MSPID}
	if s.cfg.RootCert != nil {
		cert, key, err := s.issue(b.PackageID)
		if err != nil {
			return nil, fmt.Errorf("certificate for %s: %w", b.PackageID, err)
		}
		config.ClientCert, config.ClientKey, config.RootCert = string(cert), string(key), string(s.cfg.RootCert)
	}
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "fpc-run-*")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "chaincode.json"), raw, 0o600); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p, err := s.start(b.builder, "run", filepath.Join(b.dir, outputDir), dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("builder '%s' run failed to start: %w", b.builder.Name, err), os.RemoveAll(dir))
	}
	go func() {
		<-p.Done()
		if err := os.RemoveAll(dir); err != nil {
			s.cfg.Log.Warn("folder of an ended chaincode stays", "error", err)
		}
	}()
	return p, nil
}

// issue makes a client certificate with which the next process of a package
// registers; the former one is void.
func (s *Builders) issue(packageID string) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	now := s.cfg.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "launched chaincode"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	s.issued[packageID] = der
	s.mu.Unlock()
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), nil
}

// Admit refuses a registration for a package that this peer launched by any
// process but the one that it launched last: it shows that one's certificate, in
// DER; nil if it showed none.
func (s *Builders) Admit(packageID string, certificate []byte) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	issued := s.issued[packageID]
	s.mu.Unlock()
	if issued != nil && !bytes.Equal(issued, certificate) {
		return fmt.Errorf("chaincode %s is launched by this peer and registers with the TLS certificate that it was given", packageID)
	}
	return nil
}
