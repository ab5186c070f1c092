// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/gateway"
	"github.com/privatechaincode/fpc/internal/pb/ledger"
	"github.com/privatechaincode/fpc/internal/pb/lifecycle"
	"github.com/privatechaincode/fpc/internal/pb/msp"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// fabricFiles are the .proto files of Fabric, as its own modules register them,
// by package. The first of a package gets the messages here; a path is taken by
// whichever messages are in it.
var fabricFiles = map[string][]string{
	"common": {
		"common/common.proto", "common/configtx.proto", "common/configuration.proto", "common/ledger.proto", "common/policies.proto",
		"msp/msp_principal.proto",
	},
	"msp":      {"msp/identities.proto", "msp/msp_config.proto"},
	"orderer":  {"orderer/ab.proto", "orderer/cluster.proto", "orderer/configuration.proto"},
	"etcdraft": {"orderer/etcdraft/configuration.proto", "orderer/etcdraft/metadata.proto"},
	"protos": {
		"peer/chaincode.proto", "peer/chaincode_event.proto", "peer/chaincode_shim.proto", "peer/collection.proto",
		"peer/configuration.proto", "peer/events.proto", "peer/peer.proto", "peer/policy.proto", "peer/proposal.proto",
		"peer/proposal_response.proto", "peer/query.proto", "peer/resources.proto", "peer/signed_cc_dep_spec.proto",
		"peer/snapshot.proto", "peer/transaction.proto",
	},
	"lifecycle":   {"peer/lifecycle/lifecycle.proto", "peer/lifecycle/chaincode_definition.proto", "peer/lifecycle/db.proto"},
	"gateway":     {"gateway/gateway.proto"},
	"rwset":       {"ledger/rwset/rwset.proto"},
	"kvrwset":     {"ledger/rwset/kvrwset/kv_rwset.proto"},
	"queryresult": {"ledger/queryresult/kv_query_result.proto"},
}

// fabricPackages says which of Fabric's packages has the messages of one of ours.
var fabricPackages = map[string]string{
	"fpc.fabric.common": "common", "fpc.fabric.msp": "msp", "fpc.fabric.orderer": "orderer", "fpc.fabric.peer": "protos",
	"fpc.fabric.lifecycle": "lifecycle", "fpc.fabric.gateway": "gateway", "fpc.fabric.ledger": "kvrwset",
}

// elsewhere are those that Fabric has in another package, or under another name.
var elsewhere = map[string]string{
	"fpc.fabric.ledger.TxReadWriteSet": "rwset.TxReadWriteSet", "fpc.fabric.ledger.NsReadWriteSet": "rwset.NsReadWriteSet",
	"fpc.fabric.ledger.CollectionHashedReadWriteSet": "rwset.CollectionHashedReadWriteSet",
	"fpc.fabric.ledger.TxPvtReadWriteSet":            "rwset.TxPvtReadWriteSet",
	"fpc.fabric.ledger.NsPvtReadWriteSet":            "rwset.NsPvtReadWriteSet",
	"fpc.fabric.ledger.CollectionPvtReadWriteSet":    "rwset.CollectionPvtReadWriteSet",
	"fpc.fabric.ledger.KV":                           "queryresult.KV",
	"fpc.fabric.ledger.KeyModification":              "queryresult.KeyModification",
	"fpc.fabric.orderer.RaftConfigMetadata":          "etcdraft.ConfigMetadata",
	"fpc.fabric.orderer.RaftConsenter":               "etcdraft.Consenter",
	"fpc.fabric.orderer.RaftOptions":                 "etcdraft.Options",
}

// fabricName is Fabric's full name for one of our top-level names.
func fabricName(ours protoreflect.FullName) string {
	if name, ok := elsewhere[string(ours)]; ok {
		return name
	}
	return fabricPackages[string(ours.Parent())] + "." + string(ours.Name())
}

var ourFiles = []protoreflect.FileDescriptor{
	common.File_fpc_fabric_common_proto, msp.File_fpc_fabric_msp_proto, orderer.File_fpc_fabric_orderer_proto,
	peer.File_fpc_fabric_peer_proto, ledger.File_fpc_fabric_ledger_proto, lifecycle.File_fpc_fabric_lifecycle_proto,
	gateway.File_fpc_fabric_gateway_proto,
}

// A user's program may link Fabric's own modules beside ours, and two
// registrations of one name or path abort it at its start. This binary links all
// of ours; everything that Fabric's modules register is registered on top.
func TestFabricsOwnNamesBesideOurs(t *testing.T) {
	fabricsOwn.Do(func() { registerFabrics(t) }) // what is registered stays
	for _, file := range ourFiles {
		for _, ours := range topLevel(file) {
			for _, name := range []protoreflect.FullName{ours, protoreflect.FullName(fabricName(ours))} {
				found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
				if err != nil || found.FullName() != name {
					t.Errorf("%s: got %v, error %v; want it found", name, found, err)
				}
			}
		}
	}
	for pkg, paths := range fabricFiles {
		for _, path := range paths {
			if f, err := protoregistry.GlobalFiles.FindFileByPath(path); err != nil || string(f.Package()) != pkg {
				t.Errorf("%s: got %v, error %v; want a file of package %s", path, f, err, pkg)
			}
		}
	}
	sameBytes(t)
}

var fabricsOwn sync.Once

