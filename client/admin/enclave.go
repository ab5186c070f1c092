// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/fabric"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// Host is a stub and its enclave, as an administrator of their organisation
// reaches them. Its functions are evaluated at the host's own peer, never
// submitted: what they answer goes to the registry.
type Host struct {
	// Peer reaches the host's own peer in the name of an administrator of its
	// organisation.
	Peer      *fabric.Network
	Chaincode string
}

// Init initialises the enclave (REG-1 to REG-8). endpoint is the peer's address
// as clients reach it; params are for the platform's attestation, empty for its
// defaults. Both blocks come from the organisation's own peer.
func (h Host) Init(ctx context.Context, endpoint string, params []byte) (*pb.Credentials, error) {
	genesis, err := marshalBlock(h.Peer.GenesisBlock(ctx))
	if err != nil {
		return nil, fmt.Errorf("REG-1: genesis block: %w", err)
	}
	config, err := marshalBlock(h.Peer.ConfigBlock(ctx))
	if err != nil {
		return nil, fmt.Errorf("REG-1: configuration block: %w", err)
	}
	credentials := new(pb.Credentials)
	return credentials, h.ask(ctx, credentials, protocol.InitEnclave{
		PeerEndpoint: endpoint, AttestationParams: params, GenesisBlock: genesis, ConfigBlock: config,
	}.Args())
}

// Refresh has the same enclave attest anew (REG-15), with the channel's current
// MSP configurations.
func (h Host) Refresh(ctx context.Context, params []byte) (*pb.Credentials, error) {
	config, err := marshalBlock(h.Peer.ConfigBlock(ctx))
	if err != nil {
		return nil, fmt.Errorf("REG-15: configuration block: %w", err)
	}
	credentials := new(pb.Credentials)
	return credentials, h.ask(ctx, credentials, protocol.RefreshEnclave{AttestationParams: params, ConfigBlock: config}.Args())
}

// GenerateCCKeys has the enclave make the chaincode's keys (KEY-1, KEY-2); it
// returns the signed registration. suite is empty for the default.
func (h Host) GenerateCCKeys(ctx context.Context, suite string) (*pb.Signed, error) {
	registration := new(pb.Signed)
	return registration, h.ask(ctx, registration, protocol.GenerateCCKeysArgs(suite))
}

// Status asks what the enclave is and has.
func (h Host) Status(ctx context.Context) (*pb.EnclaveStatus, error) {
	status := new(pb.EnclaveStatus)
	return status, h.ask(ctx, status, [][]byte{[]byte(protocol.FuncEnclaveStatus)})
}

// CertificateRequest asks for the enclave's PKCS #10 request, DER (REG-9).
func (h Host) CertificateRequest(ctx context.Context) ([]byte, error) {
	return h.bytes(ctx, protocol.CertificateRequestArgs())
}

// InstallCertificate gives the enclave its certificate, PEM (REG-9). It returns
// the credentials with it.
func (h Host) InstallCertificate(ctx context.Context, certificate []byte) (*pb.Credentials, error) {
	credentials := new(pb.Credentials)
	return credentials, h.ask(ctx, credentials, protocol.InstallCertificateArgs(certificate))
}

// PrepareStatement asks for the nonce of a head statement; it is good once.
func (h Host) PrepareStatement(ctx context.Context) ([]byte, error) {
	return h.bytes(ctx, protocol.PrepareStatementArgs())
}

// ExportCCKeys has the enclave export its keys to another one (KEY-5), on a head
// statement under the nonce prepared last.
func (h Host) ExportCCKeys(ctx context.Context, receiver string, statement []*pb.ChainInfo) (*pb.Signed, error) {
	args, err := protocol.ExportCCKeys{Receiver: receiver, Infos: statement}.Args()
	if err != nil {
		return nil, err
	}
	export := new(pb.Signed)
	return export, h.ask(ctx, export, args)
}

// ImportCCKeys has the enclave take the keys that the registry holds for it
// (KEY-7); it returns the signed registration.
func (h Host) ImportCCKeys(ctx context.Context) (*pb.Signed, error) {
	registration := new(pb.Signed)
	return registration, h.ask(ctx, registration, protocol.ImportCCKeysArgs())
}

// bytes evaluates a function whose answer is no message.
func (h Host) bytes(ctx context.Context, args [][]byte) ([]byte, error) {
	resp, err := h.Peer.Evaluate(ctx, fabric.Call{Chaincode: h.Chaincode, Args: args})
	if err != nil {
		return nil, refusal(err)
	}
	return resp.Payload, nil
}

func (h Host) ask(ctx context.Context, into proto.Message, args [][]byte) error {
	return ask(ctx, h.Peer, h.Chaincode, into, args)
}

// ask evaluates a chaincode's function, the first of args, and decodes its answer.
func ask(ctx context.Context, n *fabric.Network, chaincode string, into proto.Message, args [][]byte) error {
	resp, err := n.Evaluate(ctx, fabric.Call{Chaincode: chaincode, Args: args})
	if err != nil {
		return refusal(err)
	}
	if err := proto.Unmarshal(resp.Payload, into); err != nil {
		return fmt.Errorf("%s: the answer of %s cannot be decoded: %w", args[0], chaincode, err)
	}
	return nil
}

func marshalBlock[B proto.Message](block B, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return proto.Marshal(block)
}
