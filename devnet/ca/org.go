// SPDX-License-Identifier: Apache-2.0

package ca

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/privatechaincode/fpc/fabric/msp"
	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// Spec describes an organisation to be.
type Spec struct {
	// MSPID names the organisation in identities: "Org1MSP".
	MSPID string
	// Domain names its folder and its machines: "org1.example.com".
	Domain string
	// Orderer is set for the organisation that orders.
	Orderer bool
	// Nodes are host names of peers or orderers, without the domain: "peer0".
	Nodes []string
	// Users are names of clients, without the domain. Admin is always there.
	Users []string
	// Hosts are names and addresses at which nodes are reached, beside their own.
	Hosts []string
}

// Org is an organisation's folder of material, laid out as cryptogen does:
// ca, tlsca, msp, users and peers (or orderers).
type Org struct {
	Spec
	// Dir is the folder, for example peerOrganizations/org1.example.com.
	Dir string
	// CA certifies identities, TLSCA server and client certificates.
	CA, TLSCA *Authority
}

// Create makes an organisation and writes its folder below root, which must
// not hold it yet.
func Create(root string, spec Spec, now time.Time) (*Org, error) {
	o := &Org{Spec: spec, Dir: orgDir(root, spec)}
	var err error
	if o.CA, err = NewAuthority("ca."+spec.Domain, spec.Domain, now); err != nil {
		return nil, err
	}
	if o.TLSCA, err = NewAuthority("tlsca."+spec.Domain, spec.Domain, now); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(o.Dir), 0o755); err != nil {
		return nil, err
	}
	if err := os.Mkdir(o.Dir, 0o755); err != nil {
		return nil, err
	}
	if err := o.writeAuthorities(); err != nil {
		return nil, err
	}
	for _, n := range spec.Nodes {
		if err := o.addNode(n); err != nil {
			return nil, err
		}
	}
	if err := o.AddUser("Admin", RoleAdmin); err != nil {
		return nil, err
	}
	for _, u := range spec.Users {
		if err := o.AddUser(u, RoleClient); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// Open reads the authorities of an organisation that Create wrote.
func Open(root string, spec Spec) (*Org, error) {
	o := &Org{Spec: spec, Dir: orgDir(root, spec)}
	var err error
	if o.CA, err = readAuthority(filepath.Join(o.Dir, "ca"), "ca."+spec.Domain); err != nil {
		return nil, err
	}
	if o.TLSCA, err = readAuthority(filepath.Join(o.Dir, "tlsca"), "tlsca."+spec.Domain); err != nil {
		return nil, err
	}
	return o, nil
}

func orgDir(root string, spec Spec) string {
	if spec.Orderer {
		return filepath.Join(root, "ordererOrganizations", spec.Domain)
	}
	return filepath.Join(root, "peerOrganizations", spec.Domain)
}

// NodeDir is the folder of a peer or orderer, with msp and tls in it.
func (o *Org) NodeDir(name string) string {
	if o.Orderer {
		return filepath.Join(o.Dir, "orderers", name+"."+o.Domain)
	}
	return filepath.Join(o.Dir, "peers", name+"."+o.Domain)
}

// UserDir is the folder of a user, with msp and tls in it.
func (o *Org) UserDir(name string) string {
	return filepath.Join(o.Dir, "users", name+"@"+o.Domain)
}

// TLSRoot is the file with the certificate that the nodes' TLS certificates
// chain to.
func (o *Org) TLSRoot() string {
	return filepath.Join(o.Dir, "tlsca", "tlsca."+o.Domain+"-cert.pem")
}

// Node returns the signing identity of a node.
func (o *Org) Node(name string) (msp.Signer, error) {
	return ReadSigner(o.MSPID, filepath.Join(o.NodeDir(name), "msp"))
}

// User returns the signing identity of a user.
func (o *Org) User(name string) (msp.Signer, error) {
	return ReadSigner(o.MSPID, filepath.Join(o.UserDir(name), "msp"))
}

// AddUser issues a user's identity and TLS certificate and writes its folder.
func (o *Org) AddUser(name, role string) error {
	cn := name + "@" + o.Domain
	cert, key, err := o.CA.Issue(Request{CommonName: cn, OUs: []string{role}})
	if err != nil {
		return err
	}
	dir := o.UserDir(name)
	if err := o.writeMSP(filepath.Join(dir, "msp"), cn, cert, key); err != nil {
		return err
	}
	return o.writeTLS(filepath.Join(dir, "tls"), "client", Request{CommonName: cn, TLS: true})
}

func (o *Org) addNode(name string) error {
	cn, role := name+"."+o.Domain, RolePeer
	if o.Orderer {
		role = RoleOrderer
	}
	cert, key, err := o.CA.Issue(Request{CommonName: cn, OUs: []string{role}})
	if err != nil {
		return err
	}
	dir := o.NodeDir(name)
	if err := o.writeMSP(filepath.Join(dir, "msp"), cn, cert, key); err != nil {
		return err
	}
	hosts := append([]string{cn, name}, o.Hosts...)
	return o.writeTLS(filepath.Join(dir, "tls"), "server", Request{CommonName: cn, Hosts: hosts})
}

// MSPConfig is the organisation's membership as a channel configuration holds
// it: its two roots, and NodeOUs bound to the identity root. crls are
// revocation lists as PEM (Authority.Revoke).
func (o *Org) MSPConfig(crls ...[]byte) *msppb.FabricMSPConfig {
	ou := func(role string) *msppb.FabricOUIdentifier {
		return &msppb.FabricOUIdentifier{Certificate: o.CA.PEM(), OrganizationalUnitIdentifier: role}
	}
	return &msppb.FabricMSPConfig{
		Name:           o.MSPID,
		RootCerts:      [][]byte{o.CA.PEM()},
		TlsRootCerts:   [][]byte{o.TLSCA.PEM()},
		RevocationList: crls,
		CryptoConfig: &msppb.FabricCryptoConfig{
			SignatureHashFamily:            "SHA2",
			IdentityIdentifierHashFunction: "SHA256",
		},
		FabricNodeOus: &msppb.FabricNodeOUs{
			Enable:              true,
			ClientOuIdentifier:  ou(RoleClient),
			PeerOuIdentifier:    ou(RolePeer),
			AdminOuIdentifier:   ou(RoleAdmin),
			OrdererOuIdentifier: ou(RoleOrderer),
		},
	}
}

// ReadSigner reads the signing identity in an MSP folder: the one certificate
// in signcerts and its key in keystore.
func ReadSigner(mspID, mspDir string) (msp.Signer, error) {
	cert, err := readOnly(filepath.Join(mspDir, "signcerts"))
	if err != nil {
		return nil, err
	}
	raw, err := readOnly(filepath.Join(mspDir, "keystore"))
	if err != nil {
		return nil, err
	}
	key, err := parseKey(raw)
	if err != nil {
		return nil, fmt.Errorf("ca: key in %s: %w", filepath.Join(mspDir, "keystore"), err)
	}
	return msp.NewSigner(mspID, cert, key)
}

func readAuthority(dir, name string) (*Authority, error) {
	certPEM, err := os.ReadFile(filepath.Join(dir, name+"-cert.pem"))
	if err != nil {
		return nil, err
	}
	cert, err := parseCertificate(certPEM)
	if err != nil {
		return nil, fmt.Errorf("ca: %s: %w", dir, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, err
	}
	key, err := parseKey(raw)
	if err != nil {
		return nil, fmt.Errorf("ca: key in %s: %w", dir, err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("ca: %s: key and certificate differ", dir)
	}
	return &Authority{cert: cert, pem: certPEM, key: key}, nil
}

func parseKey(raw []byte) (*ecdsa.PrivateKey, error) {
	b, _ := pem.Decode(raw)
	if b == nil {
		return nil, errors.New("no PEM block")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(b.Bytes)
	if err != nil {
		return nil, errors.New("not a PKCS #8 key")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an ECDSA key")
	}
	return key, nil
}
