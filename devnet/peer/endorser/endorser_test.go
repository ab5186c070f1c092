// SPDX-License-Identifier: Apache-2.0

package endorser_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/peer"
	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/trace/tracetest"
)

const cc = "kv"

func start(t *testing.T, options ...peertest.Option) *peertest.Network {
	t.Helper()
	n := peertest.Start(t, 2, options...)
	n.Deploy(t, peertest.Definition{Name: cc}, peertest.Script)
	return n
}

// outcome says how a proposal ended: "error: …" for a gRPC error, else the
// status, what there is of payload and endorsement, and the message.
func outcome(r *pb.ProposalResponse, err error) string {
	if err != nil {
		_, text, _ := strings.Cut(err.Error(), "desc = ")
		return "error: " + text
	}
	var parts []string
	if len(r.Payload) > 0 {
		parts = append(parts, "payload")
	}
	if r.Endorsement != nil {
		parts = append(parts, "endorsed")
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s: %s", r.GetResponse().GetStatus(), strings.Join(parts, " "), r.GetResponse().GetMessage()))
}

// What is wrong with a proposal is a gRPC error, what goes wrong with it is an
// answer: Fabric's clients and its gateway tell the two apart.
func TestOutcomes(t *testing.T) {
	n := start(t)
	node, client := n.Nodes[0], n.Orgs[0].Client()
	propose := func(signer msp.Signer, call peertest.Call) *pb.SignedProposal {
		return peertest.Propose(t, signer, call).SignedProposal
	}
	get := peertest.Run(cc, "get a")
	altered := func(change func(p *pb.Proposal, h *common.ChannelHeader)) *pb.SignedProposal {
		return resign(t, client, propose(client, get), change)
	}
	forged := propose(client, get)
	forged.Signature = propose(client, get).Signature
	stranger := fpctest.NewOrg(t, "StrangerMSP").Client()
	impostor := fpctest.NewOrg(t, "Org1MSP").Client()
	expired := n.Orgs[0].Issue(fpctest.Template{
		Name: "expired", OUs: []string{fpctest.RoleClient},
		NotBefore: n.Orgs[0].Root.Cert.NotBefore, NotAfter: time.Now().Add(-time.Minute),
	})
	unsigned := propose(client, get)
	unsigned.Signature = nil
	elsewhere := get
	elsewhere.Channel = "elsewhere"

	for _, c := range []struct {
		name     string
		proposal *pb.SignedProposal
		want     string
	}{
		{"success", propose(client, get), "200 payload endorsed:"},
		{"status below 400", propose(client, peertest.Run(cc, "answer 399 hm")), "399 payload endorsed: hm"},
		{"status 400", propose(client, peertest.Run(cc, "answer 400 no")), "400 : no"},
		{"status 499", propose(client, peertest.Run(cc, "answer 499 no")), "499 : no"},
		{"status 500", propose(client, peertest.Run(cc, "answer 500 no")), "500 payload: no"},
		{"unknown chaincode", propose(client, peertest.Run("nothing", "f")), "500 : make sure the chaincode nothing has been successfully defined on channel mychannel and try again: chaincode nothing not found"},
		{"unknown channel", propose(client, elsewhere), "500 : channel 'elsewhere' not found"},
		{"no channel", propose(client, peertest.Run(cc, "get a").OnPeer()), "500 : make sure the chaincode kv has been successfully defined on channel  and try again: chaincode kv cannot be invoked without a channel"},
		{"not a writer", propose(n.Orgs[0].Peer("no-writer"), get), "error: failed evaluating policy"},
		{"stranger", propose(stranger, get), "error: error validating proposal: access denied: channel [mychannel] creator org unknown"},
		{"impostor", propose(impostor, get), "error: error validating proposal: access denied: channel [mychannel] creator org"},
		{"no role", propose(n.Orgs[0].Issue(fpctest.Template{Name: "nobody"}), get), "error: error validating proposal: access denied: channel [mychannel] creator org [Org1MSP]"},
		{"another's signature", forged, "error: error validating proposal: access denied: channel [mychannel] creator org [Org1MSP]"},
		{"unsigned", unsigned, "error: the proposal is not signed"},
		{"expired", propose(expired, get), "error: proposal client identity expired"},
		{"garbage", &pb.SignedProposal{ProposalBytes: []byte("\xff"), Signature: []byte("s")}, "error: failed parsing proposal"},
		{"nothing", &pb.SignedProposal{}, "error: "},
		{"wrong transaction id", altered(func(_ *pb.Proposal, h *common.ChannelHeader) { h.TxId = strings.Repeat("0", 64) }), "error: the transaction id is"},
		{"epoch", altered(func(_ *pb.Proposal, h *common.ChannelHeader) { h.Epoch = 1 }), "error: the epoch is 1"},
		{"type", altered(func(_ *pb.Proposal, h *common.ChannelHeader) { h.Type = int32(common.HeaderType_MESSAGE) }), "error: a proposal has type"},
		{"no chaincode", altered(func(_ *pb.Proposal, h *common.ChannelHeader) { h.Extension = nil }), "error: the header extension names no chaincode"},
		{"no input", altered(func(p *pb.Proposal, _ *common.ChannelHeader) { p.Payload = nil }), "error: the chaincode invocation has no input"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := outcome(node.Process(t.Context(), &peertest.Proposal{SignedProposal: c.proposal}))
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q…", got, c.want)
			}
		})
	}
}

