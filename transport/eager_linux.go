// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"io"
	"syscall"
)

// tryOf returns how to read a stream without waiting: a file or socket, or what
// stands for one, in non-blocking mode. Nil: there is no way.
func tryOf(r io.Reader) func(b []byte) (int, error) {
	file, ok := r.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return nil
	}
	nonblocking := false
	err = raw.Control(func(fd uintptr) {
		flags, _, failed := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
		nonblocking = failed == 0 && flags&syscall.O_NONBLOCK != 0
	})
	if err != nil || !nonblocking {
		return nil
	}
	d := &descriptor{raw: raw}
	d.read = d.readNow
	return d.try
}

// descriptor is read without waiting. Its fields spare an allocation for each try.
type descriptor struct {
	raw  syscall.RawConn
	read func(fd uintptr) // readNow

	b   []byte
	n   int
	err error
}

func (d *descriptor) readNow(fd uintptr) { d.n, d.err = syscall.Read(int(fd), d.b) }

func (d *descriptor) try(b []byte) (int, error) {
	d.b = b
	closed := d.raw.Control(d.read)
	d.b = nil
	switch {
	case closed != nil: // whoever waits is told so
		return 0, errNothing
	case d.err == syscall.EAGAIN, d.err == syscall.EINTR:
		return 0, errNothing
	case d.err != nil:
		return 0, d.err
	case d.n == 0:
		return 0, io.EOF
	}
	return d.n, nil
}

func yield() { _, _, _ = syscall.Syscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }
