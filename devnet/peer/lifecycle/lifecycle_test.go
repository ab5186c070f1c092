// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	pb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// ask calls a function at a node and prints how it ended: "ok", or status and
// message.
func ask(t *testing.T, node *peertest.Node, signer msp.Signer, function string, args, into proto.Message) string {
	t.Helper()
	r := node.Call(t, signer, peertest.Lifecycle(t, function, args))
	if r.GetResponse().GetStatus() != 200 {
		return fmt.Sprintf("%d %s", r.Response.Status, r.Response.Message)
	}
	if into != nil {
		if err := proto.Unmarshal(r.Response.Payload, into); err != nil {
			t.Fatal(err)
		}
	}
	return "ok"
}

func readiness(t *testing.T, node *peertest.Node, args *pb.CheckCommitReadinessArgs) string {
	t.Helper()
	var result pb.CheckCommitReadinessResult
	if got := ask(t, node, node.Org.Client(), "CheckCommitReadiness", args, &result); got != "ok" {
		return got
	}
	var out []string
	for _, org := range slices.Sorted(maps.Keys(result.Approvals)) {
		out = append(out, fmt.Sprintf("%s=%t", org, result.Approvals[org]))
	}
	return strings.Join(out, " ")
}

// Approvals are private: the other organisations see hashes, compare them, and
// agree who approved exactly what.
func TestApproveCheckCommit(t *testing.T) {
	n := peertest.Start(t, 3)
	args := func(version string, sequence int64) *pb.CheckCommitReadinessArgs {
		return &pb.CheckCommitReadinessArgs{Name: "kv", Version: version, Sequence: sequence}
	}
	expect := func(when string, a *pb.CheckCommitReadinessArgs, want string) {
		t.Helper()
		for _, node := range n.Nodes {
			if got := readiness(t, node, a); got != want {
				t.Errorf("%s, asked at %s: got %q, want %q", when, node.Org.MSPID, got, want)
			}
		}
	}
	expect("before", args("1.0", 1), "Org1MSP=false Org2MSP=false Org3MSP=false")
	n.Approve(t, n.Nodes[0], peertest.Definition{Name: "kv", Version: "1.0", Sequence: 1}, "secret:package")
	n.Approve(t, n.Nodes[1], peertest.Definition{Name: "kv", Version: "1.1", Sequence: 1}, "")
	expect("two versions", args("1.0", 1), "Org1MSP=true Org2MSP=false Org3MSP=false")
	expect("two versions", args("1.1", 1), "Org1MSP=false Org2MSP=true Org3MSP=false")

	commit := &pb.CommitChaincodeDefinitionArgs{Name: "kv", Version: "1.0", Sequence: 1}
	if got, want := ask(t, n.Nodes[1], n.Orgs[1].Client(), "CommitChaincodeDefinition", commit, nil), "chaincode definition not agreed to by this org (Org2MSP)"; !strings.HasSuffix(got, want) {
		t.Errorf("an organisation that approved another: got %q, want …%q", got, want)
	}
	one := n.Submit(t, n.Orgs[0].Admin(), peertest.Lifecycle(t, "CommitChaincodeDefinition", commit), n.Nodes[0])
	if one != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Errorf("a commit endorsed by one of three: got %s", one)
	}
	n.Approve(t, n.Nodes[1], peertest.Definition{Name: "kv", Version: "1.0", Sequence: 1}, "")
	n.Commit(t, peertest.Definition{Name: "kv", Version: "1.0", Sequence: 1}, n.Nodes[0], n.Nodes[1])

	var committed pb.QueryChaincodeDefinitionResult
	if got := ask(t, n.Nodes[2], n.Orgs[2].Client(), "QueryChaincodeDefinition", &pb.QueryChaincodeDefinitionArgs{Name: "kv"}, &committed); got != "ok" {
		t.Fatal(got)
	}
	if got, want := fmt.Sprintln(committed.Version, committed.Sequence, committed.Approvals["Org2MSP"], committed.Approvals["Org3MSP"]), "1.0 1 true false\n"; got != want {
		t.Errorf("committed: got %q, want %q", got, want)
	}
	if !strings.Contains(string(committed.ValidationParameter), lifecycle.EndorsementPolicyRef) {
		t.Errorf("its policy: got %q, want the channel's", committed.ValidationParameter)
	}
	assertNoPlaintext(t, n, "secret:package")
}

