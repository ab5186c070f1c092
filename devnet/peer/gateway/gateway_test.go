// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	pb "github.com/privatechaincode/fpc/internal/pb/gateway"
	lifecyclepb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/internal/rpc"
	"github.com/privatechaincode/fpc/shim"
)

// stage is three organisations and the gateway of the first.
type stage struct {
	*peertest.Network
	gateway rpc.GatewayClient
	client  *fpctest.Member
}

func start(t *testing.T) *stage {
	t.Helper()
	n := peertest.Start(t, 3)
	return &stage{n, rpc.NewGatewayClient(n.Nodes[0].Conn), n.Orgs[0].Client()}
}

func (s *stage) endorse(t *testing.T, call peertest.Call, orgs ...string) (*pb.EndorseResponse, *peertest.Proposal, error) {
	t.Helper()
	p := peertest.Propose(t, s.client, call)
	r, err := s.gateway.Endorse(t.Context(), &pb.EndorseRequest{
		TransactionId: p.TxID, ChannelId: peertest.ChannelID, ProposedTransaction: p.SignedProposal, EndorsingOrganizations: orgs,
	})
	return r, p, err
}

func (s *stage) evaluate(t *testing.T, call peertest.Call, orgs ...string) (*pb.EvaluateResponse, error) {
	t.Helper()
	p := peertest.Propose(t, s.client, call)
	return s.gateway.Evaluate(t.Context(), &pb.EvaluateRequest{
		TransactionId: p.TxID, ChannelId: peertest.ChannelID, ProposedTransaction: p.SignedProposal, TargetOrganizations: orgs,
	})
}

// endorsers are the organisations that endorsed a prepared transaction, and the
// verdict that it gets.
func (s *stage) endorsers(t *testing.T, r *pb.EndorseResponse) (string, peer.TxValidationCode) {
	t.Helper()
	if len(r.GetPreparedTransaction().GetSignature()) != 0 {
		t.Error("the prepared transaction is signed already")
	}
	signed, err := envelope.Sign(r.PreparedTransaction.Payload, s.client)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := envelope.Open(signed)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := opened.Transaction()
	if err != nil {
		t.Fatal(err)
	}
	var orgs []string
	for _, e := range tx.Endorsements {
		mspID, _, err := msp.ParseSerialized(e.Endorser)
		if err != nil {
			t.Fatal(err)
		}
		orgs = append(orgs, strings.TrimSuffix(mspID, "MSP"))
	}
	slices.Sort(orgs)
	return strings.Join(orgs, " "), s.Order(signed)[0]
}

// failure prints a gRPC error with its details: "CODE: message [org: text]".
func failure(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return "success"
	}
	st := status.Convert(err)
	text := st.Code().String() + ": " + st.Message()
	for _, any := range st.Proto().GetDetails() {
		if want := "type.googleapis.com/gateway.ErrorDetail"; any.TypeUrl != want {
			t.Errorf("type of detail: got %q, want %q", any.TypeUrl, want)
		}
		var d pb.ErrorDetail
		if err := proto.Unmarshal(any.Value, &d); err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf(" [%s: %s]", d.MspId, d.Message)
	}
	return text
}

