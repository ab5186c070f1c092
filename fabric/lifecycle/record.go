// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"bytes"
	"crypto/sha256"

	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
)

// Parts of the state keys. A record called name stands under
// section/metadata/name (its type and fields) and section/fields/name/field.
const (
	sectionNamespaces = "namespaces"
	sectionSources    = "chaincode-sources"

	typeDefinition = "ChaincodeDefinition"
	typeParameters = "ChaincodeParameters"
	typeLocal      = "ChaincodeLocalPackage"

	fieldSequence    = "Sequence"
	fieldEndorsement = "EndorsementInfo"
	fieldValidation  = "ValidationInfo"
	fieldCollections = "Collections"
	fieldPackageID   = "PackageID"
)

// MetadataKey is the state key of a committed definition's metadata.
func MetadataKey(name string) string { return metadataKey(sectionNamespaces, name) }

// FieldKey is the state key of a committed definition's field: Sequence,
// EndorsementInfo, ValidationInfo or Collections.
func FieldKey(name, field string) string { return fieldKey(sectionNamespaces, name, field) }

func metadataKey(section, name string) string { return section + "/metadata/" + name }

func fieldKey(section, name, field string) string {
	return section + "/fields/" + name + "/" + field
}

var encoding = proto.MarshalOptions{Deterministic: true}

// record is a typed structure as Fabric stores it: each field under a key of
// its own.
type record struct {
	datatype string
	fields   []field
}

type field struct {
	name string
	data *pb.StateData
}

func (r record) names() []string {
	names := make([]string, len(r.fields))
	for i, f := range r.fields {
		names[i] = f.name
	}
	return names
}

func (r record) metadata() ([]byte, error) {
	return encoding.Marshal(&pb.StateMetadata{Datatype: r.datatype, Fields: r.names()})
}

// write stores the record. Only what differs is written, and fields of an
// earlier record that this one lacks are deleted: other write sets than
// Fabric's would make endorsers disagree.
func (r record) write(section, name string, state ReadWritable) error {
	meta, err := readMetadata(section, name, state)
	if err != nil {
		return err
	}
	existing := make(map[string][]byte, len(meta.GetFields()))
	for _, f := range meta.GetFields() {
		key := fieldKey(section, name, f)
		if existing[key], err = get(state, key); err != nil {
			return err
		}
	}
	for _, f := range r.fields {
		key := fieldKey(section, name, f.name)
		value, err := encoding.Marshal(f.data)
		if err != nil {
			return fail(CodeBadState, err, "could not marshal value for key %s", key)
		}
		if was, ok := existing[key]; !ok || !bytes.Equal(was, value) {
			if err := state.PutState(key, value); err != nil {
				return fail(CodeStateFailed, err, "could not write key into state")
			}
		}
		delete(existing, key)
	}
	if len(existing) > 0 || meta.GetDatatype() != r.datatype || len(meta.GetFields()) != len(r.fields) {
		value, err := r.metadata()
		if err != nil {
			return fail(CodeBadState, err, "could not marshal metadata for namespace %s/%s", section, name)
		}
		if err := state.PutState(metadataKey(section, name), value); err != nil {
			return fail(CodeStateFailed, err, "could not store metadata for namespace %s/%s", section, name)
		}
	}
	for key := range existing {
		if err := state.DelState(key); err != nil {
			return fail(CodeStateFailed, err, "could not delete unneeded key %s", key)
		}
	}
	return nil
}

// mismatches names what in the state, known by hashes, is not this record; none
// means that it is there exactly. All keys are read whatever the outcome, so
// that read sets do not depend on it.
func (r record) mismatches(section, name string, state Opaque) ([]string, error) {
	hashOf := func(key string) ([]byte, error) {
		h, err := state.GetStateHash(key)
		if err != nil {
			return nil, fail(CodeStateFailed, err, "could not get value for key %s", key)
		}
		return h, nil
	}
	have := make(map[string][]byte, len(r.fields)+1)
	metaKey := metadataKey(section, name)
	var err error
	if have[metaKey], err = hashOf(metaKey); err != nil {
		return nil, err
	}
	for _, f := range r.fields {
		key := fieldKey(section, name, f.name)
		if have[key], err = hashOf(key); err != nil {
			return nil, err
		}
	}
	meta, err := r.metadata()
	if err != nil {
		return nil, fail(CodeBadState, err, "could not marshal metadata for namespace %s/%s", section, name)
	}
	if !hashes(meta, have[metaKey]) {
		return []string{r.datatype}, nil
	}
	var differ []string
	for _, f := range r.fields {
		key := fieldKey(section, name, f.name)
		value, err := encoding.Marshal(f.data)
		if err != nil {
			return nil, fail(CodeBadState, err, "could not marshal value for key %s", key)
		}
		if !hashes(value, have[key]) {
			differ = append(differ, f.name)
		}
	}
	return differ, nil
}

func hashes(value, hash []byte) bool {
	h := sha256.Sum256(value)
	return bytes.Equal(h[:], hash)
}

func get(state Readable, key string) ([]byte, error) {
	value, err := state.GetState(key)
	if err != nil {
		return nil, fail(CodeStateFailed, err, "could not get value for key %s", key)
	}
	return value, nil
}

// readMetadata returns a record's metadata, nil if there is no such record.
func readMetadata(section, name string, state Readable) (*pb.StateMetadata, error) {
	raw, err := get(state, metadataKey(section, name))
	if raw == nil || err != nil {
		return nil, err
	}
	m := &pb.StateMetadata{}
	if err := proto.Unmarshal(raw, m); err != nil {
		return nil, fail(CodeBadState, err, "could not unmarshal metadata for namespace %s/%s", section, name)
	}
	return m, nil
}

// readField returns a field's data; an absent field is empty data.
func readField(section, name, field string, state Readable) (*pb.StateData, error) {
	key := fieldKey(section, name, field)
	raw, err := get(state, key)
	if err != nil {
		return nil, err
	}
	data := &pb.StateData{}
	if err := proto.Unmarshal(raw, data); err != nil {
		return nil, fail(CodeBadState, err, "could not unmarshal state for key %s", key)
	}
	return data, nil
}

func wrongType(section, name, field, want string, data *pb.StateData) error {
	return fail(CodeBadState, nil, "expected key %s to encode a value of type %s, but was %T", fieldKey(section, name, field), want, data.Type)
}

func readInt64(section, name, field string, state Readable) (int64, error) {
	data, err := readField(section, name, field, state)
	if err != nil || data.Type == nil {
		return 0, err
	}
	v, ok := data.Type.(*pb.StateData_Int64)
	if !ok {
		return 0, wrongType(section, name, field, "Int64", data)
	}
	return v.Int64, nil
}

func readString(section, name, field string, state Readable) (string, error) {
	data, err := readField(section, name, field, state)
	if err != nil || data.Type == nil {
		return "", err
	}
	v, ok := data.Type.(*pb.StateData_String_)
	if !ok {
		return "", wrongType(section, name, field, "String", data)
	}
	return v.String_, nil
}

func readMessage(section, name, field string, state Readable, m proto.Message) error {
	data, err := readField(section, name, field, state)
	if err != nil || data.Type == nil {
		return err
	}
	v, ok := data.Type.(*pb.StateData_Bytes)
	if !ok {
		return wrongType(section, name, field, "[]byte", data)
	}
	if err := proto.Unmarshal(v.Bytes, m); err != nil {
		return fail(CodeBadState, err, "could not unmarshal key %s", fieldKey(section, name, field))
	}
	return nil
}
