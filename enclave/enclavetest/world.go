// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Package enclavetest is untrusted: it makes the world around an enclave that
// tests and benchmarks need, clients and a host that lies on demand among it.
package enclavetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// Names of the world.
const (
	ChannelID   = "mychannel"
	ChaincodeID = "auction"
)

// World is a channel of two organisations with one enclave on it.
type World struct {
	T           testing.TB
	Org1, Org2  *fpctest.Org
	ChannelID   string
	ChaincodeID string
	ChannelHash []byte
	Suite       string // of Chaincode_EK
	Generation  uint64 // of the keys that Provision generates; 1 if zero
	HostSecret  []byte
	CodeID      [32]byte

	Enclave     Enclave
	Credentials *protocol.Credentials
	Key         keys.ChaincodeEK
	View        *fpc.ValidationView // what the registry says of the enclave
	Sealed      []byte              // as the enclave last sealed its state
}

// Enclave is what an enclave does, whether in this process or in another.
type Enclave interface {
	Init(ctx context.Context, req *fpc.InitRequest, host enclave.StateAccess) (*fpc.InitResponse, error)
	Restore(ctx context.Context, req *fpc.RestoreRequest) (*fpc.RestoreResponse, error)
	Refresh(ctx context.Context, req *fpc.RefreshRequest, host enclave.StateAccess) (*fpc.RefreshResponse, error)
	GenerateCCKeys(ctx context.Context, req *fpc.GenerateCCKeysRequest) (*fpc.GenerateCCKeysResponse, error)
	Invoke(ctx context.Context, req *fpc.InvokeRequest, host enclave.StateAccess) (*fpc.InvokeResponse, error)
}

var _ Enclave = (*enclave.Enclave)(nil)

// New makes a world with no enclave yet.
func New(t testing.TB) *World {
	t.Helper()
	channel := sha256.Sum256([]byte("genesis block of " + t.Name()))
	return &World{
		T:           t,
		Org1:        fpctest.NewOrg(t, "Org1MSP"),
		Org2:        fpctest.NewOrg(t, "Org2MSP"),
		ChannelID:   ChannelID,
		ChaincodeID: ChaincodeID,
		ChannelHash: channel[:],
		HostSecret:  bytes.Repeat([]byte{7}, 32),
		CodeID:      sha256.Sum256([]byte("code")),
	}
}

// NewEnclave makes an enclave of this world in this process, with no keys yet.
func (w *World) NewEnclave(cc shim.Chaincode, changes ...func(*enclave.Config)) *enclave.Enclave {
	w.T.Helper()
	platform, err := guest.New(append(bytes.Clone(w.HostSecret), w.CodeID[:]...))
	w.check(err)
	config := enclave.Config{Platform: platform, Chaincode: cc}
	for _, change := range changes {
		change(&config)
	}
	e, err := enclave.New(config)
	w.check(err)
	return e
}

// Start makes an enclave of this world in this process, with keys.
func (w *World) Start(cc shim.Chaincode, changes ...func(*enclave.Config)) *World {
	w.T.Helper()
	return w.Provision(w.NewEnclave(cc, changes...))
}

// Provision registers and provisions an enclave: REG-3 to REG-8, KEY-1, KEY-2.
func (w *World) Provision(e Enclave) *World {
	w.T.Helper()
	w.Enclave = e
	resp, err := e.Init(w.T.Context(), w.InitRequest(), nil)
	w.check(err)
	w.Credentials, err = protocol.CredentialsFromPB("REG-8", resp.GetCredentials())
	w.check(err)
	generated, err := e.GenerateCCKeys(w.T.Context(), &fpc.GenerateCCKeysRequest{Suite: w.Suite, Generation: max(w.Generation, 1)})
	w.check(err)
	registration, err := protocol.VerifyKeyRegistration("KEY-3", w.Credentials.EnclaveVK, generated.GetRegistration())
	w.check(err)
	w.Key, w.Sealed = registration.ChaincodeEK, generated.GetSealedState()
	w.View = &fpc.ValidationView{
		Definition:  w.InitRequest().GetCcParams(),
		Credentials: resp.GetCredentials(),
		Provisioned: generated.GetRegistration(),
		ChaincodeKey: &fpc.ChaincodeKey{
			ChaincodeEk: w.Key.PB(), Generation: registration.Generation, Registration: generated.GetRegistration(),
		},
	}
	return w
}

// InitRequest is what the stub of an honest host asks for.
func (w *World) InitRequest() *fpc.InitRequest {
	return &fpc.InitRequest{
		CcParams:          &fpc.CCParameters{ChaincodeId: w.ChaincodeID, Version: "fpc-1", ChannelId: w.ChannelID, Sequence: 1},
		HostParams:        &fpc.HostParameters{MspId: w.Org1.MSPID, PeerEndpoint: "peer0.org1.example.com:7051"},
		ChannelHash:       w.ChannelHash,
		Msps:              w.MSPs(3, w.Org1, w.Org2),
		AttestationParams: AttestationParams(),
	}
}

// AttestationParams are parameters that the simulated platform accepts.
func AttestationParams() []byte {
	return guest.Params{NotBefore: 1, NotAfter: 1 << 40, TCB: 5}.Marshal()
}

// MSPs returns the MSP configurations of the organisations as they are now.
func (w *World) MSPs(sequence uint64, orgs ...*fpctest.Org) *fpc.MSPConfigurations {
	w.T.Helper()
	var all [][]byte
	for _, o := range orgs {
		b, err := proto.Marshal(o.MSPConfig())
		w.check(err)
		all = append(all, b)
	}
	m, err := protocol.NewMSPConfigurations(all, sequence)
	w.check(err)
	return m
}

func (w *World) check(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatalf("enclavetest: %v", err)
	}
}