// The plan has as many endorsements as the policies need and no more, and what
// it gives is valid.
func TestPlans(t *testing.T) {
	s := start(t)
	for name, policy := range map[string]string{
		"any":      "OR('Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer')",
		"two":      "OutOf(2, 'Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer')",
		"all":      "AND('Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer')",
		"second":   "OR('Org2MSP.peer')",
		"lastTwo":  "AND('Org2MSP.peer', 'Org3MSP.peer')",
		"nested":   "OR(AND('Org2MSP.peer', 'Org3MSP.peer'), AND('Org1MSP.peer', 'Org3MSP.peer'))",
		"majority": "",
	} {
		s.Deploy(t, peertest.Definition{Name: name, Policy: policy}, peertest.Script)
	}
	s.MustSubmit(t, s.client, peertest.Run("any", "put k 1", "own k OR('Org3MSP.peer')"), s.Nodes[0])
	for _, c := range []struct {
		name string
		call peertest.Call
		want string
	}{
		{"any", peertest.Run("any", "put a 1"), "Org1"},
		{"two", peertest.Run("two", "put a 1"), "Org1 Org2"},
		{"all", peertest.Run("all", "put a 1"), "Org1 Org2 Org3"},
		{"only another organisation", peertest.Run("second", "put a 1"), "Org2"},
		{"two others", peertest.Run("lastTwo", "put a 1"), "Org2 Org3"},
		{"nested, own organisation preferred", peertest.Run("nested", "put a 1"), "Org1 Org3"},
		{"the channel's policy", peertest.Run("majority", "put a 1"), "Org1 Org2"},
		{"no writes", peertest.Run("lastTwo", "get a"), "Org2 Org3"},
		{"a called chaincode's policy too", peertest.Run("any", "call second put b 1"), "Org2"},
		{"a called chaincode that is only read", peertest.Run("any", "put c 1", "call lastTwo get a"), "Org2 Org3"},
		{"a key's own policy instead", peertest.Run("any", "put k 2"), "Org3"},
		{"a key's own policy beside the chaincode's", peertest.Run("two", "put a 2", "call any put k 3"), "Org1 Org3"},
		{"a key's own policy for its change", peertest.Run("any", "own k OR('Org2MSP.peer')"), "Org3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _, err := s.endorse(t, c.call)
			if err != nil {
				t.Fatal(failure(t, err))
			}
			if got, code := s.endorsers(t, r); got != c.want || code != peer.TxValidationCode_VALID {
				t.Errorf("got %s of %s, want VALID of %s", code, got, c.want)
			}
		})
	}
}

// Lifecycle transactions can go through the gateway as well.
func TestPlansOfLifecycle(t *testing.T) {
	s := start(t)
	s.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	s.client = s.Orgs[0].Admin()
	approve := &lifecyclepb.ApproveChaincodeDefinitionForMyOrgArgs{Name: "kv", Version: "2.0", Sequence: 2}
	r, _, err := s.endorse(t, peertest.Lifecycle(t, "ApproveChaincodeDefinitionForMyOrg", approve))
	if err != nil {
		t.Fatal(failure(t, err))
	}
	if got, code := s.endorsers(t, r); got != "Org1" || code != peer.TxValidationCode_VALID {
		t.Errorf("approve: got %s of %s, want VALID of Org1", code, got)
	}
	s.Approve(t, s.Nodes[1], peertest.Definition{Name: "kv", Version: "2.0", Sequence: 2}, "")
	commit := &lifecyclepb.CommitChaincodeDefinitionArgs{Name: "kv", Version: "2.0", Sequence: 2}
	if r, _, err = s.endorse(t, peertest.Lifecycle(t, "CommitChaincodeDefinition", commit)); err != nil {
		t.Fatal(failure(t, err))
	}
	if got, code := s.endorsers(t, r); got != "Org1 Org2" || code != peer.TxValidationCode_VALID {
		t.Errorf("commit: got %s of %s, want VALID of Org1 Org2", code, got)
	}
}

