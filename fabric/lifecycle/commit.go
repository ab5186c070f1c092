// SPDX-License-Identifier: Apache-2.0

package lifecycle

// CheckCommitReadiness tells, per organisation, whether it approved exactly d,
// defaults filled in. d must be the next sequence.
func CheckCommitReadiness(d Definition, public Readable, orgs map[string]Opaque) (map[string]bool, error) {
	current, err := Sequence(d.Name, public)
	if err != nil {
		return nil, err
	}
	if d.Sequence != current+1 {
		return nil, fail(CodeBadSequence, nil, "requested sequence is %d, but new definition must be sequence %d", d.Sequence, current+1)
	}
	return Approvals(d.WithDefaults(), orgs)
}

// Commit writes d, defaults filled in, to the public state (LC-4) and tells who
// approved it. A peer refuses to endorse unless its own organisation did;
// whether that is enough is the LifecycleEndorsement policy's decision. It does
// not call [Definition.Validate]; a peer does so first.
func Commit(d Definition, public ReadWritable, orgs map[string]Opaque) (map[string]bool, error) {
	approvals, err := CheckCommitReadiness(d, public, orgs)
	if err != nil {
		return nil, err
	}
	r, err := d.WithDefaults().committed()
	if err != nil {
		return nil, err
	}
	if err := r.write(sectionNamespaces, d.Name, public); err != nil {
		return nil, within(err, "could not serialize chaincode definition")
	}
	return approvals, nil
}

// Approvals tells which organisations' approvals equal the definition d.
func Approvals(d Definition, orgs map[string]Opaque) (map[string]bool, error) {
	approvals := make(map[string]bool, len(orgs))
	for org, state := range orgs {
		differ, err := Mismatches(d, state)
		if err != nil {
			return nil, err
		}
		approvals[org] = len(differ) == 0
	}
	return approvals, nil
}

// Mismatches names what in an organisation's approval is not as in d; a
// missing approval is the single entry "ChaincodeParameters".
func Mismatches(d Definition, org Opaque) ([]string, error) {
	r, err := d.approved()
	if err != nil {
		return nil, err
	}
	name := approvalName(d.Name, d.Sequence)
	differ, err := r.mismatches(sectionNamespaces, name, org)
	if err != nil {
		return nil, within(err, "serialization check failed for key %s", name)
	}
	return differ, nil
}
