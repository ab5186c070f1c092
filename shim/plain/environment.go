// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"github.com/privatechaincode/fpc/shim/peer"
)

var errNowhere = errors.New("nothing says where to connect: set CHAINCODE_SERVER_ADDRESS and CHAINCODE_ID to run as a service, or CORE_PEER_ADDRESS and CORE_CHAINCODE_ID_NAME when a peer launches the chaincode")

// environment is where the configuration comes from.
type environment struct {
	get  func(string) string
	read func(string) ([]byte, error)
}

// server reads the environment of a chaincode as a service. TLS is used when
// any of CHAINCODE_TLS_CERT, CHAINCODE_TLS_KEY and CHAINCODE_CLIENT_CA_CERT
// names a file or CHAINCODE_TLS_DISABLED is false, and never when that is true.
// The first two are then needed; with the third, peers must show a certificate.
func (e environment) server(address string) (peer.ServerConfig, error) {
	c := peer.ServerConfig{CCID: e.first("CHAINCODE_ID", "CORE_CHAINCODE_ID_NAME"), Address: address}
	if c.CCID == "" {
		return c, errors.New("CHAINCODE_ID is not set: it is the package id that 'lifecycle chaincode install' printed")
	}
	disabled, err := e.flag("CHAINCODE_TLS_DISABLED")
	if err != nil {
		return c, err
	}
	names := []string{"CHAINCODE_TLS_CERT", "CHAINCODE_TLS_KEY", "CHAINCODE_CLIENT_CA_CERT"}
	if disabled || e.get("CHAINCODE_TLS_DISABLED") == "" && e.first(names...) == "" {
		return c, nil
	}
	var pem [3][]byte
	for i, name := range names {
		if pem[i], err = e.file(name); err != nil {
			return c, err
		}
	}
	if pem[0] == nil || pem[1] == nil {
		return c, errors.New("TLS is asked for, but CHAINCODE_TLS_CERT and CHAINCODE_TLS_KEY do not both name a file; CHAINCODE_TLS_DISABLED=true turns it off")
	}
	c.TLS, err = peer.ServerTLS(pem[0], pem[1], pem[2])
	return c, err
}

// client reads the environment that Fabric gives to launched chaincodes. A
// client certificate and its key stand in CORE_TLS_CLIENT_CERT_FILE and
// CORE_TLS_CLIENT_KEY_FILE as PEM, or in …_PATH as base64 of PEM.
func (e environment) client(peerAddress string) (peer.ClientConfig, error) {
	c := peer.ClientConfig{CCID: e.first("CORE_CHAINCODE_ID_NAME", "CHAINCODE_ID"), PeerAddress: peerAddress}
	if c.CCID == "" || c.PeerAddress == "" {
		return c, errNowhere
	}
	enabled, err := e.flag("CORE_PEER_TLS_ENABLED")
	if err != nil || !enabled {
		return c, err
	}
	cert, err := e.clientFile("CORE_TLS_CLIENT_CERT")
	if err != nil {
		return c, err
	}
	key, err := e.clientFile("CORE_TLS_CLIENT_KEY")
	if err != nil {
		return c, err
	}
	roots, err := e.file("CORE_PEER_TLS_ROOTCERT_FILE")
	if err != nil {
		return c, err
	}
	c.TLS, err = peer.ClientTLS(cert, key, roots)
	return c, err
}

func (e environment) first(names ...string) string {
	for _, name := range names {
		if v := e.get(name); v != "" {
			return v
		}
	}
	return ""
}

func (e environment) flag(name string) (bool, error) {
	v := e.get(name)
	if v == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, fmt.Errorf("%s is %q, want true or false", name, v)
	}
	return b, nil
}

// file reads the file that a variable names; nil if it names none.
func (e environment) file(name string) ([]byte, error) {
	path := e.get(name)
	if path == "" {
		return nil, nil
	}
	b, err := e.read(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

func (e environment) clientFile(name string) ([]byte, error) {
	if e.get(name+"_FILE") != "" {
		return e.file(name + "_FILE")
	}
	encoded, err := e.file(name + "_PATH")
	if err != nil {
		return nil, err
	}
	pem, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(encoded)))
	if err != nil {
		return nil, fmt.Errorf("%s_PATH: not base64: %w", name, err)
	}
	return pem, nil
}