func TestEndorseFailures(t *testing.T) {
	s := start(t)
	s.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	s.Deploy(t, peertest.Definition{Name: "theirs", Policy: "OR('Org2MSP.peer')"}, peertest.Script, s.Nodes[1])
	s.Deploy(t, peertest.Definition{Name: "enclaves", Policy: "OR('Org1MSP.orderer')"}, peertest.Script)
	s.Deploy(t, peertest.Definition{Name: "random"}, peertest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		return shim.Success(devtest.Nonce(t))
	}))
	elsewhere := peertest.Run("kv", "put a 1")
	elsewhere.Channel = "elsewhere"
	secret := func(name string) peertest.Call {
		call := peertest.Run(name, "put a 1")
		call.Transient = map[string][]byte{"word": []byte("hush")}
		return call
	}
	for _, c := range []struct {
		name string
		call peertest.Call
		orgs []string
		want string
	}{
		{"the chaincode refuses", peertest.Run("kv", "answer 500 sorry"), nil, "Aborted: failed to endorse transaction, see attached details for more info [Org1MSP: chaincode response 500, sorry]"},
		{"the chaincode refuses with a status of its own", peertest.Run("kv", "answer 404 none"), nil, "Aborted: failed to endorse transaction, see attached details for more info [Org1MSP: chaincode response 404, none]"},
		{"it refuses at named organisations", peertest.Run("kv", "answer 500 sorry"), []string{"Org2MSP"}, "Aborted: failed to collect enough transaction endorsements, see attached details for more info [Org2MSP: chaincode response 500, sorry]"},
		{"an organisation that is not there", peertest.Run("kv", "put a 1"), []string{"Org2MSP", "NobodyMSP"}, "Unavailable: failed to find any endorsing peers for org(s): NobodyMSP"},
		{"an unknown chaincode", peertest.Run("nothing", "put a 1"), nil, "FailedPrecondition: no combination of peers can be derived which satisfy the endorsement policy: namespace nothing is not defined"},
		{"an unknown channel", elsewhere, nil, "FailedPrecondition: channel 'elsewhere' not found"},
		{"nobody can satisfy the policy", peertest.Run("enclaves", "put a 1"), nil, "FailedPrecondition: no combination of peers can be derived which satisfy the endorsement policy: not even all that run the chaincode do: "},
		{"results differ", peertest.Run("random"), nil, "Aborted: failed to collect enough transaction endorsements, see attached details for more info [Org2MSP: ProposalResponsePayloads do not match] [Org3MSP: ProposalResponsePayloads do not match]"},
		{"transient data stays in the organisation", secret("theirs"), nil, "FailedPrecondition: no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to protect transient data"},
		{"transient data goes where the client says", secret("theirs"), []string{"Org2MSP"}, "success"},
		{"without transient data another organisation simulates", peertest.Run("theirs", "put a 1"), nil, "success"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := s.endorse(t, c.call, c.orgs...)
			if got := failure(t, err); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q…", got, c.want)
			}
		})
	}
	t.Run("malformed", func(t *testing.T) {
		for want, proposal := range map[string]*peer.SignedProposal{
			"InvalidArgument: failed to unpack transaction proposal: the proposal does not decode": {ProposalBytes: []byte("\xff")},
			"InvalidArgument: failed to unpack transaction proposal: no channel id provided":       peertest.Propose(t, s.client, peertest.Run("kv").OnPeer()).SignedProposal,
		} {
			_, err := s.gateway.Endorse(t.Context(), &pb.EndorseRequest{ProposedTransaction: proposal})
			if got := failure(t, err); !strings.HasPrefix(got, want) {
				t.Errorf("endorse: got %q, want %q…", got, want)
			}
			_, err = s.gateway.Evaluate(t.Context(), &pb.EvaluateRequest{ProposedTransaction: proposal})
			if got := failure(t, err); !strings.HasPrefix(got, want) {
				t.Errorf("evaluate: got %q, want %q…", got, want)
			}
		}
	})
	t.Run("nothing", func(t *testing.T) {
		_, err := s.gateway.Endorse(t.Context(), &pb.EndorseRequest{})
		if got, want := failure(t, err), "InvalidArgument: the proposed transaction must contain a signed proposal"; got != want {
			t.Errorf("endorse: got %q, want %q", got, want)
		}
		_, err = s.gateway.Evaluate(t.Context(), &pb.EvaluateRequest{})
		if got, want := failure(t, err), "InvalidArgument: failed to unpack transaction proposal: a signed proposal is required"; got != want {
			t.Errorf("evaluate: got %q, want %q", got, want)
		}
	})
}

// A peer that fails is replaced by another one whose endorsement does as well.
func TestEndorseWithoutAFailedPeer(t *testing.T) {
	s := start(t)
	s.Deploy(t, peertest.Definition{Name: "two", Policy: "OutOf(2, 'Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer')"}, peertest.Script)
	if err := s.Nodes[1].Close(); err != nil { // its chaincodes are gone
		t.Fatal(err)
	}
	r, _, err := s.endorse(t, peertest.Run("two", "put a 1"))
	if err != nil {
		t.Fatal(failure(t, err))
	}
	if got, code := s.endorsers(t, r); got != "Org1 Org3" || code != peer.TxValidationCode_VALID {
		t.Errorf("got %s of %s, want VALID of Org1 Org3", code, got)
	}
	if err := s.Nodes[2].Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.endorse(t, peertest.Run("two", "put a 1"))
	got := failure(t, err)
	for _, want := range []string{"Aborted: failed to collect enough transaction endorsements", "[Org2MSP: error in simulation: ", "[Org3MSP: error in simulation: "} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
}