func registerFabrics(t *testing.T) {
	t.Helper()
	for pkg := range fabricFiles {
		if n := protoregistry.GlobalFiles.NumFilesByPackage(protoreflect.FullName(pkg)); n != 0 {
			t.Fatalf("we register %d files of Fabric's package %s, want none", n, pkg)
		}
	}
	files := renamed(t)
	for len(files) > 0 {
		before := len(files)
		files = slices.DeleteFunc(files, func(f *descriptorpb.FileDescriptorProto) bool { return register(t, f) })
		if len(files) == before {
			t.Fatalf("%d files depend on each other, among them %s", before, files[0].GetName())
		}
	}
}

// sameBytes reads one message under both names.
func sameBytes(t *testing.T) {
	t.Helper()
	ours := &peer.SignedProposal{ProposalBytes: []byte("proposal"), Signature: []byte("signature")}
	theirs, err := protoregistry.GlobalTypes.FindMessageByName("protos.SignedProposal")
	if err != nil {
		t.Fatal(err)
	}
	m := theirs.New().Interface()
	if err := proto.Unmarshal(encode(t, ours), m); err != nil {
		t.Fatal(err)
	}
	if unknown := m.ProtoReflect().GetUnknown(); len(unknown) != 0 {
		t.Errorf("fields that protos.SignedProposal does not know: %x, want none", unknown)
	}
	back := &peer.SignedProposal{}
	decode(t, encode(t, m), back)
	if !proto.Equal(ours, back) {
		t.Errorf("there and back: got %v, want %v", back, ours)
	}
}

// topLevel are the names of a file's messages and enums.
func topLevel(f protoreflect.FileDescriptor) []protoreflect.FullName {
	var names []protoreflect.FullName
	for i := range f.Messages().Len() {
		names = append(names, f.Messages().Get(i).FullName())
	}
	for i := range f.Enums().Len() {
		names = append(names, f.Enums().Get(i).FullName())
	}
	return names
}

// renamed are our messages under Fabric's names, in files with Fabric's paths.
func renamed(t *testing.T) []*descriptorpb.FileDescriptorProto {
	t.Helper()
	names := map[string]string{} // our full name to Fabric's
	for _, file := range ourFiles {
		for _, name := range topLevel(file) {
			names[string(name)] = fabricName(name)
		}
	}
	homes := map[string]*descriptorpb.FileDescriptorProto{} // by package
	var files []*descriptorpb.FileDescriptorProto
	for pkg, paths := range fabricFiles {
		for _, path := range paths {
			f := &descriptorpb.FileDescriptorProto{Name: proto.String(path), Package: proto.String(pkg), Syntax: proto.String("proto3")}
			if files = append(files, f); path == paths[0] {
				homes[pkg] = f
			}
		}
	}
	for _, file := range ourFiles {
		f := protodesc.ToFileDescriptorProto(file)
		for _, m := range f.MessageType {
			pkg, name, _ := strings.Cut(names[f.GetPackage()+"."+m.GetName()], ".")
			m.Name = proto.String(name)
			homes[pkg].MessageType = append(homes[pkg].MessageType, m)
			retype(homes[pkg], m, names)
		}
		for _, e := range f.EnumType {
			pkg, _, _ := strings.Cut(names[f.GetPackage()+"."+e.GetName()], ".")
			homes[pkg].EnumType = append(homes[pkg].EnumType, e)
		}
	}
	return files
}

// retype gives the fields of a message Fabric's types, and its file what it then
// depends on.
func retype(home *descriptorpb.FileDescriptorProto, m *descriptorpb.DescriptorProto, names map[string]string) {
	for _, nested := range m.NestedType {
		retype(home, nested, names)
	}
	for _, field := range m.Field {
		of := strings.TrimPrefix(field.GetTypeName(), ".")
		depends := ""
		for ours, theirs := range names {
			if rest, ok := strings.CutPrefix(of, ours); ok && (rest == "" || rest[0] == '.') {
				pkg, _, _ := strings.Cut(theirs, ".")
				field.TypeName, depends = proto.String("."+theirs+rest), fabricFiles[pkg][0]
			}
		}
		if of == "google.protobuf.Timestamp" {
			depends = "google/protobuf/timestamp.proto"
		}
		if depends != "" && depends != home.GetName() && !slices.Contains(home.Dependency, depends) {
			home.Dependency = append(home.Dependency, depends)
		}
	}
}

// register registers a file and its messages, unless it depends on one that is
// not registered yet.
func register(t *testing.T, f *descriptorpb.FileDescriptorProto) bool {
	t.Helper()
	for _, d := range f.Dependency {
		if _, err := protoregistry.GlobalFiles.FindFileByPath(d); err != nil {
			return false
		}
	}
	file, err := protodesc.NewFile(f, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatalf("%s: %v", f.GetName(), err)
	}
	if err := protoregistry.GlobalFiles.RegisterFile(file); err != nil {
		t.Fatalf("%s conflicts with ours: %v", f.GetName(), err)
	}
	for i := range file.Messages().Len() {
		if err := protoregistry.GlobalTypes.RegisterMessage(dynamicpb.NewMessageType(file.Messages().Get(i))); err != nil {
			t.Fatalf("%s conflicts with ours: %v", f.GetName(), err)
		}
	}
	return true
}

// Our own messages are linked too.
var _ = fpc.File_fpc_protocol_host_proto
