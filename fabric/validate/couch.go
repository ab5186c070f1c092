// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/privatechaincode/fpc/fabric/rwset"
)

// couchVersion is the field in which a CouchDB peer keeps a key's version.
const couchVersion = "~version"

// CouchRefuses says why a peer whose state database is CouchDB refuses to write
// this key with this value, nil if it does not: CouchDB keeps names that begin
// with an underscore for itself. Peers on LevelDB take every key and value.
func CouchRefuses(key string, value []byte) error {
	switch {
	case !utf8.ValidString(key):
		return fmt.Errorf("key %q is not UTF-8", key)
	case key == "":
		return errors.New("the key is empty")
	case key[0] == '_':
		return fmt.Errorf("key %q begins with an underscore", key)
	}
	// Fields are decoded too, as the peer does: a number too large for it makes
	// the value no JSON, but bytes, of which nothing is refused.
	var fields map[string]any
	if json.Unmarshal(value, &fields) != nil {
		return nil
	}
	for name := range fields {
		if name == couchVersion || strings.HasPrefix(name, "_") {
			return fmt.Errorf("the value of key %q is JSON with the field %q", key, name)
		}
	}
	return nil
}

// CouchAlters says that a peer whose state database is CouchDB may answer other
// bytes than those that were written: it takes JSON objects apart and encodes
// them anew. No hash over such a value means anything there.
func CouchAlters(value []byte) bool {
	var fields map[string]any
	return json.Unmarshal(value, &fields) == nil && fields != nil
}

// couchRefuses looks at a transaction's public writes, as the peer does before
// it looks at versions. Metadata and hashes are not looked at.
func couchRefuses(set *rwset.Set) error {
	for _, ns := range set.Namespaces {
		for _, w := range ns.Writes {
			if err := CouchRefuses(w.Key, w.Value); err != nil {
				return fmt.Errorf("CouchDB refuses a write to %s: %w", ns.Name, err)
			}
		}
	}
	return nil
}
