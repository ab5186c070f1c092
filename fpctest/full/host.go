// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package full

import (
	"cmp"
	"context"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/protocol"
)

// Host is one organisation's machine: its peer's state, its ledger enclave, its
// chaincode enclave, and what passes between them.
type Host struct {
	World  *World
	Org    *fpctest.Org
	Ledger Ledger

	Enclave     Enclave
	Stored      *fpc.Credentials // as the stub keeps them
	Credentials *protocol.Credentials
	Sealed      []byte

	// TCB is the enclave's TCB level, at least 5; Debug its debug state.
	TCB   uint32
	Debug bool
	// Until is when the enclave's evidence expires, Unix seconds; 0: [Forever].
	Until int64
	// Clock is the host's clock, Unix seconds.
	Clock int64

	// FrozenLedger and FrozenPeer take no further blocks.
	FrozenLedger, FrozenPeer bool
	// Lie, if set, changes every answer. An error fails the access.
	Lie func(req *fpc.StateRequest, resp *fpc.StateResponse) error
	// Await, if set, is called when the enclave waits for a block.
	Await func(above uint64)

	mu    sync.Mutex
	state *peerState
}

// Ledger is a ledger enclave as its host uses it, in this process or another.
type Ledger interface {
	Session(ctx context.Context, hello []byte) ([]byte, error)
	Ask(ctx context.Context, frame []byte) ([]byte, error)
	NextBlock(ctx context.Context, req *fpc.NextBlockRequest) (*fpc.NextBlockResponse, error)
}

// Enclave is a chaincode enclave as its host uses it, in this process or another.
type Enclave interface {
	enclavetest.Enclave
	CertificateRequest(ctx context.Context, req *fpc.CertificateRequest) (*fpc.CertificateResponse, error)
	InstallCertificate(ctx context.Context, req *fpc.InstallCertificateRequest) (*fpc.InstallCertificateResponse, error)
	PrepareStatement(ctx context.Context, req *fpc.PrepareStatementRequest) (*fpc.PrepareStatementResponse, error)
	ExportCCKeys(ctx context.Context, req *fpc.ExportCCKeysRequest, host enclave.StateAccess) (*fpc.ExportCCKeysResponse, error)
	ImportCCKeys(ctx context.Context, req *fpc.ImportCCKeysRequest, host enclave.StateAccess) (*fpc.ImportCCKeysResponse, error)
}

var (
	_ Enclave = (*enclave.Enclave)(nil)
	_ Enclave = enclavetest.Remote{}
	_ Ledger  = (*ledgerenclave.Enclave)(nil)
)

// Start makes an enclave that is neither initialised nor restored.
func (h *Host) Start() {
	h.World.T.Helper()
	config := enclave.Config{
		Platform: h.World.Platform("code", h.Org.MSPID), Chaincode: h.World.Chaincode, Verifiers: Verifiers(),
	}
	if h.World.Configure != nil {
		h.World.Configure(&config)
	}
	e, err := enclave.New(config)
	h.World.check(err)
	h.Enclave = e
}

// Restart ends the enclave and restores another one from what was sealed last.
func (h *Host) Restart() {
	h.World.T.Helper()
	h.Start()
	_, err := h.Enclave.Restore(h.World.T.Context(), &fpc.RestoreRequest{SealedState: h.Sealed})
	h.World.check(err)
}

// InitRequest is what the stub of an honest host asks for.
func (h *Host) InitRequest() *fpc.InitRequest {
	return &fpc.InitRequest{
		CcParams:          &fpc.CCParameters{ChaincodeId: Chaincode, Version: Version, ChannelId: h.World.ID, Sequence: 1},
		HostParams:        &fpc.HostParameters{MspId: h.Org.MSPID, PeerEndpoint: "peer0." + strings.ToLower(h.Org.MSPID) + ":7051"},
		ChannelHash:       h.World.Hash(),
		Msps:              h.World.MSPs(),
		AttestationParams: guest.Params{NotBefore: 1, NotAfter: cmp.Or(h.Until, Forever), TCB: max(h.TCB, 5), Debug: h.Debug}.Marshal(),
		Full:              true,
	}
}

// Init initialises the enclave (REG-3 to REG-8).
func (h *Host) Init() {
	h.World.T.Helper()
	resp, err := h.Enclave.Init(h.World.T.Context(), h.InitRequest(), h)
	h.World.check(err)
	h.Sealed = resp.GetSealedState()
	h.keep(resp.GetCredentials())
}

func (h *Host) keep(c *fpc.Credentials) {
	var err error
	h.Stored = c
	h.Credentials, err = protocol.CredentialsFromPB("REG-8", c)
	h.World.check(err)
}

// ID is Enclave_Id.
func (h *Host) ID() string { return h.Credentials.EnclaveID() }

// Certify has the organisation's CA certify the enclave (REG-9).
func (h *Host) Certify() {
	h.World.T.Helper()
	h.World.check(h.Install(h.Certificate()))
}

// Certificate returns a certificate for the enclave's request; other
// organisation units than the request's on demand.
func (h *Host) Certificate(ous ...string) []byte {
	h.World.T.Helper()
	resp, err := h.Enclave.CertificateRequest(h.World.T.Context(), &fpc.CertificateRequest{})
	h.World.check(err)
	return certificate(h.World.T, h.Org, resp.GetCsr(), ous...)
}

// Install gives the enclave a certificate.
func (h *Host) Install(certificate []byte) error {
	resp, err := h.Enclave.InstallCertificate(h.World.T.Context(), &fpc.InstallCertificateRequest{Certificate: certificate})
	if err != nil {
		return err
	}
	h.Sealed = resp.GetSealedState()
	c := proto.CloneOf(h.Stored)
	c.Certificate = certificate
	h.keep(c)
	return nil
}

