// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclavetest

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

// Remote is an enclave at the other end of a transport, as its stub uses it.
// Errors are those of the caller, a *transport.Failure among them.
type Remote struct {
	Caller interface {
		Call(ctx context.Context, method string, request []byte, serve func(ctx context.Context, request []byte) ([]byte, error)) ([]byte, error)
	}
}

var _ Enclave = Remote{}

// Init calls the enclave.
func (r Remote) Init(ctx context.Context, req *fpc.InitRequest, host enclave.StateAccess) (*fpc.InitResponse, error) {
	resp := &fpc.InitResponse{}
	return resp, r.call(ctx, enclave.MethodInit, req, resp, Serve(host))
}

// Restore calls the enclave.
func (r Remote) Restore(ctx context.Context, req *fpc.RestoreRequest) (*fpc.RestoreResponse, error) {
	resp := &fpc.RestoreResponse{}
	return resp, r.call(ctx, enclave.MethodRestore, req, resp, nil)
}

// Refresh calls the enclave.
func (r Remote) Refresh(ctx context.Context, req *fpc.RefreshRequest, host enclave.StateAccess) (*fpc.RefreshResponse, error) {
	resp := &fpc.RefreshResponse{}
	return resp, r.call(ctx, enclave.MethodRefresh, req, resp, Serve(host))
}

// GenerateCCKeys calls the enclave.
func (r Remote) GenerateCCKeys(ctx context.Context, req *fpc.GenerateCCKeysRequest) (*fpc.GenerateCCKeysResponse, error) {
	resp := &fpc.GenerateCCKeysResponse{}
	return resp, r.call(ctx, enclave.MethodGenerateCCKeys, req, resp, nil)
}

// CertificateRequest calls the enclave.
func (r Remote) CertificateRequest(ctx context.Context, req *fpc.CertificateRequest) (*fpc.CertificateResponse, error) {
	resp := &fpc.CertificateResponse{}
	return resp, r.call(ctx, enclave.MethodCertificateRequest, req, resp, nil)
}

// InstallCertificate calls the enclave.
func (r Remote) InstallCertificate(ctx context.Context, req *fpc.InstallCertificateRequest) (*fpc.InstallCertificateResponse, error) {
	resp := &fpc.InstallCertificateResponse{}
	return resp, r.call(ctx, enclave.MethodInstallCertificate, req, resp, nil)
}

// PrepareStatement calls the enclave.
func (r Remote) PrepareStatement(ctx context.Context, req *fpc.PrepareStatementRequest) (*fpc.PrepareStatementResponse, error) {
	resp := &fpc.PrepareStatementResponse{}
	return resp, r.call(ctx, enclave.MethodPrepareStatement, req, resp, nil)
}

// ExportCCKeys calls the enclave and serves it from host.
func (r Remote) ExportCCKeys(ctx context.Context, req *fpc.ExportCCKeysRequest, host enclave.StateAccess) (*fpc.ExportCCKeysResponse, error) {
	resp := &fpc.ExportCCKeysResponse{}
	return resp, r.call(ctx, enclave.MethodExportCCKeys, req, resp, Serve(host))
}

// ImportCCKeys calls the enclave and serves it from host.
func (r Remote) ImportCCKeys(ctx context.Context, req *fpc.ImportCCKeysRequest, host enclave.StateAccess) (*fpc.ImportCCKeysResponse, error) {
	resp := &fpc.ImportCCKeysResponse{}
	return resp, r.call(ctx, enclave.MethodImportCCKeys, req, resp, Serve(host))
}

// Invoke calls the enclave and serves it from host.
func (r Remote) Invoke(ctx context.Context, req *fpc.InvokeRequest, host enclave.StateAccess) (*fpc.InvokeResponse, error) {
	resp := &fpc.InvokeResponse{}
	return resp, r.call(ctx, enclave.MethodInvoke, req, resp, Serve(host))
}

// serve answers an enclave's state accesses from a host; nil: there is none.
// Serve returns what answers, over a transport, the accesses of a call by asking a
// host.
func Serve(host enclave.StateAccess) func(context.Context, []byte) ([]byte, error) {
	if host == nil {
		return nil
	}
	return func(ctx context.Context, b []byte) ([]byte, error) {
		access := &fpc.StateRequest{}
		if err := proto.Unmarshal(b, access); err != nil {
			return nil, err
		}
		answer, err := host.Access(ctx, access)
		if err != nil {
			return nil, err
		}
		return proto.Marshal(answer)
	}
}

func (r Remote) call(ctx context.Context, method string, req, resp proto.Message, answer func(context.Context, []byte) ([]byte, error)) error {
	b, err := proto.Marshal(req)
	if err != nil {
		return err
	}
	out, err := r.Caller.Call(ctx, method, b, answer)
	if err != nil {
		return err
	}
	return proto.Unmarshal(out, resp)
}
