// SPDX-License-Identifier: Apache-2.0

package ca

import (
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// keyFile is what cryptogen calls every private key.
const keyFile = "priv_sk"

// folder collects writes below one directory; the first error stays.
type folder struct {
	dir string
	err error
}

func (f *folder) write(mode os.FileMode, contents []byte, path ...string) {
	if f.err != nil {
		return
	}
	name := filepath.Join(append([]string{f.dir}, path...)...)
	if f.err = os.MkdirAll(filepath.Dir(name), 0o755); f.err == nil {
		f.err = os.WriteFile(name, contents, mode)
	}
}

func (f *folder) public(contents []byte, path ...string) { f.write(0o644, contents, path...) }

func (f *folder) key(key *ecdsa.PrivateKey, path ...string) {
	if f.err != nil {
		return
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		f.err = fmt.Errorf("ca: private key: %w", err)
		return
	}
	f.write(0o600, encode("PRIVATE KEY", der), path...)
}

// writeAuthorities writes ca, tlsca and the organisation's public msp folder.
func (o *Org) writeAuthorities() error {
	f := &folder{dir: o.Dir}
	f.public(o.CA.PEM(), "ca", o.caFile())
	f.key(o.CA.key, "ca", keyFile)
	f.public(o.TLSCA.PEM(), "tlsca", o.tlsCAFile())
	f.key(o.TLSCA.key, "tlsca", keyFile)
	if f.err != nil {
		return f.err
	}
	return o.writeMSP(filepath.Join(o.Dir, "msp"), "", nil, nil)
}

// writeMSP writes an MSP folder; without a certificate one that only verifies.
func (o *Org) writeMSP(dir, name string, cert []byte, key *ecdsa.PrivateKey) error {
	f := &folder{dir: dir}
	f.public(o.CA.PEM(), "cacerts", o.caFile())
	f.public(o.TLSCA.PEM(), "tlscacerts", o.tlsCAFile())
	f.public(o.nodeOUs(), "config.yaml")
	if cert != nil {
		f.public(cert, "signcerts", name+"-cert.pem")
		f.key(key, "keystore", keyFile)
	}
	return f.err
}

// writeTLS issues and writes a TLS folder: ca.crt, <kind>.crt, <kind>.key.
func (o *Org) writeTLS(dir, kind string, r Request) error {
	cert, key, err := o.TLSCA.Issue(r)
	if err != nil {
		return err
	}
	f := &folder{dir: dir}
	f.public(o.TLSCA.PEM(), "ca.crt")
	f.public(cert, kind+".crt")
	f.key(key, kind+".key")
	return f.err
}

func (o *Org) caFile() string    { return "ca." + o.Domain + "-cert.pem" }
func (o *Org) tlsCAFile() string { return "tlsca." + o.Domain + "-cert.pem" }

// nodeOUs is the config.yaml of an MSP folder.
func (o *Org) nodeOUs() []byte {
	var b strings.Builder
	b.WriteString("NodeOUs:\n  Enable: true\n")
	for _, ou := range []struct{ kind, role string }{
		{"Client", RoleClient}, {"Peer", RolePeer}, {"Admin", RoleAdmin}, {"Orderer", RoleOrderer},
	} {
		fmt.Fprintf(&b, "  %sOUIdentifier:\n    Certificate: cacerts/%s\n    OrganizationalUnitIdentifier: %s\n", ou.kind, o.caFile(), ou.role)
	}
	return []byte(b.String())
}

// readOnly reads the only file of a directory.
func readOnly(dir string) ([]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if len(entries) != 1 {
		return nil, fmt.Errorf("ca: %s holds %d files, want 1", dir, len(entries))
	}
	return os.ReadFile(filepath.Join(dir, entries[0].Name()))
}
