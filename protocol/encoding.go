// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// MaxMessage bounds what any decoder here is given, in bytes.
const MaxMessage = 64 << 20

// marshal serialises deterministically: maps are sorted.
func marshal(m proto.Message) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// Unmarshal decodes a message of an untrusted party, strictly: its size is
// bounded, and a field that this program does not know is refused, at any depth,
// since it could mean something to another reader. The step and what the message
// is go into the error.
//
// Codes: too_large, malformed.
func Unmarshal(step, what string, b []byte, m proto.Message) error {
	if err := unmarshalFabric(step, what, b, m); err != nil {
		return err
	}
	if hasUnknown(m.ProtoReflect()) {
		return Errorf(step, CodeMalformed, "%s has a field that this version does not know", what)
	}
	return nil
}

// unmarshalFabric decodes one of Fabric's own messages, to which Fabric may add
// fields.
func unmarshalFabric(step, what string, b []byte, m proto.Message) error {
	if len(b) > MaxMessage {
		return Errorf(step, CodeTooLarge, "%s has %d bytes, the limit is %d", what, len(b), MaxMessage)
	}
	if err := proto.Unmarshal(b, m); err != nil {
		return Errorf(step, CodeMalformed, "%s does not decode: %w", what, err)
	}
	return nil
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
