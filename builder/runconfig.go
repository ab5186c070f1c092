// SPDX-License-Identifier: Apache-2.0

package builder

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"

	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/peer"
)

// RunFile is what a peer leaves in run's second folder.
const RunFile = "chaincode.json"

// maxRunFile bounds it, in bytes.
const maxRunFile = 1 << 20

// RunConfig is chaincode.json: how a launched chaincode registers with its peer.
// It holds a private key; do not log it.
type RunConfig struct {
	ChaincodeID string `json:"chaincode_id"` // package id: label:hex SHA-256
	PeerAddress string `json:"peer_address"` // host:port
	ClientCert  string `json:"client_cert"`  // PEM, like the next two; all empty: no TLS
	ClientKey   string `json:"client_key"`
	RootCert    string `json:"root_cert"`
	MSPID       string `json:"mspid"` // of the peer's organisation
}

// packageID takes the label out of a package id.
var packageID = regexp.MustCompile(`^([[:alnum:]][[:alnum:]_.+-]{0,254}):[0-9a-f]{64}$`)

// ParseRunConfig reads chaincode.json. Members that it does not know are left for
// peers to come. Errors are *protocol.StepError and repeat nothing of the
// certificates or the key.
func ParseRunConfig(raw []byte) (*RunConfig, error) {
	if len(raw) > maxRunFile {
		return nil, refuseRun("over %d bytes", maxRunFile)
	}
	c := &RunConfig{}
	if err := json.Unmarshal(raw, c); err != nil {
		// The decoder's own text may quote what it read.
		return nil, refuseRun("not a JSON object of texts, of chaincode_id, peer_address, client_cert, client_key, root_cert, mspid")
	}
	if !packageID.MatchString(c.ChaincodeID) {
		return nil, refuseRun("chaincode_id %.300q: want a package id, LABEL:SHA-256", c.ChaincodeID)
	}
	if _, port, err := net.SplitHostPort(c.PeerAddress); err != nil || port == "" {
		return nil, refuseRun("peer_address %.300q: want host:port", c.PeerAddress)
	}
	if c.MSPID == "" {
		return nil, refuseRun("no mspid")
	}
	if _, err := c.Client(); err != nil {
		return nil, err
	}
	return c, nil
}

// Label is the package's label.
func (c *RunConfig) Label() string {
	if m := packageID.FindStringSubmatch(c.ChaincodeID); m != nil {
		return m[1]
	}
	return ""
}

// Client says how to register with the peer.
func (c *RunConfig) Client() (peer.ClientConfig, error) {
	config := peer.ClientConfig{CCID: c.ChaincodeID, PeerAddress: c.PeerAddress}
	if c.ClientCert == "" && c.ClientKey == "" && c.RootCert == "" {
		return config, nil
	}
	var err error
	if config.TLS, err = peer.ClientTLS([]byte(c.ClientCert), []byte(c.ClientKey), []byte(c.RootCert)); err != nil {
		return peer.ClientConfig{}, refuseRun("client_cert, client_key, root_cert: %w", err)
	}
	return config, nil
}

// readRunConfig reads chaincode.json from run's second folder.
func readRunConfig(dir string) (*RunConfig, error) {
	f, err := os.Open(filepath.Join(dir, RunFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxRunFile+1))
	if err != nil {
		return nil, err
	}
	return ParseRunConfig(raw)
}

func refuseRun(format string, args ...any) error {
	return protocol.Errorf("INV-6a", protocol.CodeMalformed, RunFile+": "+format, args...)
}
