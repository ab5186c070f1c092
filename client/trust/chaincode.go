// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"github.com/privatechaincode/fpc/attest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// Chaincode is a private chaincode that this client may give data to: its
// definition was agreed on, its enclaves are attested, registered and not
// revoked, and each of those kept here signed for exactly its key. Only
// [Check] makes one. It is immutable and safe for concurrent use.
type Chaincode struct {
	pins       *Pins
	definition *pb.CCParameters
	policy     []byte // serialised ApplicationPolicy of the definition
	mode       protocol.Mode
	ek         keys.ChaincodeEK
	generation uint64
	lineage    protocol.Lineage
	enclaves   []Enclave
	refused    []Refused
}

// Refused is a registered enclave that the client does not trust, and why.
type Refused struct {
	ID    string // empty: not even that could be read
	MSPID string
	Err   error
}

// Enclave is one that holds the chaincode's key.
type Enclave struct {
	ID     string
	VK     keys.EnclaveVK
	MSPID  string // of the organisation that hosts it
	Peer   string // host:port of the peer that hosts it
	Claims attest.Claims
	// ConfigSequence and MSPConfigHash tell which MSP configurations it knows:
	// with older ones it accepts creators who have been revoked since.
	ConfigSequence uint64
	MSPConfigHash  []byte
	// Endorser is the serialised identity in whose name it endorses; Full mode.
	Endorser []byte

	certificate []byte
	credentials *protocol.Credentials
}

// ID returns the chaincode's name.
func (c *Chaincode) ID() string { return c.definition.GetChaincodeId() }

// Version returns the version of the agreed definition.
func (c *Chaincode) Version() string { return c.definition.GetVersion() }

// DefinitionPolicy returns the agreed endorsement policy, a serialised
// ApplicationPolicy.
func (c *Chaincode) DefinitionPolicy() []byte { return c.policy }

// Mode tells how results are committed; the agreed definition's policy decides.
func (c *Chaincode) Mode() protocol.Mode { return c.mode }

// Refused returns the registered enclaves that were left out.
func (c *Chaincode) Refused() []Refused { return c.refused }

// KeyID names Chaincode_EK.
func (c *Chaincode) KeyID() []byte { return c.ek.ID() }

// Suite returns Chaincode_EK's HPKE suite.
func (c *Chaincode) Suite() keys.Suite { return c.ek.Suite() }

// Generation returns the key set's generation.
func (c *Chaincode) Generation() uint64 { return c.generation }

// Lineage tells under which custodies the key set ever was.
func (c *Chaincode) Lineage() protocol.Lineage { return c.lineage }

// Enclaves returns the enclaves that hold the key, by id.
func (c *Chaincode) Enclaves() []Enclave { return c.enclaves }

func (c *Chaincode) enclave(id string) (Enclave, bool) {
	for _, e := range c.enclaves {
		if e.ID == id {
			return e, true
		}
	}
	return Enclave{}, false
}
