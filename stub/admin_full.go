// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/admin"
	"github.com/privatechaincode/fpc/internal/definition"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// full tells whether the committed definition asks for enclaves' endorsements,
// and refuses that where there is no ledger host.
func (s *Stub) full(d *definition.Definition, channelHash []byte) (bool, error) {
	const step = "REG-2"
	mode, _, err := protocol.EnclavePolicy(step, d.GetValidationParameter(), channelHash, d.Name, d.GetVersion())
	if err != nil || mode != protocol.ModeFull {
		return false, err
	}
	if s.config.Ledger == "" {
		return false, protocol.Errorf(step, protocol.CodeLedgerUnreachable, "%s is defined for enclaves that endorse, and this stub has no ledger host", d.Name).
			WithHint("start the stub with --ledger SOCKET, or FPC_LEDGER, the socket of this peer's fpc-ledger-host")
	}
	return true, nil
}

// askLedgerToo asks the enclave in a call that may ask the ledger enclave, for a
// step of the flows.
func (s *Stub) askLedgerToo(c call, step, method string, request, response proto.Message) error {
	access := newAccess(s, c.peer, step)
	defer access.close()
	return s.askServing(c.ctx, step, method, request, response, access.serve)
}

// changeAskingLedger is [Stub.change] for a call that may ask the ledger enclave.
func (s *Stub) changeAskingLedger(c call, step, method string, request, response proto.Message) error {
	access := newAccess(s, c.peer, step)
	defer access.close()
	return s.change(c, step, method, request, response, access.serve)
}

// certificateRequest returns the CSR with which the organisation's CA certifies
// the enclave (REG-9): PKCS #10, DER.
//
// Codes: not_admin, foreign_caller, not_initialised, wrong_mode.
func (s *Stub) certificateRequest(c call) ([]byte, error) {
	const step = "REG-9"
	if err := admin.CallerOf(step, c.peer, s.config.MSPID); err != nil {
		return nil, err
	}
	response := &fpc.CertificateResponse{}
	if err := s.ask(c.ctx, step, methodCertificateRequest, &fpc.CertificateRequest{}, response); err != nil {
		return nil, err
	}
	s.recordSteps(response.GetSteps(), c.peer.GetTxID())
	return response.GetCsr(), nil
}

// installCertificate hands the enclave what the CA issued (REG-9). It returns the
// completed Credentials, for ERCC.
//
// Codes: bad_arguments, not_admin, foreign_caller, not_initialised, wrong_mode,
// malformed, wrong_enclave, wrong_certificate.
func (s *Stub) installCertificate(c call) ([]byte, error) {
	const step = "REG-9"
	certificate, err := protocol.ParseInstallCertificate(c.args)
	if err != nil {
		return nil, err
	}
	if err := admin.CallerOf(step, c.peer, s.config.MSPID); err != nil {
		return nil, err
	}
	s.admin.Lock()
	defer s.admin.Unlock()
	response := &fpc.InstallCertificateResponse{}
	if err := s.change(c, step, methodInstallCertificate, &fpc.InstallCertificateRequest{Certificate: certificate}, response, nil); err != nil {
		return nil, err
	}
	s.recordSteps(response.GetSteps(), c.peer.GetTxID())
	state := proto.CloneOf(s.state)
	if state.GetCredentials() == nil {
		return nil, protocol.Errorf(step, protocol.CodeNotInitialised, "the stub has lost the enclave's credentials: initialise the enclave anew")
	}
	state.SealedState, state.Credentials.Certificate = response.GetSealedState(), certificate
	if err := s.keep(c, state); err != nil {
		return nil, err
	}
	return encode(step, state.GetCredentials())
}

