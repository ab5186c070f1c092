// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !nosim

package bench

import (
	"errors"
	"time"
)

// cpuTime is known on Linux only.
func cpuTime() (time.Duration, error) {
	return 0, errors.New("the CPU time of other processes is measured on Linux only")
}
