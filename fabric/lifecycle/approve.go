// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	pb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
)

// approvalName is the name of an approval's records in the implicit collection.
func approvalName(name string, sequence int64) string {
	return name + "#" + strconv.FormatInt(sequence, 10)
}

// Approve writes an organisation's approval of d, defaults filled in, to its
// implicit collection (LC-3). The sequence is the committed one, with the same
// content, or the next. It does not call [Definition.Validate]; a peer does so
// first.
func Approve(d Definition, packageID string, public Readable, org ReadWritable) error {
	d = d.WithDefaults()
	current, err := Sequence(d.Name, public)
	if err != nil {
		return err
	}
	switch {
	case current == 0 && d.Sequence == 0:
		return fail(CodeBadSequence, nil, "requested sequence is 0, but first definable sequence number is 1")
	case d.Sequence < current:
		return fail(CodeBadSequence, nil, "currently defined sequence %d is larger than requested sequence %d", current, d.Sequence)
	case d.Sequence > current+1:
		return fail(CodeBadSequence, nil, "requested sequence %d is larger than the next available sequence number %d", d.Sequence, current+1)
	case d.Sequence == current:
		if err := checkCommitted(d, public); err != nil {
			return err
		}
	}
	name := approvalName(d.Name, d.Sequence)
	unchanged, err := approvedAlready(d, name, packageID, org)
	switch {
	case err != nil:
		return err
	case unchanged && d.Sequence == current:
		return fail(CodeRedefinition, nil, "attempted to redefine the current committed sequence (%d) for namespace %s", current, d.Name)
	case unchanged:
		return fail(CodeRedefinition, nil, "attempted to redefine uncommitted sequence (%d) for namespace %s with unchanged content", d.Sequence, d.Name)
	}
	r, err := d.approved()
	if err != nil {
		return err
	}
	if err := r.write(sectionNamespaces, name, org); err != nil {
		return within(err, "could not serialize chaincode parameters to state")
	}
	if err := source(packageID).write(sectionSources, name, org); err != nil {
		return within(err, "could not serialize chaincode package info to state")
	}
	return nil
}

// checkCommitted: a committed sequence can be approved late, but not changed.
func checkCommitted(d Definition, public Readable) error {
	meta, err := readMetadata(sectionNamespaces, d.Name, public)
	if err != nil {
		return within(err, "could not fetch metadata for current definition")
	}
	if meta == nil {
		return fail(CodeBadState, nil, "missing metadata for currently committed sequence number (%d)", d.Sequence)
	}
	committed, err := readDefinition(d.Name, meta, public)
	if err != nil {
		return within(err, "could not deserialize namespace %s as chaincode", d.Name)
	}
	if err := committed.sameParameters(d); err != nil {
		return fail(CodeRedefinition, err, "attempted to redefine the current committed sequence (%d) for namespace %s with different parameters", d.Sequence, d.Name)
	}
	return nil
}

// approvedAlready says whether the very same approval stands there: writing it
// again would give an empty write set.
func approvedAlready(d Definition, name, packageID string, org Readable) (bool, error) {
	meta, err := readMetadata(sectionNamespaces, name, org)
	if meta == nil || err != nil {
		return false, err
	}
	var was Definition
	if err := was.readParameters(name, org); err != nil {
		return false, err
	}
	if was.sameParameters(d) != nil {
		return false, nil
	}
	meta, err = readMetadata(sectionSources, name, org)
	if meta == nil || err != nil {
		return false, err
	}
	id, err := readString(sectionSources, name, fieldPackageID, org)
	return id == packageID, err
}

func readApproval(name string, sequence int64, meta *pb.StateMetadata, org Readable) (*Approval, error) {
	if meta.Datatype != typeParameters {
		return nil, fail(CodeBadState, nil, "not a chaincode parameters type: %s", meta.Datatype)
	}
	private := approvalName(name, sequence)
	a := &Approval{Definition: Definition{Name: name, Sequence: sequence}}
	if err := a.readParameters(private, org); err != nil {
		return nil, within(err, "could not deserialize chaincode parameters for %s", private)
	}
	meta, err := readMetadata(sectionSources, private, org)
	switch {
	case err != nil:
		return nil, within(err, "could not deserialize chaincode-source metadata for %s", private)
	case meta == nil:
		return nil, fail(CodeBadState, nil, "could not fetch chaincode-source metadata for %s", private)
	case meta.Datatype != typeLocal:
		return nil, fail(CodeBadState, nil, "not a chaincode local package type: %s", meta.Datatype)
	}
	if a.PackageID, err = readString(sectionSources, private, fieldPackageID, org); err != nil {
		return nil, within(err, "could not deserialize chaincode package for %s", private)
	}
	return a, nil
}

// QueryApproved reads an organisation's approval; sequence 0 asks for the
// newest: the next one if it is approved already, otherwise the current one.
func QueryApproved(name string, sequence int64, public, org Readable) (*Approval, error) {
	requested := sequence
	if requested == 0 {
		current, err := Sequence(name, public)
		if err != nil {
			return nil, err
		}
		requested = current
		meta, err := readMetadata(sectionNamespaces, approvalName(name, current+1), org)
		if err != nil {
			return nil, within(err, "could not deserialize namespace metadata for next sequence %d", current+1)
		}
		if meta != nil {
			requested = current + 1
		}
	}
	private := approvalName(name, requested)
	meta, err := readMetadata(sectionNamespaces, private, org)
	if err != nil {
		return nil, within(err, "could not deserialize namespace metadata for %s", private)
	}
	if meta == nil {
		return nil, fail(CodeNotApproved, nil, "could not fetch approved chaincode definition (name: '%s', sequence: '%d')", name, requested)
	}
	return readApproval(name, requested, meta, org)
}

// QueryAllApproved reads all of an organisation's approvals, committed or not,
// sorted by name and then, as text, by sequence.
func QueryAllApproved(org Rangeable) ([]*Approval, error) {
	var all []*Approval
	err := eachRecord(org, func(private string, meta *pb.StateMetadata) error {
		name, number, ok := strings.Cut(private, "#")
		sequence, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil {
			return fail(CodeBadState, err, "invalid private name format: %s", private)
		}
		a, err := readApproval(name, sequence, meta, org)
		if err == nil {
			all = append(all, a)
		}
		return err
	})
	return all, err
}

// eachRecord calls f for all records with their metadata, sorted by name.
func eachRecord(state Rangeable, f func(name string, meta *pb.StateMetadata) error) error {
	prefix := metadataKey(sectionNamespaces, "")
	rows, err := state.GetStateRange(prefix)
	if err != nil {
		return fail(CodeStateFailed, err, "could not query namespace metadata")
	}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		name := strings.TrimPrefix(key, prefix)
		meta := &pb.StateMetadata{}
		if err := proto.Unmarshal(rows[key], meta); err != nil {
			return fail(CodeBadState, err, "error unmarshalling metadata for key %s", key)
		}
		if err := f(name, meta); err != nil {
			return err
		}
	}
	return nil
}
