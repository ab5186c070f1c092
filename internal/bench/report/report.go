// SPDX-License-Identifier: Apache-2.0

// Package report is untrusted: it is what programs that measure have in common, on
// whatever network.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
)

// Machine says on what is measured, and how busy it is.
func Machine() string {
	return fmt.Sprintf("%s, %d cores, %s/%s; load average %s", runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, LoadAverage())
}

// LoadAverage tells how busy the machine was before: ratios bear it, absolute
// figures do not.
func LoadAverage() string {
	raw, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(raw))
	if err != nil || len(fields) < 3 {
		return "unknown"
	}
	return strings.Join(fields[:3], " ")
}

// Write writes figures, by name, as a flat JSON map to a file; an empty path: nowhere.
func Write(path string, figures map[string]float64) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// Profiled runs f under the CPU profiler and writes the profile to a file; an empty
// path: without.
func Profiled(path string, f func() error) error {
	if path == "" {
		return f()
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return errors.Join(err, file.Close())
	}
	failed := f()
	pprof.StopCPUProfile()
	return errors.Join(failed, file.Close())
}
