// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"os"
	"path/filepath"
	"strings"
)

// coreYAML is the least that Fabric's peer command wants to find under
// FABRIC_CFG_PATH; addresses and identities come from the environment.
const coreYAML = `# For Fabric's own peer command: set FABRIC_CFG_PATH to this folder and source
# one of env/*.sh, which name peer, identity and TLS roots.
peer:
  id: cli
  client:
    connTimeout: 3s
  BCCSP:
    Default: SW
    SW:
      Hash: SHA2
      Security: 256
      FileKeyStore:
        KeyStore:
`

// Export is one environment variable.
type Export struct{ Name, Value string }

// Exports returns the environment with which Fabric's peer command acts as the
// organisation's administrator on the organisation's peer. The last two name
// the orderer for its flags -o and --cafile.
func (d *Description) Exports(o OrgDescription) []Export {
	return []Export{
		{"FABRIC_CFG_PATH", d.FabricCfgPath},
		{"CORE_PEER_LOCALMSPID", o.MSPID},
		{"CORE_PEER_MSPCONFIGPATH", o.Users["Admin"]},
		{"CORE_PEER_ADDRESS", o.PeerAddress},
		{"CORE_PEER_TLS_ENABLED", "true"},
		{"CORE_PEER_TLS_ROOTCERT_FILE", o.TLSRoot},
		{"ORDERER_ADDRESS", d.Orderer.Address},
		{"ORDERER_CA", d.Orderer.TLSRoot},
		{"FPC_CA_CERT", o.CACert()},
		{"FPC_CA_KEY", o.CAKey()},
	}
}

// CACert is the file with the certificate of the organisation's CA, and CAKey the
// one with its private key: whoever reads that can issue any identity of the
// organisation.
func (o OrgDescription) CACert() string {
	return filepath.Join(filepath.Dir(o.MSPDir), "ca", "ca."+o.Domain+"-cert.pem")
}

// CAKey is the file with the private key of the organisation's CA.
func (o OrgDescription) CAKey() string { return filepath.Join(filepath.Dir(o.MSPDir), "ca", "priv_sk") }

// writeTools writes core.yaml and the files of exports.
func (n *Network) writeTools() error {
	if err := os.WriteFile(filepath.Join(n.desc.FabricCfgPath, coreFile), []byte(coreYAML), 0o644); err != nil {
		return err
	}
	for _, o := range n.desc.Organizations {
		var b strings.Builder
		for _, e := range n.desc.Exports(o) {
			b.WriteString("export " + e.Name + "=" + quote(e.Value) + "\n")
		}
		if err := os.MkdirAll(filepath.Dir(o.Env), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(o.Env, []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// quote makes a value one word for a POSIX shell.
func quote(s string) string {
	if !strings.ContainsAny(s, " \t\n'\"\\$`&|;<>()*?[]#~!{}") && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
