// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// Organizational units that give a certificate its role in an MSP with NodeOUs.
const (
	clientOU  = "client"
	peerOU    = "peer"
	adminOU   = "admin"
	ordererOU = "orderer"
)

// LoadMSP reads an organisation's membership from an MSP folder, as a channel's
// configuration holds it: roots, intermediates, TLS roots, revocation lists, and
// NodeOUs bound to the first root. Keys are not read.
func LoadMSP(mspID, dir string) (*msppb.FabricMSPConfig, error) {
	config := &msppb.FabricMSPConfig{
		Name: mspID,
		CryptoConfig: &msppb.FabricCryptoConfig{
			SignatureHashFamily: "SHA2", IdentityIdentifierHashFunction: "SHA256",
		},
	}
	for folder, into := range map[string]*[][]byte{
		"cacerts": &config.RootCerts, "intermediatecerts": &config.IntermediateCerts, "admincerts": &config.Admins,
		"tlscacerts": &config.TlsRootCerts, "tlsintermediatecerts": &config.TlsIntermediateCerts, "crls": &config.RevocationList,
	} {
		files, err := filesIn(filepath.Join(dir, folder))
		if err != nil {
			return nil, fmt.Errorf("MSP folder %s: %w", dir, err)
		}
		*into = files
	}
	if len(config.RootCerts) == 0 {
		return nil, fmt.Errorf("MSP folder %s: cacerts holds no certificate", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "config.yaml")); err == nil {
		ou := func(name string) *msppb.FabricOUIdentifier {
			return &msppb.FabricOUIdentifier{Certificate: config.RootCerts[0], OrganizationalUnitIdentifier: name}
		}
		config.FabricNodeOus = &msppb.FabricNodeOUs{
			Enable: true, ClientOuIdentifier: ou(clientOU), PeerOuIdentifier: ou(peerOU), AdminOuIdentifier: ou(adminOU), OrdererOuIdentifier: ou(ordererOU),
		}
	}
	return config, nil
}

// filesIn reads the regular files of a folder, none if there is no folder.
func filesIn(dir string) ([][]byte, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var files [][]byte
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, raw)
	}
	return files, nil
}
