// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// Measurement is the code id of a sim enclave: SHA-256 of its binary.
type Measurement [sha256.Size]byte

// String is the code id as evidence and manifests carry it: lower-case hex.
func (m Measurement) String() string { return hex.EncodeToString(m[:]) }

// Measure returns the code id of the program at path.
func Measure(path string) (Measurement, error) {
	f, err := os.Open(path)
	if err != nil {
		return Measurement{}, fmt.Errorf("measure enclave: %w", err)
	}
	defer f.Close()
	return copyMeasured(io.Discard, f)
}

// copyMeasured copies the program and measures what it copies.
func copyMeasured(to io.Writer, from io.Reader) (Measurement, error) {
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(h, to), from); err != nil {
		return Measurement{}, fmt.Errorf("measure enclave: %w", err)
	}
	return Measurement(h.Sum(nil)), nil
}