func TestEvaluate(t *testing.T) {
	s := start(t)
	s.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	s.Deploy(t, peertest.Definition{Name: "theirs"}, peertest.Script, s.Nodes[1], s.Nodes[2])
	s.MustSubmit(t, s.client, peertest.Run("kv", "put a 1"), s.Nodes...)
	secret := peertest.Run("theirs", "transient word")
	secret.Transient = map[string][]byte{"word": []byte("hush")}
	elsewhere := peertest.Run("kv", "get a")
	elsewhere.Channel = "elsewhere"
	for _, c := range []struct {
		name string
		call peertest.Call
		orgs []string
		want string
	}{
		{"here", peertest.Run("kv", "get a"), nil, "<1>"},
		{"at a named organisation", peertest.Run("kv", "get a"), []string{"Org3MSP"}, "<1>"},
		{"where the chaincode runs", peertest.Run("theirs", "get a"), nil, "<>"},
		{"status below 400", peertest.Run("kv", "answer 399 hm"), nil, "399 hm"},
		{"transient data stays here", secret, nil, "FailedPrecondition: no endorsers found in the gateway's organization; retry specifying target organization(s) to protect transient data: no peers available to evaluate chaincode theirs in channel mychannel"},
		{"transient data goes where the client says", secret, []string{"Org2MSP"}, "hush"},
		{"the chaincode refuses", peertest.Run("kv", "answer 500 sorry"), nil, "Unknown: evaluate call to endorser returned error: chaincode response 500, sorry [Org1MSP: chaincode response 500, sorry]"},
		{"the chaincode refuses with a status of its own", peertest.Run("kv", "answer 404 none"), nil, "Unknown: evaluate call to endorser returned error: chaincode response 404, none [Org1MSP: chaincode response 404, none]"},
		{"an unknown chaincode", peertest.Run("nothing", "f"), nil, "FailedPrecondition: no peers available to evaluate chaincode nothing in channel mychannel: namespace nothing is not defined"},
		{"an unknown channel", elsewhere, nil, "Unavailable: channel 'elsewhere' not found"},
		{"an organisation without peers", peertest.Run("kv", "get a"), []string{"NobodyMSP"}, "FailedPrecondition: no peers available to evaluate chaincode kv in channel mychannel"},
		{"a system chaincode", peertest.Run("qscc", "GetBlockByNumber", peertest.ChannelID, "x"), nil, "Unknown: evaluate call to endorser returned error: chaincode response 500, GetBlockByNumber failed: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := s.evaluate(t, c.call, c.orgs...)
			got := failure(t, err)
			if err == nil {
				got = string(r.Result.Payload)
				if r.Result.Status != 200 {
					got = fmt.Sprintf("%d %s", r.Result.Status, r.Result.Message)
				}
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q…", got, c.want)
			}
		})
	}
}

// A peer that cannot process a proposal is not the last word.
func TestEvaluateElsewhere(t *testing.T) {
	s := start(t)
	s.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	s.MustSubmit(t, s.client, peertest.Run("kv", "put a 1"), s.Nodes...)
	if err := s.Nodes[0].Close(); err != nil { // its chaincodes are gone
		t.Fatal(err)
	}
	r, err := s.evaluate(t, peertest.Run("kv", "get a"))
	if err != nil || string(r.Result.Payload) != "<1>" {
		t.Errorf("got %v, %s, want <1> of another peer", r, failure(t, err))
	}
	_, err = s.evaluate(t, peertest.Run("kv", "get a"), "Org1MSP")
	if got, want := failure(t, err), "Aborted: failed to evaluate transaction, see attached details for more info [Org1MSP: error in simulation: "; !strings.HasPrefix(got, want) {
		t.Errorf("at that peer only: got %q, want %q…", got, want)
	}
}

