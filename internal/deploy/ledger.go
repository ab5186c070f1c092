// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// LedgerSpec says how to host an organisation's ledger enclave.
type LedgerSpec struct {
	// StateDatabase is the peers' kind; empty: leveldb.
	StateDatabase string
	// Registry is the name under which ERCC is defined; empty: the usual one.
	Registry string
	// Args are further arguments of fpc-ledger-host.
	Args []string
}

// ServeLedgers starts a ledger enclave with its host beside every organisation's
// peer (fpc-ledger-host). Stubs of Full mode reach them at [Network.LedgerSocket].
// Each begins at the channel's first block, or at its checkpoint below Dir. When
// it returns the sockets are there; that a ledger enclave has caught up shows in
// its status.
func (n *Network) ServeLedgers(ctx context.Context, spec LedgerSpec) (*Service, error) {
	s := &Service{Name: "ledger"}
	for org := range n.Orgs {
		p, err := n.ledgerProgram(org, spec)
		if err != nil {
			s.Stop()
			return nil, err
		}
		started, err := Start(ctx, p)
		if err != nil {
			s.Stop()
			return nil, err
		}
		s.Processes, s.Programs = append(s.Processes, started), append(s.Programs, p)
	}
	return s, nil
}

func (n *Network) ledgerProgram(org int, spec LedgerSpec) (Program, error) {
	o := n.Orgs[org]
	if o.Reader == "" {
		return Program{}, errors.New("ledger host of " + o.MSPID + ": no MSP folder of an identity that may read blocks is known")
	}
	socket := n.LedgerSocket(org)
	if err := os.MkdirAll(filepath.Dir(socket), 0o700); err != nil {
		return Program{}, err
	}
	args := append(n.traceArgs(), "--channel", n.Channel, "--state", filepath.Join(n.Dir, "ledger."+o.MSPID), "--socket", socket)
	if spec.StateDatabase != "" {
		args = append(args, "--state-database", spec.StateDatabase)
	}
	if spec.Registry != "" {
		args = append(args, "--ercc", spec.Registry)
	}
	p := n.program("ledger", org, filepath.Join(n.Bin, "fpc-ledger-host"), append(args, spec.Args...)...)
	p.Address = unixScheme + socket
	p.Env = append(p.Env, "CORE_PEER_ADDRESS="+o.Peer.Address, "CORE_PEER_LOCALMSPID="+o.MSPID, "CORE_PEER_MSPCONFIGPATH="+o.Reader)
	if len(o.Peer.RootCerts) == 0 {
		return p, nil
	}
	roots := filepath.Join(n.Dir, "ledger."+o.MSPID, "peer-tls-root.pem")
	if err := os.MkdirAll(filepath.Dir(roots), 0o700); err != nil {
		return Program{}, err
	}
	p.Env = append(p.Env, "CORE_PEER_TLS_ENABLED=true", "CORE_PEER_TLS_ROOTCERT_FILE="+roots, "CORE_PEER_TLS_SERVERHOSTOVERRIDE="+o.Peer.ServerName)
	return p, os.WriteFile(roots, o.Peer.RootCerts, 0o600)
}

// socketSpace is how long the path of a unix socket may be, with room for that of
// the ledger enclave's own one.
const socketSpace = 99

// LedgerSocket is the path of the socket at which an organisation's ledger
// enclave is reached. It is below Dir, or where that would be too long for a
// socket, in a folder for temporary files that is named after it.
func (n *Network) LedgerSocket(org int) string {
	name := strings.ToLower(n.Orgs[org].MSPID) + ".sock"
	if path := filepath.Join(n.Dir, "sockets", name); len(path) <= socketSpace {
		return path
	}
	hash := sha256.Sum256([]byte(n.Dir))
	return filepath.Join(os.TempDir(), fmt.Sprintf("fpc-%x", hash[:8]), name)
}
