// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// CodeManifest is the sorted list of `platform:code id` of one package (LC-1).
// Its hash is the definition's version, so one definition can run on several
// platforms.
type CodeManifest struct{ entries []string }

var manifestEntry = regexp.MustCompile(`^[a-z0-9]{1,16}:[0-9a-f]{64,128}$`)

// maxManifestEntries bounds what a manifest may list.
const maxManifestEntries = 64

// NewCodeManifest makes a manifest of entries `platform:code id`, in any order.
func NewCodeManifest(entries ...string) (CodeManifest, error) {
	m := CodeManifest{slices.Clone(entries)}
	slices.Sort(m.entries)
	return m, m.check()
}

// ManifestEntry is the line of one measured code.
func ManifestEntry(platform, codeID string) string { return platform + ":" + codeID }

// ParseCodeManifest reads a manifest's bytes: sorted lines, each ended by a
// newline, none twice, nothing else.
func ParseCodeManifest(b []byte) (CodeManifest, error) {
	text, ended := strings.CutSuffix(string(b), "\n")
	if !ended {
		return CodeManifest{}, Errorf("LC-1", CodeMalformed, "code manifest does not end with a newline")
	}
	m := CodeManifest{strings.Split(text, "\n")}
	return m, m.check()
}

func (m CodeManifest) check() error {
	if len(m.entries) == 0 || len(m.entries) > maxManifestEntries {
		return Errorf("LC-1", CodeMalformed, "code manifest has %d entries, want 1 to %d", len(m.entries), maxManifestEntries)
	}
	for i, e := range m.entries {
		if !manifestEntry.MatchString(e) {
			return Errorf("LC-1", CodeMalformed, "code manifest entry %d is not `platform:code id`", i+1)
		}
		if i > 0 && m.entries[i-1] >= e {
			return Errorf("LC-1", CodeMalformed, "code manifest entry %d is not in order", i+1)
		}
	}
	return nil
}

// Bytes returns the manifest as it is packaged and hashed.
func (m CodeManifest) Bytes() []byte { return []byte(strings.Join(m.entries, "\n") + "\n") }

// Entries returns the manifest's lines.
func (m CodeManifest) Entries() []string { return slices.Clone(m.entries) }

// Version returns the definition's version: "fpc-" and the hex SHA-256 of the
// manifest's bytes.
func (m CodeManifest) Version() string { return CodeManifestVersion(m.Bytes()) }

// CodeManifestVersion is the version that manifest bytes stand for, whatever
// they are.
func CodeManifestVersion(manifest []byte) string {
	sum := sha256.Sum256(manifest)
	return "fpc-" + hex.EncodeToString(sum[:])
}

// Contains tells whether the manifest lists this code.
func (m CodeManifest) Contains(platform, codeID string) bool {
	_, found := slices.BinarySearch(m.entries, ManifestEntry(platform, codeID))
	return found
}

// CheckManifest parses manifest bytes and holds them against the version of a
// definition (REG-12, INV-5).
func CheckManifest(step string, manifest []byte, version string) (CodeManifest, error) {
	if v := CodeManifestVersion(manifest); v != version {
		return CodeManifest{}, Errorf(step, CodeWrongVersion, "code manifest has version %s, the definition has %s", v, version)
	}
	return ParseCodeManifest(manifest)
}
