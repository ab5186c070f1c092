// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Composite keys live in a namespace of their own: they start with U+0000, and
// each of their parts ends with it. U+10FFFF bounds ranges from above. So
// neither rune may occur in a part.
const (
	minRune        = '\x00'
	maxRune        = utf8.MaxRune
	compositeStart = "\x00"
	// firstSimpleKey replaces an empty lower bound: it sorts after all
	// composite keys and not after any other simple key.
	firstSimpleKey = "\x01"
)

// ErrEmptyKey is returned for a write to the empty key.
var ErrEmptyKey = errors.New("key must not be an empty string")

// ErrEmptyCollection is returned where a collection's name is missing.
var ErrEmptyCollection = errors.New("collection must not be an empty string")

// ErrEmptyEventName is returned for an event without a name.
var ErrEmptyEventName = errors.New("event name can not be empty string")

// CreateCompositeKey joins an object type and attributes to one key, with
// Fabric's encoding: U+0000, then each part followed by U+0000. Parts must be
// valid UTF-8 without U+0000 and U+10FFFF; they may be empty.
func CreateCompositeKey(objectType string, attributes []string) (string, error) {
	var b strings.Builder
	b.WriteByte(minRune)
	for _, part := range append([]string{objectType}, attributes...) {
		if err := checkPart(part); err != nil {
			return "", err
		}
		b.WriteString(part)
		b.WriteByte(minRune)
	}
	return b.String(), nil
}

// SplitCompositeKey takes a key of CreateCompositeKey apart. A string that has
// not that form is an error.
func SplitCompositeKey(compositeKey string) (string, []string, error) {
	if !IsCompositeKey(compositeKey) || len(compositeKey) < 2 || !strings.HasSuffix(compositeKey, compositeStart) {
		return "", nil, fmt.Errorf("not a composite key: [%x]", compositeKey)
	}
	parts := strings.Split(compositeKey[1:len(compositeKey)-1], compositeStart)
	return parts[0], parts[1:], nil
}

// IsCompositeKey tells whether a key lies in the namespace of composite keys.
func IsCompositeKey(key string) bool { return strings.HasPrefix(key, compositeStart) }

// SimpleRange returns the bounds that a range over simple keys has on the
// ledger: an empty start becomes the first simple key. Bounds in the namespace
// of composite keys are an error.
func SimpleRange(startKey, endKey string) (start, end string, err error) {
	if startKey == "" {
		startKey = firstSimpleKey
	}
	for _, key := range []string{startKey, endKey} {
		if IsCompositeKey(key) {
			return "", "", fmt.Errorf("first character of the key [%s] contains a null character which is not allowed", key)
		}
	}
	return startKey, endKey, nil
}

// PartialCompositeRange returns the bounds of the keys of a type whose first
// attributes are the given ones.
func PartialCompositeRange(objectType string, attributes []string) (start, end string, err error) {
	prefix, err := CreateCompositeKey(objectType, attributes)
	if err != nil {
		return "", "", err
	}
	return prefix, prefix + string(maxRune), nil
}

// AllCompositeRange returns the bounds of all composite keys.
func AllCompositeRange() (start, end string) {
	return compositeStart, compositeStart + string(maxRune)
}

func checkPart(part string) error {
	if !utf8.ValidString(part) {
		return fmt.Errorf("not a valid utf8 string: [%x]", part)
	}
	for i, r := range part {
		if r == minRune || r == maxRune {
			return fmt.Errorf("input contains unicode %#U starting at position [%d]. %#U and %#U are not allowed in the input attribute of a composite key", r, i, minRune, maxRune)
		}
	}
	return nil
}