// resign changes a proposal's parts and signs it again.
func resign(t *testing.T, signer msp.Signer, signed *pb.SignedProposal, change func(*pb.Proposal, *common.ChannelHeader)) *pb.SignedProposal {
	t.Helper()
	var p pb.Proposal
	var h common.Header
	var ch common.ChannelHeader
	decode := func(raw []byte, into proto.Message) {
		if err := proto.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	encode := func(m proto.Message) []byte {
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	decode(signed.ProposalBytes, &p)
	decode(p.Header, &h)
	decode(h.ChannelHeader, &ch)
	change(&p, &ch)
	h.ChannelHeader = encode(&ch)
	p.Header = encode(&h)
	again, err := envelope.SignProposal(&p, signer)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// A transaction that stands in a block, valid or not, is not simulated again.
func TestDuplicateTransaction(t *testing.T) {
	n := start(t)
	p := peertest.Propose(t, n.Orgs[0].Client(), peertest.Run(cc, "put a 1"))
	n.Order(p.Endorse(t, n.Nodes[0])) // one organisation alone: invalid
	got := outcome(n.Nodes[1].Process(t.Context(), p))
	if want := "error: duplicate transaction found [" + p.TxID + "]"; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q…", got, want)
	}
}

// The peer's clock, not the machine's, decides who has expired.
func TestExpiryByThePeersClock(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	n := start(t, func(c *peer.Config) {
		c.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		}
	})
	client := n.Orgs[0].Client()
	mu.Lock()
	now = client.Cert.NotAfter.Add(time.Second)
	mu.Unlock()
	got := outcome(n.Nodes[0].Process(t.Context(), peertest.Propose(t, client, peertest.Run(cc, "get a"))))
	if want := "error: proposal client identity expired"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Two peers endorse byte-identical results, each over its own identity, and the
// result says all that the execution did.
func TestEndorsement(t *testing.T) {
	n := start(t)
	client := n.Orgs[0].Client()
	n.MustSubmit(t, client, peertest.Run(cc, "put a 1", "put b 2", "put c 3"), n.Nodes...)
	p := peertest.Propose(t, client, peertest.Call{
		Chaincode: cc, Args: peertest.Args("get a", "put a 9", "del b", "range a c", "event sold now", "transient word"),
		Transient: map[string][]byte{"word": []byte("hush")},
	})
	var payloads []string
	for _, node := range n.Nodes {
		r, err := node.Process(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		claim := envelope.EndorsementClaim(r.Payload, r.Endorsement)
		id, err := n.Bundle.MSPs().Identity(claim.Identity)
		if err != nil {
			t.Fatal(err)
		}
		if err := id.Verify(claim.Data, claim.Signature); err != nil {
			t.Errorf("endorsement of %s: %v", node.Org.MSPID, err)
		}
		payloads = append(payloads, string(r.Payload))
	}
	if payloads[0] != payloads[1] {
		t.Fatalf("the peers endorse different results:\n%x\n%x", payloads[0], payloads[1])
	}
	result, err := envelope.ParseResult([]byte(payloads[0]))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(result.Response.Payload), "<1>\na b\nhush"; got != want {
		t.Errorf("payload: got %q, want %q", got, want)
	}
	if got, want := result.ChaincodeID.String(), (&pb.ChaincodeID{Name: cc, Version: "1.0"}).String(); got != want {
		t.Errorf("chaincode: got %s, want %s", got, want)
	}
	var event pb.ChaincodeEvent
	if err := proto.Unmarshal(result.Event, &event); err != nil {
		t.Fatal(err)
	}
	if event.ChaincodeId != cc || event.TxId != p.TxID || event.EventName != "sold" || string(event.Payload) != "now" {
		t.Errorf("event: got %v", &event)
	}
	if got, want := describe(t, result.ReadWriteSet), "_lifecycle[read namespaces/fields/kv/Sequence@3.0] kv[read a@4.0 range a..c exhausted(a@4.0 b@4.0) write a=9 delete b]"; got != want {
		t.Errorf("read/write set:\n got %s\nwant %s", got, want)
	}
}

// describe prints a read/write set on a line.
func describe(t *testing.T, raw []byte) string {
	t.Helper()
	set, err := rwset.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	at := func(r rwset.Read) string {
		if r.Version == nil {
			return r.Key + "@none"
		}
		return fmt.Sprintf("%s@%d.%d", r.Key, r.Version.Block, r.Version.Tx)
	}
	var all []string
	for _, ns := range set.Namespaces {
		var parts []string
		for _, r := range ns.Reads {
			parts = append(parts, "read "+at(r))
		}
		for _, r := range ns.Ranges {
			var rows []string
			for _, row := range r.Rows {
				rows = append(rows, at(row))
			}
			end := "to"
			if r.Exhausted {
				end = "exhausted"
			}
			parts = append(parts, fmt.Sprintf("range %s..%s %s(%s)", r.Start, r.End, end, strings.Join(rows, " ")))
		}
		for _, w := range ns.Writes {
			if w.IsDelete() {
				parts = append(parts, "delete "+w.Key)
			} else {
				parts = append(parts, "write "+w.Key+"="+string(w.Value))
			}
		}
		all = append(all, ns.Name+"["+strings.Join(parts, " ")+"]")
	}
	return strings.Join(all, " ")
}

// An error of the chaincode leaves no event behind.
func TestRefusalCarriesNoEvent(t *testing.T) {
	n := start(t)
	r := n.Nodes[0].Call(t, n.Orgs[0].Client(), peertest.Run(cc, "put a 1", "event sold now", "answer 500 no"))
	result, err := envelope.ParseResult(r.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Event) != 0 || r.Endorsement != nil {
		t.Errorf("got event %x and endorsement %v, want neither", result.Event, r.Endorsement)
	}
}

// Simulations see the state as it was when they began.
func TestOneStateView(t *testing.T) {
	n := peertest.Start(t, 1)
	reading, written := make(chan struct{}), make(chan struct{})
	n.Deploy(t, peertest.Definition{Name: cc}, peertest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		if function, _ := stub.GetFunctionAndParameters(); function != "twice" {
			return peertest.Script(stub)
		}
		first, err := stub.GetState("a")
		if err != nil {
			return shim.Error(err.Error())
		}
		close(reading)
		<-written
		second, err := stub.GetState("b")
		if err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(append(first, second...))
	}))
	client := n.Orgs[0].Client()
	n.MustSubmit(t, client, peertest.Run(cc, "put a 1", "put b 1"), n.Nodes...)
	got := make(chan string)
	go func() {
		r, err := n.Nodes[0].Process(context.Background(), peertest.Propose(t, client, peertest.Run(cc, "twice")))
		got <- string(r.GetResponse().GetPayload()) + fmt.Sprint(err)
	}()
	<-reading
	n.MustSubmit(t, client, peertest.Run(cc, "put a 2", "put b 2"), n.Nodes...)
	close(written)
	if got, want := <-got, "11<nil>"; got != want {
		t.Errorf("got %q, want %q: both keys as they were at the beginning", got, want)
	}
}

// The steps of the flows that arrive at a peer are recorded there.
func TestSteps(t *testing.T) {
	var recorded tracetest.Recorder
	n := peertest.Start(t, 1, func(c *peer.Config) { c.Trace = &recorded })
	n.Deploy(t, peertest.Definition{Name: cc}, peertest.Func(func(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }))
	client := n.Orgs[0].Client()
	for _, function := range []string{"chaincodeInvoke", "validateEnclaveEndorsement", "queryPolicy"} {
		n.Nodes[0].Answer(t, client, peertest.Run(cc, function), nil)
	}
	want := "LC-2 admin->peer; LC-3 admin->lifecycle; LC-4 admin->lifecycle; INV-6 client->peer; INV-17 stub->peer; VAL-1 client->peer"
	var steps []string
	for _, e := range recorded.Events() {
		steps = append(steps, fmt.Sprintf("%s %s->%s", e.Step, e.From, e.To))
	}
	if got := strings.Join(steps, "; "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
