// SPDX-License-Identifier: Apache-2.0

//go:build unix

package launched

import (
	"syscall"
)

// checkSocket makes sure that the descriptor is there, and has the runtime poll
// it instead of blocking a thread.
func checkSocket(fd int) error {
	if _, err := syscall.Getsockname(fd); err != nil {
		return ErrNotLaunched
	}
	return syscall.SetNonblock(fd, true)
}
