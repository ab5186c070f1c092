// SPDX-License-Identifier: Apache-2.0

//go:build unix

package launch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// conn is the host's end of the transport: a socket that whoever reads it waits
// for in a system call of his own, until it can be read, the deadline passes or
// another deadline is set.
//
// An *os.File would do the same through the runtime's poller. That gathers many
// connections in one wait; for this single one, read by one goroutine at a time,
// it takes twice the system calls and wakes another thread for each message,
// which made an invocation a tenth slower.
type conn struct {
	socket, wake, woken *os.File // woken becomes readable when wake is written

	mu            sync.Mutex
	read, write   time.Time // deadlines; zero: none
	readerIsWoken bool      // a byte is in woken
}

// newConn takes the socket over. It must be in blocking mode.
func newConn(socket *os.File) (*conn, error) {
	woken, wake, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	c := &conn{socket: socket, wake: wake, woken: woken}
	// The file itself stays out of the poller, which knows of blocking mode only.
	err = c.control(func(fd int) error { return unix.SetNonblock(fd, true) })
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// SyscallConn implements syscall.Conn: the transport looks whether there is
// something before it waits.
func (c *conn) SyscallConn() (syscall.RawConn, error) { return c.socket.SyscallConn() }

// control runs f on the socket, which is not closed meanwhile.
func (c *conn) control(f func(fd int) error) error { return onFD(c.socket, f) }

func onFD(file *os.File, f func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = f(int(fd)) }); err != nil {
		return err
	}
	return failed
}

// Read implements transport.Conn. It is not called by two goroutines at once.
func (c *conn) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	err = onFD(c.woken, func(woken int) error {
		return c.control(func(fd int) error {
			for {
				if err := c.await(fd, woken); err != nil {
					return err
				}
				n, err = unix.Read(fd, b)
				if !again(err) {
					return err
				}
			}
		})
	})
	switch {
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// await waits until the socket can be read.
func (c *conn) await(fd, woken int) error {
	for {
		c.mu.Lock()
		timeout, err := left(c.read)
		c.mu.Unlock()
		if err != nil {
			return err
		}
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(woken), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, timeout); err != nil && !again(err) {
			return fmt.Errorf("poll: %w", err)
		}
		switch wake := ready[1].Revents; {
		case wake&unix.POLLIN != 0: // the deadline has changed
			if err := c.takeByte(woken); err != nil {
				return err
			}
		case wake != 0:
			return os.ErrClosed
		case ready[0].Revents != 0:
			return nil
		}
	}
}

// takeByte empties woken.
func (c *conn) takeByte(woken int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.readerIsWoken {
		return nil
	}
	var b [1]byte
	if _, err := unix.Read(woken, b[:]); err != nil {
		return fmt.Errorf("wake-up: %w", err)
	}
	c.readerIsWoken = false
	return nil
}

// Write implements transport.Conn.
func (c *conn) Write(b []byte) (written int, err error) {
	err = c.control(func(fd int) error {
		for written < len(b) {
			n, err := unix.Write(fd, b[written:])
			switch {
			case err == nil:
				written += n
			case again(err):
				if err := c.awaitRoom(fd); err != nil {
					return err
				}
			default:
				return err
			}
		}
		return nil
	})
	return written, err
}

// awaitRoom waits until the socket takes more.
func (c *conn) awaitRoom(fd int) error {
	c.mu.Lock()
	timeout, err := left(c.write)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, timeout); err != nil && !again(err) {
		return fmt.Errorf("poll: %w", err)
	}
	return nil
}

// left returns for how many milliseconds to wait until a deadline, rounded up,
// -1 for ever; or that it has passed.
func left(deadline time.Time) (milliseconds int, err error) {
	if deadline.IsZero() {
		return -1, nil
	}
	d := time.Until(deadline)
	if d <= 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return int(min(d, time.Minute)/time.Millisecond) + 1, nil
}

func again(err error) bool {
	return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)
}

// SetReadDeadline implements transport.Conn: it holds for a read under way too.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = t
	if c.readerIsWoken {
		return nil
	}
	if _, err := c.wake.Write([]byte{0}); err != nil {
		return err
	}
	c.readerIsWoken = true
	return nil
}

// SetWriteDeadline implements transport.Conn, for writes that begin later.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write = t
	return nil
}

// Close implements transport.Conn. Who reads or writes meanwhile is told so: by
// the end of the stream.
func (c *conn) Close() error {
	_ = c.control(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RDWR) }) // the other side may have gone
	return errors.Join(c.socket.Close(), c.wake.Close(), c.woken.Close())
}
