// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
)

// maxPending is how many bytes may wait for the stream before senders wait too.
const maxPending = 1 << 20

// keepBuffer is the largest buffer that is kept for the next frames.
const keepBuffer = 256 << 10

// writer writes frames whole and in order. The sender that finds the stream
// idle writes at once, in its own goroutine (no hand-over, no wake-up); what
// others add meanwhile it writes in one go afterwards.
type writer struct {
	w     io.Writer
	offer func([]byte) (int, error) // writes what it can without waiting; nil: that cannot be
	arm   func() error              // before each write; may be nil
	fail  func(error)               // called once, without the lock, when the stream fails

	mu      sync.Mutex
	room    sync.Cond // pending was taken, or err was set
	pending []byte
	spare   []byte
	busy    bool
	err     error
}

func newWriter(w io.Writer, arm func() error, fail func(error)) *writer {
	wr := &writer{w: w, offer: offerOf(w), arm: arm, fail: fail}
	wr.room.L = &wr.mu
	return wr
}

// send queues one frame and, if nobody is writing, writes it. begin runs when
// the frame's place in the stream is certain; it returns call id and ask number,
// or false to send nothing.
func (w *writer) send(k kind, prefix, payload []byte, begin func() (uint64, uint32, bool)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && w.busy && len(w.pending) > maxPending {
		w.room.Wait()
	}
	if w.err != nil {
		return w.err
	}
	call, ask, ok := begin()
	if !ok {
		return nil
	}
	w.pending = appendHeader(w.pending, k, call, ask, len(prefix)+len(payload))
	w.pending = append(w.pending, prefix...)
	w.pending = append(w.pending, payload...)
	if w.busy {
		return nil
	}
	w.busy = true
	defer func() { w.busy = false }()
	return w.flush()
}

// flush writes until nothing is pending. It is entered and left with the lock
// held, and gives it up while it writes.
func (w *writer) flush() error {
	for w.err == nil && len(w.pending) > 0 {
		out := w.pending
		w.pending, w.spare = w.spare[:0], nil
		w.mu.Unlock()
		err := w.write(out)
		if err != nil {
			w.fail(err)
		}
		w.mu.Lock()
		if cap(out) <= keepBuffer {
			w.spare = out
		}
		if err != nil && w.err == nil {
			w.err, w.pending = err, nil
		}
		w.room.Broadcast()
	}
	return w.err
}

func (w *writer) write(b []byte) error {
	if w.arm != nil {
		if err := w.arm(); err != nil {
			return &FrameError{Code: Broken, Err: err}
		}
	}
	err := w.put(b)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &FrameError{Code: Stalled, Err: err}
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		return ErrClosed // the other side has gone
	default:
		return &FrameError{Code: Broken, Err: err}
	}
}

// put writes to the stream: at once what it takes, and waits with the rest, as with
// whatever is wrong with the stream.
func (w *writer) put(b []byte) error {
	if w.offer != nil {
		if n, err := w.offer(b); err == nil {
			b = b[n:]
		}
	}
	if len(b) == 0 {
		return nil
	}
	_, err := w.w.Write(b)
	return err
}

// stop makes every later send fail with err.
func (w *writer) stop(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err, w.pending = err, nil
	}
	w.room.Broadcast()
}
