// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/privatechaincode/fpc/internal/pb/common"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// field returns a field of one message inside another.
func field(number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
}

// Attack row 18: two bytes on the wire become a hundred in memory, so a message
// far below the size limit could take a peer's or a client's memory.
func TestAttack18ManySmallElements(t *testing.T) {
	many := func(number protowire.Number) []byte { return bytes.Repeat(field(number, nil), protocol.MaxElements+1) }
	tests := map[string]struct {
		message proto.Message
		encoded []byte
	}{
		"reads of a response":       {&pb.EnclaveResponse{}, field(10, many(1))},
		"rows of a range":           {&pb.EnclaveResponse{}, field(10, field(2, many(3)))},
		"many rwsets, merged":       {&pb.EnclaveResponse{}, many(10)},
		"custodies of a lineage":    {&pb.KeyRegistration{}, field(6, many(1))},
		"credentials of a view":     {&pb.RegistryView{}, many(5)},
		"revoked ids of a view":     {&pb.RegistryView{}, many(8)},
		"transient data":            {&pb.ClearRequest{}, many(2)},
		"arguments":                 {&pb.ClearRequest{}, many(1)},
		"spread over several":       {&pb.EnclaveResponse{}, append(field(10, bytes.Repeat(field(1, nil), protocol.MaxElements/2)), field(10, bytes.Repeat(field(3, nil), protocol.MaxElements/2+1))...)},
		"several before nonsense":   {&pb.RegistryView{}, append(many(5), 0xff)},
		"MSPs of a configuration":   {&pb.MSPConfigurations{}, many(1)},
		"decorations of a proposal": {&pb.InvokeRequest{}, many(4)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := protocol.Unmarshal("VAL-1", "message", test.encoded, test.message)
			runtime.ReadMemStats(&after)
			if got := protocol.CodeOf(err); got != protocol.CodeTooLarge {
				t.Errorf("got %v, want code %s", err, protocol.CodeTooLarge)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
				t.Errorf("refusing %d bytes took %d bytes of memory, want less than 1 MiB", len(test.encoded), took)
			}
		})
	}
}

// As many elements as allowed decode; what is malformed is so called.
func TestElementsWithinTheLimit(t *testing.T) {
	m := &pb.RegistryView{}
	if err := protocol.Unmarshal("INV-5", "view", bytes.Repeat(field(8, []byte("id")), protocol.MaxElements), m); err != nil || len(m.GetRevoked()) != protocol.MaxElements {
		t.Errorf("got %d ids and error %v, want %d and none", len(m.GetRevoked()), err, protocol.MaxElements)
	}
	for name, encoded := range map[string][]byte{
		"no tag":            {0xff},
		"cut value":         {10 << 3 & 0x7f, 0x7f},
		"a group unended":   protowire.AppendTag(nil, 10, protowire.StartGroupType),
		"cut inner message": field(10, []byte{1<<3 | 2, 9}),
	} {
		if err := protocol.Unmarshal("VAL-1", "response", encoded, &pb.EnclaveResponse{}); protocol.CodeOf(err) != protocol.CodeMalformed {
			t.Errorf("%s: got %v, want code %s", name, err, protocol.CodeMalformed)
		}
	}
}

// What a client sealed is bounded like everything else, once opened.
func TestAttack18ManyElementsInsideARequest(t *testing.T) {
	dk, ek := newChaincodeKeys(t)
	b := keys.RequestBinding{ChannelHash: make([]byte, 32), ChaincodeID: "auction", Creator: []byte("alice")}
	sealed, err := ek.SealRequest(b, keys.PadNone, bytes.Repeat(field(1, nil), protocol.MaxElements+1))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = protocol.OpenRequest(dk, b, &pb.Request{ChaincodeEkId: ek.ID(), EncryptedRequest: sealed})
	if protocol.CodeOf(err) != protocol.CodeTooLarge {
		t.Errorf("got %v, want code %s", err, protocol.CodeTooLarge)
	}
	const secret = "a secret that is no message"
	if sealed, err = ek.SealRequest(b, keys.PadNone, []byte(secret)); err != nil {
		t.Fatal(err)
	}
	_, _, err = protocol.OpenRequest(dk, b, &pb.Request{ChaincodeEkId: ek.ID(), EncryptedRequest: sealed})
	if protocol.CodeOf(err) != protocol.CodeMalformed || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want code %s and nothing of the content", err, protocol.CodeMalformed)
	}
}