// Register puts the credentials into ERCC (REG-13).
func (h *Host) Register() {
	h.World.T.Helper()
	b, err := proto.Marshal(h.Stored)
	h.World.check(err)
	h.World.Registry(protocol.CredentialsKey(Chaincode, h.ID()), string(b))
}

// Revoke puts the revocation into ERCC (REG-14).
func (h *Host) Revoke() {
	h.World.T.Helper()
	h.World.Registry(protocol.RevokedKey(Chaincode, h.ID()), "revoked")
}

// Generate makes the chaincode's keys and registers them (KEY-1 to KEY-3).
func (h *Host) Generate() {
	h.World.T.Helper()
	resp, err := h.Enclave.GenerateCCKeys(h.World.T.Context(), &fpc.GenerateCCKeysRequest{Generation: 1})
	h.World.check(err)
	h.Sealed = resp.GetSealedState()
	r, err := protocol.VerifyKeyRegistration("KEY-3", h.Credentials.EnclaveVK, resp.GetRegistration())
	h.World.check(err)
	h.World.Key = r.ChaincodeEK
	key, err := proto.Marshal(&fpc.ChaincodeKey{ChaincodeEk: r.ChaincodeEK.PB(), Generation: 1, Registration: resp.GetRegistration()})
	h.World.check(err)
	h.World.Registry(protocol.ChaincodeKeyKey(Chaincode), string(key))
	h.provisioned(resp.GetRegistration())
}

func (h *Host) provisioned(registration *fpc.Signed) {
	h.World.T.Helper()
	b, err := proto.Marshal(registration)
	h.World.check(err)
	h.World.Registry(protocol.ProvisionedKey(Chaincode, h.ID()), string(b))
}

// Statement is a head statement of all organisations' peers at the present head,
// under a nonce.
func (w *World) Statement(nonce []byte, peers ...*fpctest.Member) []*fpc.ChainInfo {
	w.T.Helper()
	if peers == nil {
		peers = []*fpctest.Member{w.Peer(1), w.Peer(2)}
	}
	var infos []*fpc.ChainInfo
	for _, p := range peers {
		infos = append(infos, w.chainInfo(nonce, p))
	}
	return infos
}

// Export has this host's enclave export its keys to another's (KEY-5) and puts the
// export into ERCC (KEY-6).
func (h *Host) Export(to *Host) *fpc.Signed {
	h.World.T.Helper()
	signed, err := h.TryExport(to.ID())
	h.World.check(err)
	b, err := proto.Marshal(signed)
	h.World.check(err)
	h.World.Registry(protocol.ExportedKey(Chaincode, to.ID()), string(b))
	return signed
}

// TryExport prepares a head statement and asks for an export.
func (h *Host) TryExport(receiver string) (*fpc.Signed, error) {
	prepared, err := h.Enclave.PrepareStatement(h.World.T.Context(), &fpc.PrepareStatementRequest{})
	if err != nil {
		return nil, err
	}
	resp, err := h.Enclave.ExportCCKeys(h.World.T.Context(), &fpc.ExportCCKeysRequest{
		Receiver: receiver, Infos: h.World.Statement(prepared.GetNonce()), Time: h.Clock,
	}, h)
	return resp.GetExport(), err
}

// Import has the enclave take an export, and registers what it says (KEY-7).
func (h *Host) Import(export *fpc.Signed) *fpc.Signed {
	h.World.T.Helper()
	resp, err := h.Enclave.ImportCCKeys(h.World.T.Context(), &fpc.ImportCCKeysRequest{Export: export}, h)
	h.World.check(err)
	h.Sealed = resp.GetSealedState()
	h.provisioned(resp.GetRegistration())
	return resp.GetRegistration()
}

// apply follows a verdict.
func (h *Host) apply(tx []byte, code peer.TxValidationCode) {
	if code != peer.TxValidationCode_VALID {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state = h.state.apply(opened(h.World.T, tx))
}

// Put sets what stands under a key in the peer's state, whatever the channel says.
func (h *Host) Put(key string, value []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state = h.state.with(key, value)
}

// Get returns what stands under a key in the peer's state.
func (h *Host) Get(key string) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state.values[key]
}

// chainInfo is what a peer answers to GetChainInfo at the present head.
func (w *World) chainInfo(nonce []byte, endorser *fpctest.Member) *fpc.ChainInfo {
	w.T.Helper()
	proposal, _, err := envelope.NewProposal(envelope.Request{
		ChannelID: w.ID, Chaincode: "qscc", Creator: endorser.Creator(), Nonce: nonce, Args: [][]byte{[]byte("GetChainInfo"), []byte(w.ID)},
	})
	w.check(err)
	signed, err := envelope.SignProposal(proposal, endorser)
	w.check(err)
	p, err := envelope.UnpackProposal(signed)
	w.check(err)
	info, err := proto.Marshal(&common.BlockchainInfo{Height: w.Height(), CurrentBlockHash: w.headHash()})
	w.check(err)
	payload, err := envelope.ResponsePayload(envelope.Result{
		ProposalHash: p.Hash, Response: &peer.Response{Status: 200, Payload: info}, ChaincodeID: &peer.ChaincodeID{Name: "qscc"},
	})
	w.check(err)
	endorsement, err := envelope.Endorse(payload, endorser)
	w.check(err)
	out := &fpc.ChainInfo{}
	out.SignedProposal, err = proto.Marshal(signed)
	w.check(err)
	out.Response, err = proto.Marshal(&peer.ProposalResponse{Payload: payload, Endorsement: endorsement})
	w.check(err)
	return out
}
