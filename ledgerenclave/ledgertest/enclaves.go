// SPDX-License-Identifier: Apache-2.0

package ledgertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// Enclave is a chaincode enclave as the ledger sees it: its certificate, and what
// ERCC holds of it.
type Enclave struct {
	*fpctest.Member
	Chaincode, Version, ID string
	Credentials            []byte
}

// Enclave makes an enclave of an organisation, counted from 1, certified but not
// registered.
func (c *Chain) Enclave(org int, chaincode, version string) *Enclave {
	c.T.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.T.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		c.T.Fatal(err)
	}
	id := sha256.Sum256(der)
	e := &Enclave{Chaincode: chaincode, Version: version, ID: hex.EncodeToString(id[:])}
	e.Member = c.Orgs[org-1].Issue(fpctest.Template{
		Name: e.ID[:32], OUs: []string{fpctest.RoleClient, protocol.EnclaveOU(c.Hash(), chaincode, version)}, Key: key,
	})
	dk, err := keys.GenerateEnclaveDK(keys.SuiteX25519)
	if err != nil {
		c.T.Fatal(err)
	}
	ek, err := dk.Public()
	if err != nil {
		c.T.Fatal(err)
	}
	zero := make([]byte, sha256.Size)
	data := devtest.Marshal(c.T, &fpc.AttestedData{
		CcParams:   &fpc.CCParameters{ChaincodeId: chaincode, Version: version, ChannelId: ChannelID},
		HostParams: &fpc.HostParameters{MspId: e.MSPID}, EnclaveVk: der, EnclaveEk: ek.PB(),
		ChannelHash: c.Hash(), MspRootsHash: zero, MspConfigHash: zero,
	})
	e.Credentials = devtest.Marshal(c.T, &fpc.Credentials{AttestedData: data, Evidence: &fpc.Evidence{Platform: "sim"}})
	return e
}

// Register is a transaction that puts into ERCC's state that the enclaves are
// registered.
func (c *Chain) Register(enclaves ...*Enclave) []byte {
	c.T.Helper()
	var pairs []string
	for _, e := range enclaves {
		pairs = append(pairs, protocol.CredentialsKey(e.Chaincode, e.ID), string(e.Credentials))
	}
	raw, _ := c.Put(protocol.ERCCName, pairs...)
	return raw
}

// Provision is a transaction that puts into ERCC's state that the enclaves hold
// the chaincode's keys.
func (c *Chain) Provision(enclaves ...*Enclave) []byte {
	c.T.Helper()
	var pairs []string
	for _, e := range enclaves {
		pairs = append(pairs, protocol.ProvisionedKey(e.Chaincode, e.ID), "a signed registration")
	}
	raw, _ := c.Put(protocol.ERCCName, pairs...)
	return raw
}

// Revoke is a transaction that puts into ERCC's state that an enclave is revoked.
func (c *Chain) Revoke(e *Enclave) []byte {
	c.T.Helper()
	raw, _ := c.Put(protocol.ERCCName, protocol.RevokedKey(e.Chaincode, e.ID), "why")
	return raw
}