func TestAttack18OversizedMessage(t *testing.T) {
	encoded := field(12, make([]byte, protocol.MaxMessage))
	err := protocol.Unmarshal("VAL-1", "response", encoded, &pb.EnclaveResponse{})
	if got := protocol.CodeOf(err); got != protocol.CodeTooLarge {
		t.Errorf("message of %d bytes: got %v, want code %s", len(encoded), err, protocol.CodeTooLarge)
	}
}

// Attack row 8: what this program does not know could mean something to another
// reader of the same signed bytes, so it is refused wherever it stands.
func TestAttack08UnknownField(t *testing.T) {
	unknown := field(1000, []byte("means something elsewhere"))
	for name, encoded := range map[string][]byte{
		"at the top":        unknown,
		"in a message":      field(2, unknown),
		"in a list's item":  field(10, field(1, unknown)),
		"three levels deep": field(10, field(2, field(3, unknown))),
	} {
		err := protocol.Unmarshal("VAL-1", "response", encoded, &pb.EnclaveResponse{})
		if got := protocol.CodeOf(err); got != protocol.CodeMalformed {
			t.Errorf("%s: got %v, want code %s", name, err, protocol.CodeMalformed)
		}
		if err := protocol.UnmarshalFabric("VAL-1", "response", encoded, &pb.EnclaveResponse{}); err != nil {
			t.Errorf("%s, where Fabric may add fields: got %v, want no error", name, err)
		}
	}
}

// What counts as unknown is what the decoder keeps as such, whatever the bytes.
func FuzzUnknownFields(f *testing.F) {
	nested := &common.ConfigGroup{
		Version: 3, ModPolicy: "Admins", Groups: map[string]*common.ConfigGroup{"Application": {Values: map[string]*common.ConfigValue{"MSP": {Value: []byte("v")}}}},
	}
	good, err := proto.Marshal(nested)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(append(bytes.Clone(good), field(1000, []byte("unknown"))...))
	f.Add(field(2, field(1000, nil)))                                // in a map's entry
	f.Add(field(2, field(2, field(1000, nil))))                      // in its value
	f.Add(field(1, []byte("bytes for a number")))                    // of another wire type
	f.Add(protowire.AppendVarint(protowire.AppendTag(nil, 5, 0), 7)) // likewise
	f.Add(protowire.AppendTag(protowire.AppendTag(nil, 2, 3), 2, 4)) // a group for a map
	f.Fuzz(func(t *testing.T, b []byte) {
		loose, strict := &common.ConfigGroup{}, &common.ConfigGroup{}
		if protocol.UnmarshalFabric("VAL-1", "group", b, loose) != nil {
			return
		}
		refused := protocol.Unmarshal("VAL-1", "group", b, strict) != nil
		if kept := keepsUnknown(loose.ProtoReflect()); kept && !refused {
			t.Errorf("%x: taken, and the decoder kept a field that it does not know", b)
		}
	})
}

// keepsUnknown looks for what a decoder kept without knowing it.
func keepsUnknown(m protoreflect.Message) bool {
	found := len(m.GetUnknown()) != 0
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap() && f.MapValue().Message() != nil:
			v.Map().Range(func(_ protoreflect.MapKey, e protoreflect.Value) bool {
				found = found || keepsUnknown(e.Message())
				return true
			})
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				found = found || keepsUnknown(v.List().Get(i).Message())
			}
		default:
			found = found || keepsUnknown(v.Message())
		}
		return true
	})
	return found
}
