// SPDX-License-Identifier: Apache-2.0

// Package lifecycle is untrusted: it is the peer's `_lifecycle` chaincode
// (flows.md LC-2 to LC-4) with the packages installed on the peer, and it tells
// which package runs a committed definition.
//
// The rules are those of fabric/lifecycle; this package binds them to a peer's
// state, files and callers.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/devnet/peer/external"
	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	pb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Config is what the chaincode stands on.
type Config struct {
	// MSPID is the peer's organisation: approvals are made in its name.
	MSPID    string
	Packages *Packages
	// External builds packages before they are installed. May be nil.
	External *external.Builders
	// Access tells whether the proposer may call "_lifecycle/<function>".
	Access func(resource string, inv *chaincode.Invocation) error
	// Bundle returns a joined channel's configuration.
	Bundle func(channelID string) (*channel.Bundle, bool)
	// Channels lists the joined channels.
	Channels func() []string
	// Simulate opens a view of a channel.
	Simulate func(channelID, txID string) (*simulator.Simulator, error)
}

// SCC is the `_lifecycle` chaincode.
type SCC struct {
	cfg   Config
	cache definitionCache
}

var _ chaincode.System = (*SCC)(nil)

// New returns the chaincode.
func New(cfg Config) *SCC { return &SCC{cfg: cfg} }

// Name implements chaincode.System.
func (s *SCC) Name() string { return lifecycle.Namespace }

// Invoke implements chaincode.System: two arguments, the function's name and
// its serialized message; the payload of the answer is a message too.
func (s *SCC) Invoke(ctx context.Context, inv *chaincode.Invocation, args [][]byte) *peer.Response {
	if len(args) == 0 {
		return refuse("lifecycle scc must be invoked with arguments")
	}
	if len(args) != 2 {
		return refuse(fmt.Sprintf("lifecycle scc operations require exactly two arguments but received %d", len(args)))
	}
	name := string(args[0])
	f, ok := functions[name]
	if !ok {
		return refuse(fmt.Sprintf("failed to invoke backing implementation of '%s': receiver has no such function", name))
	}
	if err := s.cfg.Access(lifecycle.Namespace+"/"+name, inv); err != nil {
		return refuse("Failed to authorize invocation due to failed ACL check: " + err.Error())
	}
	if f.onChannel && inv.Sim == nil {
		return refuse(fmt.Sprintf("failed to invoke backing implementation of '%s': invalid channel-less operation", name))
	}
	result, err := f.call(ctx, s, inv, args[1])
	if err != nil {
		return failure(name, err)
	}
	payload, err := encoding.Marshal(result)
	if err != nil {
		return failure(name, err)
	}
	return &peer.Response{Status: statusOK, Payload: payload}
}

// encoding makes equal answers equal bytes: peers that endorse one must agree.
var encoding = proto.MarshalOptions{Deterministic: true}

const (
	statusOK       = 200
	statusNotFound = 404
	statusError    = 500
)

func refuse(message string) *peer.Response {
	return &peer.Response{Status: statusError, Message: message}
}

// failure answers 404 where something does not exist, 500 otherwise.
func failure(function string, err error) *peer.Response {
	var undefined lifecycle.NotDefinedError
	var missing *NotInstalledError
	if errors.As(err, &undefined) || errors.As(err, &missing) {
		return &peer.Response{Status: statusNotFound, Message: err.Error()}
	}
	return refuse(fmt.Sprintf("failed to invoke backing implementation of '%s': %s", function, err))
}

// call runs a function on its serialized argument.
type call func(ctx context.Context, s *SCC, inv *chaincode.Invocation, raw []byte) (proto.Message, error)

// function is one function of the chaincode.
type function struct {
	// onChannel marks functions that make sense on a channel only.
	onChannel bool
	call      call
}

var functions = map[string]function{
	"InstallChaincode":                   {false, handleLong((*SCC).install)},
	"QueryInstalledChaincode":            {false, handle((*SCC).queryInstalled)},
	"QueryInstalledChaincodes":           {false, handle((*SCC).queryAllInstalled)},
	"GetInstalledChaincodePackage":       {false, handle((*SCC).getPackage)},
	"ApproveChaincodeDefinitionForMyOrg": {true, handle((*SCC).approve)},
	"QueryApprovedChaincodeDefinition":   {true, handle((*SCC).queryApproved)},
	"QueryApprovedChaincodeDefinitions":  {true, handle((*SCC).queryAllApproved)},
	"CheckCommitReadiness":               {true, handle((*SCC).checkCommitReadiness)},
	"CommitChaincodeDefinition":          {true, handle((*SCC).commit)},
	"QueryChaincodeDefinition":           {true, handle((*SCC).queryDefinition)},
	"QueryChaincodeDefinitions":          {true, handle((*SCC).queryDefinitions)},
}

// handle decodes the argument of a function that only reads and writes here.
func handle[A any, P interface {
	*A
	proto.Message
}, R proto.Message](f func(*SCC, *chaincode.Invocation, P) (R, error)) call {
	return handleLong(func(s *SCC, _ context.Context, inv *chaincode.Invocation, args P) (R, error) { return f(s, inv, args) })
}

// handleLong is handle for a function that can take long.
func handleLong[A any, P interface {
	*A
	proto.Message
}, R proto.Message](f func(*SCC, context.Context, *chaincode.Invocation, P) (R, error)) call {
	return func(ctx context.Context, s *SCC, inv *chaincode.Invocation, raw []byte) (proto.Message, error) {
		args := P(new(A))
		if err := proto.Unmarshal(raw, args); err != nil {
			return nil, fmt.Errorf("could not decode input arg: %w", err)
		}
		return f(s, ctx, inv, args)
	}
}

// installTimeout bounds the build of a package, as Fabric's peers do.
const installTimeout = 5 * time.Minute

// install is LC-2. What an external builder takes, it must be able to build: else
// the package is refused, with what the builder said of it.
func (s *SCC) install(ctx context.Context, _ *chaincode.Invocation, args *pb.InstallChaincodeArgs) (*pb.InstallChaincodeResult, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, installTimeout, fmt.Errorf("over %s", installTimeout))
	defer cancel()
	entry, err := s.cfg.Packages.Install(args.GetChaincodeInstallPackage(), func(packageID string, pkg *lifecycle.Package) error {
		if _, err := s.cfg.External.Build(ctx, packageID, pkg); err != nil {
			return fmt.Errorf("could not build chaincode: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &pb.InstallChaincodeResult{PackageId: entry.PackageID, Label: entry.Label}, nil
}

func (s *SCC) getPackage(_ *chaincode.Invocation, args *pb.GetInstalledChaincodePackageArgs) (*pb.GetInstalledChaincodePackageResult, error) {
	raw, err := s.cfg.Packages.Bytes(args.GetPackageId())
	if err != nil {
		return nil, err
	}
	return &pb.GetInstalledChaincodePackageResult{ChaincodeInstallPackage: raw}, nil
}