// assertNoPlaintext looks through all blocks.
func assertNoPlaintext(t *testing.T, n *peertest.Network, secret string) {
	t.Helper()
	l := n.Nodes[1].Ledger
	for i := range l.Height() {
		b, err := l.Block(i)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := proto.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		// The proposal itself names the package, as in Fabric; the write set must not.
		if i > 0 && strings.Count(string(raw), secret) > 1 {
			t.Errorf("block %d holds %q outside the proposal", i, secret)
		}
	}
}

func TestSequenceRules(t *testing.T) {
	n := peertest.Start(t, 1)
	n.Deploy(t, peertest.Definition{Name: "kv", Version: "1.0"}, peertest.Script)
	admin := n.Orgs[0].Admin()
	for _, c := range []struct {
		name     string
		version  string
		sequence int64
		want     string
	}{
		{"kv", "1.0", 0, "currently defined sequence 1 is larger than requested sequence 0"},
		{"new", "1.0", 0, "requested sequence is 0, but first definable sequence number is 1"},
		{"kv", "1.0", 3, "requested sequence 3 is larger than the next available sequence number 2"},
		{"kv", "2.0", 1, "attempted to redefine the current committed sequence (1) for namespace kv with different parameters"},
		{"kv", "2.0", 2, "ok"},
		{"no such name!", "1.0", 1, "invalid chaincode name 'no such name!'"},
		{"qscc", "1.0", 1, "chaincode name 'qscc' is the name of a system chaincode"},
		{"kv", "1 0", 2, "invalid chaincode version '1 0'"},
	} {
		args := &pb.ApproveChaincodeDefinitionForMyOrgArgs{Name: c.name, Version: c.version, Sequence: c.sequence}
		if got := ask(t, n.Nodes[0], admin, "ApproveChaincodeDefinitionForMyOrg", args, nil); !strings.Contains(got, c.want) {
			t.Errorf("%s %s #%d: got %q, want %q in it", c.name, c.version, c.sequence, got, c.want)
		}
	}
	if got, want := readiness(t, n.Nodes[0], &pb.CheckCommitReadinessArgs{Name: "kv", Version: "1.0", Sequence: 1}), "requested sequence is 1, but new definition must be sequence 2"; !strings.HasSuffix(got, want) {
		t.Errorf("readiness of what is committed: got %q, want …%q", got, want)
	}
}

func TestWhoMayCall(t *testing.T) {
	n := peertest.Start(t, 2)
	n.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	node := n.Nodes[0]
	installed := node.Install(t, peertest.Package(t, "other", "127.0.0.1:1"))
	calls := []struct {
		function string
		args     proto.Message
		local    bool // for administrators of the peer's own organisation only
	}{
		{"InstallChaincode", &pb.InstallChaincodeArgs{ChaincodeInstallPackage: peertest.Package(t, "more", "127.0.0.1:1")}, true},
		{"QueryInstalledChaincodes", &pb.QueryInstalledChaincodesArgs{}, true},
		{"QueryInstalledChaincode", &pb.QueryInstalledChaincodeArgs{PackageId: installed}, true},
		{"GetInstalledChaincodePackage", &pb.GetInstalledChaincodePackageArgs{PackageId: installed}, true},
		{"ApproveChaincodeDefinitionForMyOrg", &pb.ApproveChaincodeDefinitionForMyOrgArgs{Name: "kv", Version: "2.0", Sequence: 2}, true},
		{"QueryApprovedChaincodeDefinition", &pb.QueryApprovedChaincodeDefinitionArgs{Name: "kv"}, true},
		{"QueryApprovedChaincodeDefinitions", &pb.QueryApprovedChaincodeDefinitionsArgs{}, true},
		{"CheckCommitReadiness", &pb.CheckCommitReadinessArgs{Name: "kv", Version: "2.0", Sequence: 2}, false},
		{"QueryChaincodeDefinition", &pb.QueryChaincodeDefinitionArgs{Name: "kv"}, false},
		{"QueryChaincodeDefinitions", &pb.QueryChaincodeDefinitionsArgs{}, false},
	}
	callers := []struct {
		name   string
		signer *fpctest.Member
		local  bool
		writes bool
	}{
		{"own administrator", n.Orgs[0].Admin(), true, true},
		{"own client", n.Orgs[0].Client(), false, true},
		{"the other's administrator", n.Orgs[1].Admin(), false, true},
		{"own peer", n.Orgs[0].Peer("another"), false, false},
	}
	for _, call := range calls {
		for _, caller := range callers {
			got := ask(t, node, caller.signer, call.function, call.args, nil)
			allowed := caller.local || !call.local && caller.writes
			if denied := strings.HasPrefix(got, "500 Failed to authorize invocation due to failed ACL check: "); denied == allowed || allowed && got != "ok" {
				t.Errorf("%s by %s: got %q, want allowed %t", call.function, caller.name, got, allowed)
			}
		}
	}
}