func TestSubmit(t *testing.T) {
	s := start(t)
	s.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	submit := func(tx *common.Envelope) string {
		_, err := s.gateway.Submit(t.Context(), &pb.SubmitRequest{ChannelId: peertest.ChannelID, PreparedTransaction: tx})
		return failure(t, err)
	}
	tx := peertest.Propose(t, s.client, peertest.Run("kv", "put a 1")).Endorse(t, s.Nodes...)
	if got := submit(tx); got != "success" {
		t.Errorf("got %q", got)
	}
	if got, want := submit(nil), "InvalidArgument: a prepared transaction is required"; got != want {
		t.Errorf("nothing: got %q, want %q", got, want)
	}
	if got, want := submit(&common.Envelope{Payload: tx.Payload}), "InvalidArgument: prepared transaction must be signed"; got != want {
		t.Errorf("unsigned: got %q, want %q", got, want)
	}
	s.RefuseOrders(&orderer.BroadcastResponse{Status: common.Status_FORBIDDEN, Info: "not you"})
	if got, want := submit(tx), "Aborted: received unsuccessful response from orderer: status=FORBIDDEN, info=not you"; got != want {
		t.Errorf("refused: got %q, want %q", got, want)
	}
	s.RefuseOrders(&orderer.BroadcastResponse{Status: common.Status_SERVICE_UNAVAILABLE, Info: "no leader"})
	if got, want := submit(tx), "Unavailable: no orderers could successfully process transaction"; got != want {
		t.Errorf("no leader: got %q, want %q", got, want)
	}
	s.DropOrderer()
	if got, want := submit(tx), "Unavailable: no orderer nodes available"; got != want {
		t.Errorf("no orderer: got %q, want %q", got, want)
	}
}

func (s *stage) commitStatus(t *testing.T, ctx context.Context, signer msp.Signer, channelID, txID string) (*pb.CommitStatusResponse, error) {
	t.Helper()
	raw := devtest.Marshal(t, &pb.CommitStatusRequest{ChannelId: channelID, TransactionId: txID, Identity: signer.Creator()})
	signature, err := signer.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s.gateway.CommitStatus(ctx, &pb.SignedCommitStatusRequest{Request: raw, Signature: signature})
}

func TestCommitStatus(t *testing.T) {
	s := start(t)
	s.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	later := peertest.Propose(t, s.client, peertest.Run("kv", "put a 1"))
	tx := later.Endorse(t, s.Nodes[0]) // too few: invalid, and told so
	told := make(chan string)
	go func() {
		r, err := s.commitStatus(t, context.Background(), s.client, peertest.ChannelID, later.TxID)
		told <- fmt.Sprint(r.GetResult(), r.GetBlockNumber(), err)
	}()
	height := s.Nodes[0].Ledger.Height()
	s.Order(tx)
	if got, want := <-told, fmt.Sprint(peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, height, nil); got != want {
		t.Errorf("while waiting: got %q, want %q", got, want)
	}
	r, err := s.commitStatus(t, t.Context(), s.client, peertest.ChannelID, later.TxID)
	if err != nil || r.Result != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE || r.BlockNumber != height {
		t.Errorf("afterwards: got %v, %v", r, err)
	}

	brief, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.commitStatus(t, brief, s.client, peertest.ChannelID, "never"); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a transaction that never comes: got %v, want DeadlineExceeded", err)
	}
	stranger := fpctest.NewOrg(t, "StrangerMSP").Client()
	if _, err := s.commitStatus(t, t.Context(), stranger, peertest.ChannelID, later.TxID); status.Code(err) != codes.PermissionDenied {
		t.Errorf("a stranger: got %v, want PermissionDenied", err)
	}
	if _, err := s.commitStatus(t, t.Context(), s.client, "elsewhere", later.TxID); status.Code(err) != codes.PermissionDenied {
		t.Errorf("an unknown channel: got %v, want PermissionDenied", err)
	}
	for _, request := range []*pb.SignedCommitStatusRequest{{}, {Request: []byte("\xff")}} {
		if _, err := s.gateway.CommitStatus(t.Context(), request); status.Code(err) != codes.InvalidArgument {
			t.Errorf("malformed: got %v, want InvalidArgument", err)
		}
	}
}
