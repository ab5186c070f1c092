// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzReadDir: whatever stands in a trace file, it is as many events as whole
// lines, or an error.
func FuzzReadDir(f *testing.F) {
	f.Add([]byte(`{"step":"INV-8","from":"stub","to":"enclave"}` + "\n"))
	f.Add([]byte(`{"step":"INV-8"}` + "\n" + `{"step":"INV-1`))
	f.Add([]byte("null\n"))
	f.Add([]byte{})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := os.WriteFile(filepath.Join(dir, "stub-1"+fileSuffix), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		events, err := ReadDir(dir)
		if want := bytes.Count(raw, []byte("\n")); err == nil && len(events) != want {
			t.Fatalf("%q: got %d events, want %d", raw, len(events), want)
		}
	})
}
