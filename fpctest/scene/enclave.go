// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package scene

import (
	"crypto/sha256"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// Enclave is an enclave whose keys the test holds. What it attests and signs is
// for the test to change.
type Enclave struct {
	scene      *Scene
	SK         keys.EnclaveSK
	VK         keys.EnclaveVK
	Data       *fpc.AttestedData
	CodeID     [32]byte
	Sim        guest.Params
	Key        keys.ChaincodeDK
	Generation uint64
	Lineage    protocol.Lineage
	// Certificate goes into the credentials (REG-9); see Certify.
	Certificate []byte
}

// NewEnclave makes an enclave of the committed chaincode, hosted by an
// organisation, with a key set of its own.
func (s *Scene) NewEnclave(mspID string) *Enclave {
	s.T.Helper()
	e := &Enclave{
		scene: s, CodeID: s.CodeID, Generation: 1,
		Sim:     guest.Params{NotBefore: s.Now.Add(-time.Hour).Unix(), NotAfter: s.Now.Add(24 * time.Hour).Unix(), TCB: 3},
		Lineage: protocol.NewLineage(protocol.Custody{Platform: sim.Platform, TCB: 3}),
	}
	e.SK = must(keys.NewEnclaveSK())(s)
	e.VK = must(e.SK.VK())(s)
	e.Key = must(keys.GenerateChaincodeDK(keys.DefaultSuite))(s)
	configHash := sha256.Sum256([]byte("MSP configurations"))
	e.Data = &fpc.AttestedData{
		CcParams:       &fpc.CCParameters{ChaincodeId: Chaincode, Version: s.Version(), ChannelId: ChannelID, Sequence: 1},
		HostParams:     &fpc.HostParameters{MspId: mspID, PeerEndpoint: "peer0.example.com:7051"},
		EnclaveVk:      e.VK.DER(),
		EnclaveEk:      e.NewEK(),
		ChannelHash:    s.ChannelHash,
		MspRootsHash:   s.RootsHash,
		MspConfigHash:  configHash[:],
		ConfigSequence: 3,
		OnCreation:     true,
	}
	return e
}

// NewEK makes a key-transport key that nobody can use.
func (e *Enclave) NewEK() *fpc.PublicKey {
	dk := must(keys.GenerateEnclaveDK(keys.DefaultSuite))(e.scene)
	return must(dk.Public())(e.scene).PB()
}

// ID is Enclave_Id.
func (e *Enclave) ID() string { return e.VK.ID() }

// Credentials attests Data as it is now.
func (e *Enclave) Credentials() *fpc.Credentials {
	b := must(proto.Marshal(e.Data))(e.scene)
	evidence := must(guest.Issue(e.CodeID, protocol.StatementHash(b), e.Sim))(e.scene)
	return &fpc.Credentials{AttestedData: b, Evidence: evidence, Certificate: e.Certificate}
}

// KeyRegistration signs the registration of the enclave's key set (KEY-2).
func (e *Enclave) KeyRegistration() *fpc.Signed {
	return must(protocol.SignKeyRegistration(e.SK, protocol.KeyRegistration{
		CCParams:    e.Data.GetCcParams(),
		ChannelHash: e.Data.GetChannelHash(),
		EnclaveID:   e.ID(),
		Generation:  e.Generation,
		ChaincodeEK: must(e.Key.Public())(e.scene),
		Lineage:     e.Lineage,
	}))(e.scene)
}

// must takes a result apart and fails the test on an error.
func must[V any](v V, err error) func(*Scene) V {
	return func(s *Scene) V {
		s.T.Helper()
		if err != nil {
			s.T.Fatal(err)
		}
		return v
	}
}
