// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"io"
	"syscall"
	"unsafe"
)

// attempt is one system call, read or write, on a descriptor in non-blocking mode.
// Go's runtime is not told of it: told of a call that may take long, it prepares to
// have this thread's work taken over by another, and its watcher wakes up every few
// microseconds to see whether that is due. Its fields spare an allocation for each
// try; one goroutine at a time uses them.
type attempt struct {
	raw    syscall.RawConn
	number uintptr          // of the system call
	call   func(fd uintptr) // attempt.now

	b     []byte
	n     uintptr
	errno syscall.Errno
}

// newAttempt returns nil if s is no file or socket, nor stands for one, or if it is
// not in non-blocking mode.
func newAttempt(s any, number uintptr) *attempt {
	file, ok := s.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return nil
	}
	nonblocking := false
	err = raw.Control(func(fd uintptr) {
		flags, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
		nonblocking = errno == 0 && flags&syscall.O_NONBLOCK != 0
	})
	if err != nil || !nonblocking {
		return nil
	}
	a := &attempt{raw: raw, number: number}
	a.call = a.now
	return a
}

func (a *attempt) now(fd uintptr) {
	a.n, _, a.errno = syscall.RawSyscall(a.number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(a.b))), uintptr(len(a.b)))
}

// do reads or writes what can be at once, and returns how many bytes that was, or
// what kept it from any: errNothing if that may pass, and for a file that is closed,
// which whoever waits for it is told.
func (a *attempt) do(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	a.b = b
	closed := a.raw.Control(a.call)
	a.b = nil
	switch {
	case closed != nil, a.errno == syscall.EAGAIN, a.errno == syscall.EINTR:
		return 0, errNothing
	case a.errno != 0:
		return 0, a.errno
	}
	return int(a.n), nil
}

// tryOf returns how to read a stream without waiting; nil: there is no way.
func tryOf(r io.Reader) func(b []byte) (int, error) {
	a := newAttempt(r, syscall.SYS_READ)
	if a == nil {
		return nil
	}
	return func(b []byte) (int, error) {
		n, err := a.do(b)
		if n == 0 && err == nil && len(b) > 0 {
			err = io.EOF
		}
		return n, err
	}
}

// offerOf returns how to write to a stream without waiting; nil: there is no way.
func offerOf(w io.Writer) func(b []byte) (int, error) {
	if a := newAttempt(w, syscall.SYS_WRITE); a != nil {
		return a.do
	}
	return nil
}

// yield keeps the runtime out of it, too.
func yield() { _, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }
