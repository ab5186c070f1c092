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
	if err := UnmarshalFabric(step, what, b, m); err != nil {
		return err
	}
	if hasUnknown(m.ProtoReflect()) {
		return Errorf(step, CodeMalformed, "%s has a field that this version does not know", what)
	}
	return nil
}

// UnmarshalFabric is Unmarshal for Fabric's own messages, to which Fabric may add
// fields.
func UnmarshalFabric(step, what string, b []byte, m proto.Message) error {
	if len(b) > MaxMessage {
		return Errorf(step, CodeTooLarge, "%s has %d bytes, the limit is %d", what, len(b), MaxMessage)
	}
	if left := MaxElements; !countElements(m.ProtoReflect().Descriptor(), b, &left) {
		return Errorf(step, CodeTooLarge, "%s has more than %d elements", what, MaxElements)
	}
	if err := proto.Unmarshal(b, m); err != nil {
		return Errorf(step, CodeMalformed, "%s does not decode: %w", what, err)
	}
	return nil
}

// countElements takes the elements of an encoded message from left, and tells
// whether there were enough. It looks at tags and lengths only, so it costs next
// to nothing where there are few; what is malformed is for the decoder to refuse.
// Each level of nesting is an element, which bounds its depth too.
func countElements(d protoreflect.MessageDescriptor, b []byte, left *int) bool {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return true
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
			return true
		}
		value := b[:n]
		b = b[n:]
		f := d.Fields().ByNumber(number)
		if f == nil || f.Message() == nil && !f.IsList() {
			continue
		}
		if *left--; *left < 0 {
			return false
		}
		if f.Message() == nil || kind != protowire.BytesType {
			continue
		}
		if inner, n := protowire.ConsumeBytes(value); n >= 0 && !countElements(f.Message(), inner, left) {
			return false
		}
	}
	return true
}

// hasUnknown looks for unknown fields. Its depth is bounded by the decoder's.
func hasUnknown(m protoreflect.Message) bool {
	if len(m.GetUnknown()) != 0 {
		return true
	}
	found := false
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			if f.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, e protoreflect.Value) bool {
					found = hasUnknown(e.Message())
					return !found
				})
			}
		case f.Message() == nil:
		case f.IsList():
			for i := 0; i < v.List().Len() && !found; i++ {
				found = hasUnknown(v.List().Get(i).Message())
			}
		default:
			found = hasUnknown(v.Message())
		}
		return !found
	})
	return found
}

// short returns the first bytes of an id, enough for a person to compare.
func short(id []byte) []byte { return id[:min(len(id), 6)] }
