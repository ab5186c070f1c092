// SPDX-License-Identifier: Apache-2.0

package pkg

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/privatechaincode/fpc/protocol"
)

// Types of packages; a peer's external builders choose by them.
const (
	TypeFPC   = "fpc"
	TypeCCAAS = "ccaas"
)

// Names of files in a package and in its code.
const (
	MetadataFile   = "metadata.json"
	CodeFile       = "code.tar.gz"
	EnclaveFile    = "bin/enclave"
	ManifestFile   = "code-manifest"
	ConnectionFile = "connection.json"
)

// label is what Fabric allows as a label.
var label = regexp.MustCompile(`^[[:alnum:]][[:alnum:]_.+-]*$`)

// Metadata is metadata.json.
type Metadata struct {
	Path  string `json:"path"`
	Type  string `json:"type"`
	Label string `json:"label"`
}

// Connection is connection.json: how a peer reaches a chaincode as a service.
type Connection struct {
	Address            string `json:"address"`      // host:port, or a builder's template of it
	DialTimeout        string `json:"dial_timeout"` // such as "10s"
	TLSRequired        bool   `json:"tls_required"`
	ClientAuthRequired bool   `json:"client_auth_required,omitempty"`
	ClientKey          string `json:"client_key,omitempty"`  // PEM
	ClientCert         string `json:"client_cert,omitempty"` // PEM
	RootCert           string `json:"root_cert,omitempty"`   // PEM
}

// Code is the code of a package of type fpc.
type Code struct {
	Enclave    []byte
	Manifest   protocol.CodeManifest
	Connection *Connection // nil: the peer launches the stub
}

// BuildFPC makes a package of type fpc.
func BuildFPC(label string, code Code) ([]byte, error) {
	files := map[string][]byte{EnclaveFile: code.Enclave, ManifestFile: code.Manifest.Bytes()}
	if err := addConnection(files, code.Connection); err != nil {
		return nil, err
	}
	if _, err := ParseCode(files); err != nil {
		return nil, err
	}
	return build(Metadata{Type: TypeFPC, Label: label}, files)
}

// BuildCCAAS makes a package of type ccaas, for a chaincode that is a service
// and has no code in the package.
func BuildCCAAS(label string, connection Connection) ([]byte, error) {
	files := make(map[string][]byte)
	if err := addConnection(files, &connection); err != nil {
		return nil, err
	}
	return build(Metadata{Type: TypeCCAAS, Label: label}, files)
}

func addConnection(files map[string][]byte, c *Connection) error {
	if c == nil {
		return nil
	}
	if err := c.check(); err != nil {
		return err
	}
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("%s: %w", ConnectionFile, err)
	}
	files[ConnectionFile] = b
	return nil
}

func build(m Metadata, files map[string][]byte) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	code, err := archive(files)
	if err != nil {
		return nil, err
	}
	metadata, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", MetadataFile, err)
	}
	raw, err := archive(map[string][]byte{MetadataFile: metadata, CodeFile: code})
	if err == nil && len(raw) > MaxPackage {
		return nil, tooLarge("the package has %d bytes, limit %d", len(raw), MaxPackage)
	}
	return raw, err
}

// Check refuses a label that no peer takes, and a missing type.
func (m Metadata) Check() error {
	if !label.MatchString(m.Label) {
		return malformed("label %.100q: want letters and digits, then also . + - _", m.Label)
	}
	if m.Type == "" {
		return malformed("%s names no type", MetadataFile)
	}
	return nil
}

// ID is the id under which a peer installs a package: its label, a colon, and
// the hex SHA-256 of its bytes.
func ID(label string, raw []byte) string {
	sum := sha256.Sum256(raw)
	return label + ":" + hex.EncodeToString(sum[:])
}

// SimPlatform is the platform whose code ids this package can compute itself.
const SimPlatform = "sim"

// SimCodeID is the code id of an enclave binary on the simulated platform: hex
// SHA-256 of the binary, as its launcher measures it.
func SimCodeID(enclave []byte) string {
	sum := sha256.Sum256(enclave)
	return hex.EncodeToString(sum[:])
}

// SimManifest is the manifest that allows an enclave binary on the simulated
// platform, beside other entries `platform:code id`.
func SimManifest(enclave []byte, others ...string) (protocol.CodeManifest, error) {
	return protocol.NewCodeManifest(append(others, protocol.ManifestEntry(SimPlatform, SimCodeID(enclave)))...)
}

var errNoEnclave = errors.New("no enclave binary")