func TestMalformedCalls(t *testing.T) {
	n := peertest.Start(t, 1)
	for _, c := range []struct {
		name string
		call peertest.Call
		want string
	}{
		{"nothing", peertest.Call{Chaincode: lifecycle.Namespace}, "500 lifecycle scc must be invoked with arguments"},
		{"one argument", peertest.Run(lifecycle.Namespace, "QueryChaincodeDefinitions"), "500 lifecycle scc operations require exactly two arguments but received 1"},
		{"unknown function", peertest.Run(lifecycle.Namespace, "Nope", ""), "500 failed to invoke backing implementation of 'Nope': receiver has no such function"},
		{"garbage", peertest.Run(lifecycle.Namespace, "InstallChaincode", "\xff"), "500 failed to invoke backing implementation of 'InstallChaincode': could not decode input arg"},
		{"no package", peertest.Lifecycle(t, "InstallChaincode", &pb.InstallChaincodeArgs{}), "500 failed to invoke backing implementation of 'InstallChaincode': could not parse as a chaincode install package"},
		{"without a channel", peertest.Lifecycle(t, "QueryApprovedChaincodeDefinitions", &pb.QueryApprovedChaincodeDefinitionsArgs{}).OnPeer(), "500 failed to invoke backing implementation of 'QueryApprovedChaincodeDefinitions': invalid channel-less operation"},
		{"no such definition", peertest.Lifecycle(t, "QueryChaincodeDefinition", &pb.QueryChaincodeDefinitionArgs{Name: "x"}), "404 namespace x is not defined"},
		{"no such package", peertest.Lifecycle(t, "QueryInstalledChaincode", &pb.QueryInstalledChaincodeArgs{PackageId: "x"}), "404 chaincode install package 'x' not found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := n.Nodes[0].Call(t, n.Orgs[0].Admin(), c.call)
			if got := fmt.Sprintf("%d %s", r.Response.Status, r.Response.Message); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q…", got, c.want)
			}
		})
	}
}

// Queries tell what is approved and committed, and which package runs it where.
func TestQueries(t *testing.T) {
	n := peertest.Start(t, 2)
	n.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	n.Deploy(t, peertest.Definition{Name: "other"}, peertest.Script, n.Nodes[1])
	n.Approve(t, n.Nodes[0], peertest.Definition{Name: "kv", Version: "2.0", Sequence: 2}, "next:0")
	node, admin := n.Nodes[0], n.Orgs[0].Admin()

	var all pb.QueryChaincodeDefinitionsResult
	ask(t, node, admin, "QueryChaincodeDefinitions", &pb.QueryChaincodeDefinitionsArgs{}, &all)
	var names []string
	for _, d := range all.ChaincodeDefinitions {
		names = append(names, fmt.Sprintf("%s@%d", d.Name, d.Sequence))
	}
	if got, want := strings.Join(names, " "), "kv@1 other@1"; got != want {
		t.Errorf("definitions: got %q, want %q", got, want)
	}

	var approved pb.QueryApprovedChaincodeDefinitionsResult
	ask(t, node, admin, "QueryApprovedChaincodeDefinitions", &pb.QueryApprovedChaincodeDefinitionsArgs{}, &approved)
	names = nil
	for _, d := range approved.ApprovedChaincodeDefinitions {
		names = append(names, fmt.Sprintf("%s@%d:%t", d.Name, d.Sequence, d.Source.GetLocalPackage() != nil))
	}
	if got, want := strings.Join(names, " "), "kv@1:true kv@2:true other@1:false"; got != want {
		t.Errorf("approvals: got %q, want %q", got, want)
	}

	for sequence, want := range map[int64]string{0: "2.0 next:0", 1: "1.0"} {
		var one pb.QueryApprovedChaincodeDefinitionResult
		ask(t, node, admin, "QueryApprovedChaincodeDefinition", &pb.QueryApprovedChaincodeDefinitionArgs{Name: "kv", Sequence: sequence}, &one)
		if got := one.Version + " " + one.Source.GetLocalPackage().GetPackageId(); !strings.HasPrefix(got, want) {
			t.Errorf("approval %d: got %q, want %q…", sequence, got, want)
		}
	}

	var installed pb.QueryInstalledChaincodesResult
	ask(t, node, admin, "QueryInstalledChaincodes", &pb.QueryInstalledChaincodesArgs{}, &installed)
	if len(installed.InstalledChaincodes) != 1 || installed.InstalledChaincodes[0].Label != "kv" {
		t.Fatalf("installed: got %v, want kv", installed.InstalledChaincodes)
	}
	kv := installed.InstalledChaincodes[0]
	if refs := kv.References[peertest.ChannelID].GetChaincodes(); len(refs) != 1 || refs[0].Name != "kv" || refs[0].Version != "1.0" {
		t.Errorf("references of the package: got %v, want kv 1.0", kv.References)
	}
	var pkg pb.GetInstalledChaincodePackageResult
	ask(t, node, admin, "GetInstalledChaincodePackage", &pb.GetInstalledChaincodePackageArgs{PackageId: kv.PackageId}, &pkg)
	if got := lifecycle.PackageID("kv", pkg.ChaincodeInstallPackage); got != kv.PackageId {
		t.Errorf("package: got id %s, want %s", got, kv.PackageId)
	}
}

