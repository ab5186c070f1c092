// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/fabric"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// Registry is ERCC as an administrator reaches it. What changes it is submitted
// with the endorsements of all the network's endorsers, which must satisfy
// ERCC's endorsement policy; what asks it trusts the first endorser, so a client
// that encrypts reads the registry otherwise (package client).
type Registry struct {
	Network *fabric.Network
	Name    string // ERCC's chaincode name; empty: protocol.ERCCName
}

// SetPolicy stores the policy bytes that ERCC's definition approved (LC-5).
func (r Registry) SetPolicy(ctx context.Context, policy []byte) (*fabric.Receipt, error) {
	return r.submit(ctx, [][]byte{[]byte(protocol.FuncSetPolicy), policy})
}

// Policy reads the stored policy.
func (r Registry) Policy(ctx context.Context) (*protocol.RegistryPolicy, error) {
	resp, err := r.Network.Evaluate(ctx, r.call([][]byte{[]byte(protocol.FuncQueryPolicy)}))
	if err != nil {
		return nil, refusal(err)
	}
	return protocol.ParseRegistryPolicy(resp.Payload)
}

// Register registers an enclave (REG-11), or replaces the credentials of one
// that attested anew (REG-15). manifest is the code manifest whose hash is the
// definition's version; roots are the organisations' ([Roots]) for an enclave of
// Full mode, else nil. It answers the enclave's id.
func (r Registry) Register(ctx context.Context, credentials *pb.Credentials, manifest, roots []byte) (string, error) {
	raw, err := proto.Marshal(credentials)
	if err != nil {
		return "", err
	}
	receipt, err := r.submit(ctx, protocol.RegisterEnclave{Credentials: raw, Manifest: manifest, Roots: roots}.Args())
	if err != nil {
		return "", err
	}
	return string(receipt.Response.Payload), nil
}

// PutKeyExport keeps a key export for its receiver (KEY-6).
func (r Registry) PutKeyExport(ctx context.Context, export *pb.Signed) error {
	args, err := protocol.PutKeyExportArgs(export)
	if err != nil {
		return err
	}
	_, err = r.submit(ctx, args)
	return err
}

// RegisterCCKeys registers the chaincode's keys (KEY-3), or that an enclave
// imported them (KEY-7).
func (r Registry) RegisterCCKeys(ctx context.Context, registration *pb.Signed) error {
	args, err := protocol.RegisterCCKeysArgs(registration)
	if err != nil {
		return err
	}
	_, err = r.submit(ctx, args)
	return err
}

// Revoke approves the revocation of an enclave for the caller's organisation, or
// shows that the stored evidence fails the policy (REG-14). It answers how far
// the revocation is.
func (r Registry) Revoke(ctx context.Context, chaincode, enclaveID string) (string, error) {
	receipt, err := r.submit(ctx, protocol.EnclaveArgs(protocol.FuncRevokeEnclave, chaincode, enclaveID))
	if err != nil {
		return "", err
	}
	return string(receipt.Response.Payload), nil
}

// View reads all that the registry holds of a chaincode, from the first
// endorser alone.
func (r Registry) View(ctx context.Context, chaincode string) (*pb.RegistryView, error) {
	view := new(pb.RegistryView)
	return view, ask(ctx, r.Network, r.name(), view, protocol.ChaincodeArgs(protocol.FuncQueryRegistryView, chaincode))
}

func (r Registry) name() string {
	if r.Name == "" {
		return protocol.ERCCName
	}
	return r.Name
}

func (r Registry) call(args [][]byte) fabric.Call {
	return fabric.Call{Chaincode: r.name(), Args: args}
}

func (r Registry) submit(ctx context.Context, args [][]byte) (*fabric.Receipt, error) {
	receipt, err := r.Network.Submit(ctx, r.call(args))
	return receipt, refusal(err)
}
