// SPDX-License-Identifier: Apache-2.0

package peertest

import (
	"context"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	"github.com/privatechaincode/fpc/internal/pb/common"
	lifecyclepb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
	"github.com/privatechaincode/fpc/shim"
	shimpeer "github.com/privatechaincode/fpc/shim/peer"
)

// Call is what a test wants of a chaincode.
type Call struct {
	Channel   string // ChannelID; "-" for the peer itself
	Chaincode string
	Args      [][]byte
	Transient map[string][]byte
	IsInit    bool
}

// Args are text arguments.
func Args(args ...string) [][]byte {
	raw := make([][]byte, len(args))
	for i, a := range args {
		raw[i] = []byte(a)
	}
	return raw
}

// Proposal is a signed proposal with what it was made of.
type Proposal struct {
	*pb.SignedProposal
	Message *pb.Proposal
	TxID    string
	signer  msp.Signer
}

// Propose makes and signs a proposal.
func Propose(t testing.TB, signer msp.Signer, call Call) *Proposal {
	t.Helper()
	if call.Channel == "" {
		call.Channel = ChannelID
	}
	if call.Channel == "-" {
		call.Channel = ""
	}
	message, txID, err := envelope.NewProposal(envelope.Request{
		ChannelID: call.Channel, Chaincode: call.Chaincode, Creator: signer.Creator(), Nonce: devtest.Nonce(t),
		Args: call.Args, Transient: call.Transient, IsInit: call.IsInit, Timestamp: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := envelope.SignProposal(message, signer)
	if err != nil {
		t.Fatal(err)
	}
	return &Proposal{signed, message, txID, signer}
}

// Process sends a proposal to the peer.
func (n *Node) Process(ctx context.Context, p *Proposal) (*pb.ProposalResponse, error) {
	return rpc.NewEndorserClient(n.Conn).ProcessProposal(ctx, p.SignedProposal)
}

// Call proposes and returns the response, endorsed or not.
func (n *Node) Call(t testing.TB, signer msp.Signer, call Call) *pb.ProposalResponse {
	t.Helper()
	response, err := n.Process(t.Context(), Propose(t, signer, call))
	if err != nil {
		t.Fatalf("%s %q: %v", call.Chaincode, call.Args, err)
	}
	return response
}

// Answer is the payload of a call that must succeed, decoded where an answer is
// given to decode into.
func (n *Node) Answer(t testing.TB, signer msp.Signer, call Call, into proto.Message) []byte {
	t.Helper()
	response := n.Call(t, signer, call)
	if response.GetResponse().GetStatus() != 200 {
		t.Fatalf("%s %q: got status %d: %s", call.Chaincode, call.Args, response.Response.Status, response.Response.Message)
	}
	if into != nil {
		if err := proto.Unmarshal(response.Response.Payload, into); err != nil {
			t.Fatal(err)
		}
	}
	return response.Response.Payload
}

// Endorse collects endorsements and returns the signed transaction.
func (p *Proposal) Endorse(t testing.TB, nodes ...*Node) *common.Envelope {
	t.Helper()
	var responses []*pb.ProposalResponse
	for _, node := range nodes {
		r, err := node.Process(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		responses = append(responses, r)
	}
	payload, err := envelope.CreateTransaction(p.Message, responses...)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := envelope.Sign(payload, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// Submit endorses at the nodes, orders, and returns the verdict.
func (n *Network) Submit(t testing.TB, signer msp.Signer, call Call, nodes ...*Node) pb.TxValidationCode {
	t.Helper()
	return n.Order(Propose(t, signer, call).Endorse(t, nodes...))[0]
}

// MustSubmit is Submit of what must be valid.
func (n *Network) MustSubmit(t testing.TB, signer msp.Signer, call Call, nodes ...*Node) {
	t.Helper()
	if code := n.Submit(t, signer, call, nodes...); code != pb.TxValidationCode_VALID {
		t.Fatalf("%s %q: got %s, want VALID", call.Chaincode, call.Args, code)
	}
}

// Lifecycle is a call of `_lifecycle`.
func Lifecycle(t testing.TB, function string, args proto.Message) Call {
	t.Helper()
	return Call{Chaincode: lifecycle.Namespace, Args: [][]byte{[]byte(function), devtest.Marshal(t, args)}}
}

// OnPeer makes a call one to the peer itself.
func (c Call) OnPeer() Call {
	c.Channel = "-"
	return c
}

// Install installs a package on the node and returns its id.
func (n *Node) Install(t testing.TB, raw []byte) string {
	t.Helper()
	var result lifecyclepb.InstallChaincodeResult
	call := Lifecycle(t, "InstallChaincode", &lifecyclepb.InstallChaincodeArgs{ChaincodeInstallPackage: raw}).OnPeer()
	n.Answer(t, n.Org.Admin(), call, &result)
	return result.PackageId
}

// Definition is what Deploy commits.
type Definition struct {
	Name, Version string
	Sequence      int64
	Policy        string // in the policy language; empty: the channel's
	InitRequired  bool
}

// Parameter is the definition's policy as it stands in the definition.
func (d Definition) Parameter(t testing.TB) []byte {
	t.Helper()
	if d.Policy == "" {
		return nil
	}
	parsed, err := policy.Parse(d.Policy)
	if err != nil {
		t.Fatal(err)
	}
	return devtest.Marshal(t, &pb.ApplicationPolicy{Type: &pb.ApplicationPolicy_SignaturePolicy{SignaturePolicy: parsed}})
}

// Approve approves a definition in the name of the node's organisation.
func (n *Network) Approve(t testing.TB, node *Node, d Definition, packageID string) {
	t.Helper()
	args := &lifecyclepb.ApproveChaincodeDefinitionForMyOrgArgs{
		Name: d.Name, Version: d.Version, Sequence: d.Sequence, ValidationParameter: d.Parameter(t), InitRequired: d.InitRequired,
		Source: &lifecyclepb.ChaincodeSource{Type: &lifecyclepb.ChaincodeSource_Unavailable_{Unavailable: &lifecyclepb.ChaincodeSource_Unavailable{}}},
	}
	if packageID != "" {
		args.Source.Type = &lifecyclepb.ChaincodeSource_LocalPackage{LocalPackage: &lifecyclepb.ChaincodeSource_Local{PackageId: packageID}}
	}
	n.MustSubmit(t, node.Org.Admin(), Lifecycle(t, "ApproveChaincodeDefinitionForMyOrg", args), node)
}

// Commit commits a definition, endorsed by the nodes or by all.
func (n *Network) Commit(t testing.TB, d Definition, nodes ...*Node) {
	t.Helper()
	if len(nodes) == 0 {
		nodes = n.Nodes
	}
	n.MustSubmit(t, n.Orgs[0].Admin(), Lifecycle(t, "CommitChaincodeDefinition", &lifecyclepb.CommitChaincodeDefinitionArgs{
		Name: d.Name, Version: d.Version, Sequence: d.Sequence, ValidationParameter: d.Parameter(t), InitRequired: d.InitRequired,
	}), nodes...)
}

// Package is a package of type ccaas whose service listens at an address.
func Package(t testing.TB, label, address string) []byte {
	t.Helper()
	raw, err := pkg.BuildCCAAS(label, pkg.Connection{Address: address, DialTimeout: "5s"})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Deploy serves a chaincode in this process, one service for all peers, and
// commits its definition. The nodes that run it are the given ones, or all.
func (n *Network) Deploy(t testing.TB, d Definition, cc shim.Chaincode, nodes ...*Node) {
	t.Helper()
	listener := listen(t)
	raw := Package(t, d.Name, listener.Addr().String())
	id := lifecycle.PackageID(d.Name, raw)
	Serve(t, shimpeer.ServerConfig{CCID: id, Listener: listener}, cc)
	n.Define(t, d, raw, nodes...)
}

// Define installs a package on the given nodes, or all, and commits a
// definition that all organisations approve.
func (n *Network) Define(t testing.TB, d Definition, raw []byte, nodes ...*Node) {
	t.Helper()
	if d.Version == "" {
		d.Version = "1.0"
	}
	if d.Sequence == 0 {
		d.Sequence = 1
	}
	if len(nodes) == 0 {
		nodes = n.Nodes
	}
	for _, node := range n.Nodes {
		id := ""
		if slices.Contains(nodes, node) {
			id = node.Install(t, raw)
		}
		n.Approve(t, node, d, id)
	}
	n.Commit(t, d)
}

// Serve runs a chaincode service until the test ends.
func Serve(t testing.TB, cfg shimpeer.ServerConfig, cc shim.Chaincode) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- shimpeer.Serve(ctx, cfg, cc) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("chaincode service: %v", err)
		}
	})
}
