// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzDescription: whatever stands in network.json, it is a network's
// description or an error.
func FuzzDescription(f *testing.F) {
	f.Add([]byte(`{"channel":"ch","orderer":{"address":"o:1"},"organizations":[{"msp_id":"Org1MSP"}]}`))
	f.Add([]byte(`{"channel":1}`))
	f.Add([]byte("{"))
	f.Add([]byte{})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := os.WriteFile(filepath.Join(dir, DescriptionFile), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := ReadDescription(dir)
		if err == nil && (d.Channel == "" || d.Orderer.Address == "" || len(d.Organizations) == 0) {
			t.Fatalf("%q: got %+v, want an error", raw, d)
		}
		if err == nil {
			for _, o := range d.Organizations {
				d.Exports(o)
			}
		}
	})
}
