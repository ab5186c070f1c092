// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/privatechaincode/fpc/fabric/block"
)

// DescriptionFile is the name of the description in the network's directory.
// It is written last when a network is made: where it is, all else is.
const DescriptionFile = "network.json"

// Description tells whoever uses the network where its parts are. Paths are
// absolute.
type Description struct {
	Dir     string `json:"dir"`
	Channel string `json:"channel"`
	// ChannelHash is the lower-case hex Channel_hash: what clients pin.
	ChannelHash  string `json:"channel_hash"`
	GenesisBlock string `json:"genesis_block"` // file
	// FabricCfgPath is the folder with core.yaml, for Fabric's own tools.
	FabricCfgPath string                 `json:"fabric_cfg_path"`
	Orderer       OrdererDescription     `json:"orderer"`
	Organizations []OrgDescription       `json:"organizations"`
	Batch         BatchDescription       `json:"batch"`
	Chaincodes    []ChaincodeDescription `json:"chaincodes,omitempty"`
}

// OrdererDescription is the ordering node and its organisation.
type OrdererDescription struct {
	MSPID    string `json:"msp_id"`
	Domain   string `json:"domain"`
	Address  string `json:"address"` // host:port
	Hostname string `json:"hostname"`
	TLSRoot  string `json:"tls_root_cert"` // PEM file
	MSPDir   string `json:"msp_dir"`       // of the organisation: no keys
	AdminMSP string `json:"admin_msp"`
}

// OrgDescription is an organisation with its peer.
type OrgDescription struct {
	Name        string `json:"name"` // "Org1"
	MSPID       string `json:"msp_id"`
	Domain      string `json:"domain"`
	PeerAddress string `json:"peer_address"` // host:port; also where launched chaincode registers
	Hostname    string `json:"hostname"`     // of the peer's TLS certificate, beside localhost
	TLSRoot     string `json:"tls_root_cert"`
	MSPDir      string `json:"msp_dir"`
	// Users are the MSP folders of users that were made with the network, by name.
	Users map[string]string `json:"users"`
	// Env is a file of shell exports for Fabric's peer command as this
	// organisation's administrator.
	Env string `json:"env"`
}

// BatchDescription is when the orderer cuts a block.
type BatchDescription struct {
	Timeout string `json:"timeout"` // Go duration
	Count   uint32 `json:"count"`
}

// ChaincodeDescription is a chaincode service that somebody runs for a peer.
type ChaincodeDescription struct {
	MSPID     string `json:"msp_id"`
	PackageID string `json:"package_id"`
	Address   string `json:"address"`
}

// SetChaincode records where a chaincode service listens, replacing what was
// recorded for the same organisation and package, and writes the description.
// It is for whoever starts such services; the peers read connection.json.
func (d *Description) SetChaincode(c ChaincodeDescription) error {
	d.Chaincodes = slices.DeleteFunc(d.Chaincodes, func(o ChaincodeDescription) bool {
		return o.MSPID == c.MSPID && o.PackageID == c.PackageID
	})
	d.Chaincodes = append(d.Chaincodes, c)
	return d.write()
}

// ErrNoNetwork is returned by ReadDescription for a directory without a network.
var ErrNoNetwork = errors.New("devnet: no network in this directory; make one with: fpc network up")

// ReadDescription reads the description of the network in dir.
func ReadDescription(dir string) (*Description, error) {
	raw, err := os.ReadFile(filepath.Join(dir, DescriptionFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoNetwork)
	}
	if err != nil {
		return nil, err
	}
	d := new(Description)
	if err := json.Unmarshal(raw, d); err != nil {
		return nil, fmt.Errorf("devnet: %s: %w", filepath.Join(dir, DescriptionFile), err)
	}
	if d.Channel == "" || d.Orderer.Address == "" || len(d.Organizations) == 0 {
		return nil, fmt.Errorf("devnet: %s is not a network's description", filepath.Join(dir, DescriptionFile))
	}
	return d, nil
}

// write puts the description in its place in one step.
func (d *Description) write() error {
	raw, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("devnet: description: %w", err)
	}
	return replaceFile(filepath.Join(d.Dir, DescriptionFile), append(raw, '\n'))
}

// replaceFile writes a file so that it is there completely or not at all.
func replaceFile(name string, contents []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(contents)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// describe says where everything is.
func (n *Network) describe(cfg Config, listeners []net.Listener) *Description {
	d := &Description{
		Dir:           cfg.Dir,
		Channel:       cfg.Channel,
		ChannelHash:   fmt.Sprintf("%x", block.Hash(n.genesis.Header)),
		GenesisBlock:  genesisFile(cfg),
		FabricCfgPath: cfg.Dir,
		Orderer: OrdererDescription{
			MSPID:    n.orderer.MSPID,
			Domain:   n.orderer.Domain,
			Address:  listeners[0].Addr().String(),
			Hostname: ordererNode + "." + n.orderer.Domain,
			TLSRoot:  n.orderer.TLSRoot(),
			MSPDir:   filepath.Join(n.orderer.Dir, "msp"),
			AdminMSP: filepath.Join(n.orderer.UserDir("Admin"), "msp"),
		},
		Batch: BatchDescription{Timeout: cfg.BatchTimeout.String(), Count: cfg.BatchCount},
	}
	for i, o := range n.orgs {
		users := map[string]string{}
		for _, u := range append([]string{"Admin"}, o.Users...) {
			users[u] = filepath.Join(o.UserDir(u), "msp")
		}
		name := fmt.Sprintf("Org%d", i+1)
		d.Organizations = append(d.Organizations, OrgDescription{
			Name:        name,
			MSPID:       o.MSPID,
			Domain:      o.Domain,
			PeerAddress: listeners[i+1].Addr().String(),
			Hostname:    peerNode + "." + o.Domain,
			TLSRoot:     o.TLSRoot(),
			MSPDir:      filepath.Join(o.Dir, "msp"),
			Users:       users,
			Env:         filepath.Join(cfg.Dir, envDir, name+".sh"),
		})
	}
	return d
}
