// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package demo

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

// Each step is told of while it runs, and its end before its result: so a terminal
// shows which one takes the time. Here the first one fails.
func TestStepsAreToldOf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var told []string
	err := Run(t.Context(), Config{
		Dir: file, Mode: protocol.ModeFull,
		Begin: func(step string) func() {
			told = append(told, "begin "+step)
			return func() { told = append(told, "end "+step) }
		},
		Report: func(s Step) { told = append(told, "report "+s.Name) },
	})
	if want := []string{"begin network", "end network", "report network", "begin stop", "end stop"}; err == nil || !slices.Equal(told, want) {
		t.Errorf("in a folder that is a file: got error %v, told %q; want an error, and %q", err, told, want)
	}
}
