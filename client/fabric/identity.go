// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/privatechaincode/fpc/fabric/msp"
)

// LoadIdentity reads the signing identity of an MSP folder, as Fabric's tools
// write it: one certificate in signcerts, one PKCS#8 key in keystore.
func LoadIdentity(mspID, dir string) (msp.Signer, error) {
	if mspID == "" {
		return nil, errors.New("no MSP id given; set CORE_PEER_LOCALMSPID")
	}
	cert, err := onlyFile(filepath.Join(dir, "signcerts"))
	if err != nil {
		return nil, fmt.Errorf("MSP folder %s: certificate: %w", dir, err)
	}
	keyPEM, err := onlyFile(filepath.Join(dir, "keystore"))
	if err != nil {
		return nil, fmt.Errorf("MSP folder %s: key: %w", dir, err)
	}
	key, err := parseKey(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("MSP folder %s: key: %w", dir, err)
	}
	signer, err := msp.NewSigner(mspID, cert, key)
	if err != nil {
		return nil, fmt.Errorf("MSP folder %s: %w", dir, err)
	}
	return signer, nil
}

// onlyFile reads the first regular file of a folder.
func onlyFile(dir string) ([]byte, error) {
	files, err := filesIn(dir)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no file", dir)
	}
	return files[0], nil
}

func parseKey(raw []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if ec, ok := key.(*ecdsa.PrivateKey); ok {
			return ec, nil
		}
		return nil, errors.New("not an ECDSA key")
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("neither a PKCS#8 nor an EC private key")
	}
	return key, nil
}
