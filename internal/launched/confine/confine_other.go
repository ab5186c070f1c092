// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package confine

import (
	"errors"
	"runtime"
)

// Apply does nothing on this system, and says so.
func Apply(Descriptors) Report {
	var r Report
	r.missing("confined", errors.New("only Linux has what it takes, this is "+runtime.GOOS))
	return r
}