// prepareStatement returns the nonce for the head statement of an export.
//
// Codes: not_admin, foreign_caller, not_initialised, wrong_mode.
func (s *Stub) prepareStatement(c call) ([]byte, error) {
	const step = "KEY-5"
	if err := admin.CallerOf(step, c.peer, s.config.MSPID); err != nil {
		return nil, err
	}
	response := &fpc.PrepareStatementResponse{}
	if err := s.ask(c.ctx, step, methodPrepareStatement, &fpc.PrepareStatementRequest{}, response); err != nil {
		return nil, err
	}
	return response.GetNonce(), nil
}

// exportCCKeys has the enclave hand the chaincode's keys to another one (KEY-5).
// It returns Signed, of KeyExport, for ERCC's putKeyExport.
//
// Codes: bad_arguments, not_admin, foreign_caller, ledger_unreachable, and the
// enclave's.
func (s *Stub) exportCCKeys(c call) ([]byte, error) {
	const step = "KEY-5"
	args, err := protocol.ParseExportCCKeys(c.args)
	if err != nil {
		return nil, err
	}
	if err := admin.CallerOf(step, c.peer, s.config.MSPID); err != nil {
		return nil, err
	}
	response := &fpc.ExportCCKeysResponse{}
	request := &fpc.ExportCCKeysRequest{Receiver: args.Receiver, Infos: args.Infos, Time: time.Now().Unix()}
	if err := s.askLedgerToo(c, step, methodExportCCKeys, request, response); err != nil {
		return nil, err
	}
	s.recordSteps(response.GetSteps(), c.peer.GetTxID())
	s.record(step, "enclave", "key export", c.peer.GetTxID())
	return encode(step, response.GetExport())
}

// importCCKeys reads from ERCC what was exported to this stub's enclave, and has
// it taken (KEY-7). It returns Signed, of KeyRegistration, for ERCC's
// registerCCKeys; who lost it finds it in enclaveStatus.
//
// Codes: not_admin, foreign_caller, not_initialised, not_found,
// ledger_unreachable, and the enclave's.
func (s *Stub) importCCKeys(c call) ([]byte, error) {
	const step = "KEY-7"
	if err := admin.CallerOf(step, c.peer, s.config.MSPID); err != nil {
		return nil, err
	}
	s.admin.Lock()
	defer s.admin.Unlock()
	credentials, err := protocol.CredentialsFromPB(step, s.state.GetCredentials())
	if s.state == nil || err != nil {
		return nil, protocol.Errorf(step, protocol.CodeNotInitialised, "the enclave was never initialised")
	}
	export := &fpc.Signed{}
	args := protocol.EnclaveArgs(protocol.FuncGetKeyExport, s.config.Chaincode, credentials.EnclaveID())
	if err := s.askRegistry(c, step, args, export); err != nil {
		return nil, err
	}
	response := &fpc.ImportCCKeysResponse{}
	if err := s.changeAskingLedger(c, step, methodImportCCKeys, &fpc.ImportCCKeysRequest{Export: export}, response); err != nil {
		return nil, err
	}
	s.recordSteps(response.GetSteps(), c.peer.GetTxID())
	state := proto.CloneOf(s.state)
	state.SealedState, state.Registration = response.GetSealedState(), response.GetRegistration()
	if err := s.keep(c, state); err != nil {
		return nil, err
	}
	return encode(step, response.GetRegistration())
}

// keepHead stores state that an invocation sealed because of a newer head (Full).
// If anything was stored since that invocation began, or is about to be, it is
// dropped: it could lack keys. A later invocation brings the head again.
func (s *Stub) keepHead(before uint64, sealed []byte) {
	if len(sealed) == 0 || !s.admin.TryLock() {
		return
	}
	defer s.admin.Unlock()
	if s.state == nil || s.stores.Load() != before {
		return
	}
	state := proto.CloneOf(s.state)
	state.SealedState = sealed
	if err := s.dir.Store(state); err != nil {
		s.config.Log.Warn("the newest head could not be stored: it will be tried again", "error", err)
		return
	}
	s.state = state
	s.stores.Add(1)
	s.config.Meter.Sealed()
}
