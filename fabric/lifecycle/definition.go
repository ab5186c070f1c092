// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// parameters are the fields that approvals and committed definitions share.
func (d Definition) parameters() ([]field, error) {
	endorsement, err := messageData(&pb.ChaincodeEndorsementInfo{
		Version: d.Version, InitRequired: d.InitRequired, EndorsementPlugin: d.EndorsementPlugin,
	})
	if err != nil {
		return nil, err
	}
	validation, err := messageData(&pb.ChaincodeValidationInfo{
		ValidationPlugin: d.ValidationPlugin, ValidationParameter: d.ValidationParameter,
	})
	if err != nil {
		return nil, err
	}
	collections, err := messageData(collectionsOf(d))
	if err != nil {
		return nil, err
	}
	return []field{{fieldEndorsement, endorsement}, {fieldValidation, validation}, {fieldCollections, collections}}, nil
}

func messageData(m proto.Message) (*pb.StateData, error) {
	raw, err := encoding.Marshal(m)
	if err != nil {
		return nil, fail(CodeBadState, err, "could not marshal field")
	}
	return &pb.StateData{Type: &pb.StateData_Bytes{Bytes: raw}}, nil
}

// committed is the record of a committed definition.
func (d Definition) committed() (record, error) {
	fields, err := d.parameters()
	if err != nil {
		return record{}, err
	}
	sequence := field{fieldSequence, &pb.StateData{Type: &pb.StateData_Int64{Int64: d.Sequence}}}
	return record{typeDefinition, append([]field{sequence}, fields...)}, nil
}

// approved is the record of an organisation's approval.
func (d Definition) approved() (record, error) {
	fields, err := d.parameters()
	return record{typeParameters, fields}, err
}

func source(packageID string) record {
	return record{typeLocal, []field{{fieldPackageID, &pb.StateData{Type: &pb.StateData_String_{String_: packageID}}}}}
}

// readParameters fills in the shared fields of the record under name.
func (d *Definition) readParameters(name string, state Readable) error {
	var endorsement pb.ChaincodeEndorsementInfo
	if err := readMessage(sectionNamespaces, name, fieldEndorsement, state, &endorsement); err != nil {
		return err
	}
	var validation pb.ChaincodeValidationInfo
	if err := readMessage(sectionNamespaces, name, fieldValidation, state, &validation); err != nil {
		return err
	}
	collections := &peer.CollectionConfigPackage{}
	if err := readMessage(sectionNamespaces, name, fieldCollections, state, collections); err != nil {
		return err
	}
	d.Version, d.InitRequired, d.EndorsementPlugin = endorsement.Version, endorsement.InitRequired, endorsement.EndorsementPlugin
	d.ValidationPlugin, d.ValidationParameter = validation.ValidationPlugin, validation.ValidationParameter
	d.Collections = collections
	return nil
}

// Sequence reads a chaincode's committed sequence, 0 if there is none.
func Sequence(name string, public Readable) (int64, error) {
	n, err := readInt64(sectionNamespaces, name, fieldSequence, public)
	if err != nil {
		return 0, within(err, "could not get current sequence")
	}
	return n, nil
}

// Query reads a committed definition; it is a [NotDefinedError] if there is
// none.
func Query(name string, public Readable) (*Definition, error) {
	meta, err := readMetadata(sectionNamespaces, name, public)
	if err != nil {
		return nil, within(err, "could not fetch metadata for namespace %s", name)
	}
	if meta == nil {
		return nil, NotDefinedError{Name: name}
	}
	d, err := readDefinition(name, meta, public)
	if err != nil {
		return nil, within(err, "could not deserialize namespace %s as chaincode", name)
	}
	return d, nil
}

func readDefinition(name string, meta *pb.StateMetadata, public Readable) (*Definition, error) {
	if meta.Datatype != typeDefinition {
		return nil, fail(CodeBadState, nil, "type name mismatch '%s' != '%s'", typeDefinition, meta.Datatype)
	}
	d := &Definition{Name: name}
	var err error
	if d.Sequence, err = readInt64(sectionNamespaces, name, fieldSequence, public); err != nil {
		return nil, err
	}
	return d, d.readParameters(name, public)
}

// QueryAll reads all committed definitions, sorted by name.
func QueryAll(public Rangeable) ([]*Definition, error) {
	var all []*Definition
	err := eachRecord(public, func(name string, meta *pb.StateMetadata) error {
		if meta.Datatype != typeDefinition {
			return nil
		}
		d, err := Query(name, public)
		if err == nil {
			all = append(all, d)
		}
		return err
	})
	return all, err
}