// Which peer runs a chaincode, and with which package, is what its organisation
// approved; a new approval of the same definition counts at once.
func TestApprovalDecidesWhatRuns(t *testing.T) {
	n := peertest.Start(t, 2)
	client := n.Orgs[0].Client()
	n.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script, n.Nodes[0])
	run := func(node *peertest.Node) string {
		r := node.Call(t, client, peertest.Run("kv", "get a"))
		return fmt.Sprintf("%d %s%s", r.Response.Status, r.Response.Message, r.Response.Payload)
	}
	if got, want := run(n.Nodes[0]), "200 <>"; got != want {
		t.Errorf("where it is installed: got %q, want %q", got, want)
	}
	if got, want := run(n.Nodes[1]), "chaincode definition for 'kv' exists, but chaincode is not installed"; !strings.HasSuffix(got, want) {
		t.Errorf("where it is not: got %q, want …%q", got, want)
	}
	n.Approve(t, n.Nodes[0], peertest.Definition{Name: "kv", Version: "1.0", Sequence: 1}, "")
	if got, want := run(n.Nodes[0]), "chaincode definition for 'kv' exists, but chaincode is not installed"; !strings.HasSuffix(got, want) {
		t.Errorf("after an approval without a package: got %q, want …%q", got, want)
	}
	n.Approve(t, n.Nodes[0], peertest.Definition{Name: "kv", Version: "1.0", Sequence: 1}, "missing:0")
	if got, want := run(n.Nodes[0]), "chaincode install package 'missing:0' not found"; !strings.HasSuffix(got, want) {
		t.Errorf("after an approval of a package that is not here: got %q, want …%q", got, want)
	}
}

func TestUnapprovedDefinitionDoesNotRun(t *testing.T) {
	n := peertest.Start(t, 3)
	d := peertest.Definition{Name: "kv", Version: "1.0", Sequence: 1}
	n.Approve(t, n.Nodes[0], d, "")
	n.Approve(t, n.Nodes[1], d, "")
	n.Commit(t, d, n.Nodes[0], n.Nodes[1])
	r := n.Nodes[2].Call(t, n.Orgs[2].Client(), peertest.Run("kv", "get a"))
	if want := "chaincode definition for 'kv' at sequence 1 has not yet been approved by this org"; !strings.HasSuffix(r.Response.Message, want) {
		t.Errorf("got %q, want …%q", r.Response.Message, want)
	}
}

// A transaction simulated under a definition that has been replaced is invalid.
func TestDefinitionIsReadByTransactions(t *testing.T) {
	n := peertest.Start(t, 1)
	n.Deploy(t, peertest.Definition{Name: "kv"}, peertest.Script)
	stale := peertest.Propose(t, n.Orgs[0].Client(), peertest.Run("kv", "put a 1")).Endorse(t, n.Nodes[0])
	next := peertest.Definition{Name: "kv", Version: "2.0", Sequence: 2}
	n.Approve(t, n.Nodes[0], next, "")
	n.Commit(t, next)
	if got := n.Order(stale)[0]; got != peer.TxValidationCode_MVCC_READ_CONFLICT {
		t.Errorf("got %s, want MVCC_READ_CONFLICT", got)
	}
}
