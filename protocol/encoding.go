// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	// MaxMessage bounds what any decoder here is given, in bytes.
	MaxMessage = 64 << 20
	// MaxElements bounds how many messages, list items and map entries it may
	// decode to: two bytes on the wire can become a hundred in memory.
	MaxElements = 1 << 19
)

// marshal serialises deterministically: maps are sorted.
func marshal(m proto.Message) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// Unmarshal decodes a message of an untrusted party, strictly: its size and the
// number of its elements are bounded, and a field that this program does not know
// is refused, at any depth, since it could mean something to another reader. The
// step and what the message is go into the error, nothing of its content does.
//
// Codes: too_large, malformed.
func Unmarshal(step, what string, b []byte, m proto.Message) error {
	return unmarshal(step, what, b, m, true)
}

// UnmarshalFabric is Unmarshal for Fabric's own messages, to which Fabric may add
// fields.
func UnmarshalFabric(step, what string, b []byte, m proto.Message) error {
	return unmarshal(step, what, b, m, false)
}

func unmarshal(step, what string, b []byte, m proto.Message, strict bool) error {
	if len(b) > MaxMessage {
		return Errorf(step, CodeTooLarge, "%s has %d bytes, the limit is %d", what, len(b), MaxMessage)
	}
	s := scan{left: MaxElements}
	if strict || len(b) > MaxElements { // an element takes two bytes or more
		s.message(m.ProtoReflect().Descriptor(), b)
	}
	if s.left < 0 {
		return Errorf(step, CodeTooLarge, "%s has more than %d elements", what, MaxElements)
	}
	if err := proto.Unmarshal(b, m); err != nil {
		return Errorf(step, CodeMalformed, "%s does not decode: %w", what, err)
	}
	if strict && s.unknown {
		return Errorf(step, CodeMalformed, "%s has a field that this version does not know", what)
	}
	return nil
}

// scan looks through an encoded message before it is decoded, at tags and lengths
// only, so it costs next to nothing where there are few; what is malformed is for the
// decoder to refuse. Each level of nesting is an element, which bounds its depth too.
type scan struct {
	left    int  // elements that it may still have; negative: it had too many
	unknown bool // it has a field that the decoder will not know
}

func (s *scan) message(d protoreflect.MessageDescriptor, b []byte) {
	for len(b) > 0 && s.left >= 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
			return
		}
		s.field(d.Fields().ByNumber(number), kind, b[:n])
		b = b[n:]
	}
}

func (s *scan) field(f protoreflect.FieldDescriptor, kind protowire.Type, value []byte) {
	if f == nil || !decodes(f, kind) {
		s.unknown = true
	}
	if f == nil || f.Message() == nil && !f.IsList() {
		return
	}
	if s.left--; s.left < 0 || f.Message() == nil || kind != protowire.BytesType {
		return
	}
	if inner, n := protowire.ConsumeBytes(value); n >= 0 {
		s.message(f.Message(), inner)
	}
}

// decodes tells whether a value of this wire type is one of the field; the decoder
// takes any other one for a field that it does not know.
func decodes(f protoreflect.FieldDescriptor, kind protowire.Type) bool {
	switch f.Kind() {
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return kind == protowire.BytesType
	case protoreflect.GroupKind:
		return kind == protowire.StartGroupType
	}
	want := protowire.VarintType
	switch f.Kind() {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		want = protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		want = protowire.Fixed64Type
	}
	return kind == want || f.IsList() && kind == protowire.BytesType // packed
}

// short returns the first bytes of an id, enough for a person to compare.
func short(id []byte) []byte { return id[:min(len(id), 6)] }
