// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
)

// Methods that a host may call, with the messages that they take and answer.
const (
	MethodInit           = "init"           // InitRequest, InitResponse: REG-3 to REG-7
	MethodRestore        = "restore"        // RestoreRequest, RestoreResponse: INV-6c, INV-6d
	MethodRefresh        = "refresh"        // RefreshRequest, RefreshResponse: REG-15
	MethodGenerateCCKeys = "generateCCKeys" // GenerateCCKeysRequest, GenerateCCKeysResponse: KEY-1, KEY-2
	MethodInvoke         = "invoke"         // InvokeRequest, InvokeResponse: INV-8 to INV-17
	MethodStatus         = "status"         // StatusRequest, EnclaveStatus

	// Full mode.
	MethodCertificateRequest = "certificateRequest" // CertificateRequest, CertificateResponse: REG-9
	MethodInstallCertificate = "installCertificate" // InstallCertificateRequest, InstallCertificateResponse: REG-9
	MethodPrepareStatement   = "prepareStatement"   // PrepareStatementRequest, PrepareStatementResponse
	MethodExportCCKeys       = "exportCCKeys"       // ExportCCKeysRequest, ExportCCKeysResponse: KEY-5
	MethodImportCCKeys       = "importCCKeys"       // ImportCCKeysRequest, ImportCCKeysResponse: KEY-7
)

// Handle answers one call of the transport. Errors are of type
// *transport.Failure.
func (e *Enclave) Handle(ctx context.Context, c *transport.Call) ([]byte, error) {
	out, err := e.dispatch(ctx, c)
	return out, transport.Refusal(err)
}

func (e *Enclave) dispatch(ctx context.Context, c *transport.Call) ([]byte, error) {
	switch c.Method {
	case MethodInvoke:
		return transport.Answer(ctx, c, "INV-8", &fpc.InvokeRequest{}, with(c, e.Invoke))
	case MethodInit:
		return transport.Answer(ctx, c, "REG-3", &fpc.InitRequest{}, with(c, e.Init))
	case MethodRestore:
		return transport.Answer(ctx, c, "INV-6c", &fpc.RestoreRequest{}, e.Restore)
	case MethodRefresh:
		return transport.Answer(ctx, c, "REG-15", &fpc.RefreshRequest{}, with(c, e.Refresh))
	case MethodGenerateCCKeys:
		return transport.Answer(ctx, c, "KEY-1", &fpc.GenerateCCKeysRequest{}, e.GenerateCCKeys)
	case MethodCertificateRequest:
		return transport.Answer(ctx, c, "REG-9", &fpc.CertificateRequest{}, e.CertificateRequest)
	case MethodInstallCertificate:
		return transport.Answer(ctx, c, "REG-9", &fpc.InstallCertificateRequest{}, e.InstallCertificate)
	case MethodPrepareStatement:
		return transport.Answer(ctx, c, "KEY-5", &fpc.PrepareStatementRequest{}, e.PrepareStatement)
	case MethodExportCCKeys:
		return transport.Answer(ctx, c, "KEY-5", &fpc.ExportCCKeysRequest{}, with(c, e.ExportCCKeys))
	case MethodImportCCKeys:
		return transport.Answer(ctx, c, "KEY-7", &fpc.ImportCCKeysRequest{}, with(c, e.ImportCCKeys))
	case MethodStatus:
		return transport.Answer(ctx, c, "INV-6c", &fpc.StatusRequest{}, func(context.Context, *fpc.StatusRequest) (*fpc.EnclaveStatus, error) {
			return e.Status(), nil
		})
	}
	return nil, protocol.Errorf("INV-8", protocol.CodeUnknownFunction, "an enclave has no method %q", c.Method)
}

// with hands a method the host of the call that asks for it.
func with[Req, Resp any](c *transport.Call, run func(context.Context, Req, StateAccess) (Resp, error)) func(context.Context, Req) (Resp, error) {
	return func(ctx context.Context, req Req) (Resp, error) { return run(ctx, req, hostState{c}) }
}

// hostState is [StateAccess] over the transport, on the call that it serves.
type hostState struct{ call *transport.Call }

func (h hostState) Access(ctx context.Context, req *fpc.StateRequest) (*fpc.StateResponse, error) {
	b, err := proto.Marshal(req)
	if err != nil {
		return nil, protocol.Errorf("EX-1", CodeBadKey, "a key is not valid UTF-8")
	}
	b, err = h.call.Host(ctx, b)
	if err != nil {
		return nil, err
	}
	resp := &fpc.StateResponse{}
	if err := protocol.Unmarshal("EX-1", "the host's answer", b, resp); err != nil {
		return nil, protocol.Errorf("EX-1", CodeBadAnswer, "%w", err)
	}
	return resp, nil
}
