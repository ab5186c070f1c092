// SPDX-License-Identifier: Apache-2.0

//go:build unix

package launched

import (
	"errors"
	"os"
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

// listens tells whether the descriptor is a socket at which others connect, and
// has the runtime poll it.
func listens(fd int) bool {
	on, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	return err == nil && on != 0 && syscall.SetNonblock(fd, true) == nil
}

// accept waits for the next connection. Package net would do the same with more
// system calls than a confined process may make.
func accept(listener *os.File) (*os.File, error) {
	raw, err := listener.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var failed error
	err = raw.Read(func(listening uintptr) bool {
		for {
			fd, _, failed = syscall.Accept(int(listening))
			if !errors.Is(failed, syscall.EINTR) && !errors.Is(failed, syscall.ECONNABORTED) {
				return !errors.Is(failed, syscall.EAGAIN)
			}
		}
	})
	if err = errors.Join(err, failed); err != nil {
		return nil, err
	}
	err = syscall.SetNonblock(fd, true) // before the file is made: so it is polled
	return os.NewFile(uintptr(fd), "stub"), err
}
