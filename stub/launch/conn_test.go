// SPDX-License-Identifier: Apache-2.0

//go:build unix

package launch

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

func pair(t *testing.T) (*conn, *os.File) {
	t.Helper()
	ours, theirs, err := socketPair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
}

var past = time.Unix(1, 0)

// More than the socket holds passes in both directions.
func TestConnPasses(t *testing.T) {
	ours, theirs := pair(t)
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	go func() {
		_, _ = io.Copy(theirs, theirs)
	}()
	go func() {
		if n, err := ours.Write(want); n != len(want) || err != nil {
			t.Errorf("write: got %d bytes, %v, want %d", n, err, len(want))
		}
	}()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(ours, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read: got %d bytes, equal %t, %v, want the %d that were written", n, bytes.Equal(got, want), err, len(want))
	}
}

func TestConnReadDeadline(t *testing.T) {
	ours, theirs := pair(t)
	b := make([]byte, 8)
	for range 3 {
		failed := make(chan error)
		go func() {
			_, err := ours.Read(b)
			failed <- err
		}()
		if err := ours.SetReadDeadline(past); err != nil {
			t.Fatal(err)
		}
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read past its deadline: got %v, want %v", err, os.ErrDeadlineExceeded)
		}
		if err := ours.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		if _, err := theirs.WriteString("hello"); err != nil {
			t.Fatal(err)
		}
		if n, err := ours.Read(b); err != nil || string(b[:n]) != "hello" {
			t.Errorf("read without a deadline: got %q, %v, want %q", b[:n], err, "hello")
		}
	}
	if err := ours.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := ours.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read until its deadline: got %v, want %v", err, os.ErrDeadlineExceeded)
	}
}

// The other side does not read.
func TestConnWriteDeadline(t *testing.T) {
	ours, _ := pair(t)
	if err := ours.SetWriteDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	n, err := ours.Write(make([]byte, 64<<20))
	if n == 64<<20 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d bytes, %v, want less than all and %v", n, err, os.ErrDeadlineExceeded)
	}
}

// Whoever waits when the connection closes, here or there, is told.
func TestConnCloses(t *testing.T) {
	for name, closeIt := range map[string]func(ours *conn, theirs *os.File) error{
		"here":  func(ours *conn, _ *os.File) error { return ours.Close() },
		"there": func(_ *conn, theirs *os.File) error { return theirs.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := pair(t)
			read, written := make(chan error), make(chan error)
			go func() {
				_, err := ours.Read(make([]byte, 8))
				read <- err
			}()
			go func() {
				_, err := ours.Write(make([]byte, 64<<20))
				written <- err
			}()
			if err := closeIt(ours, theirs); err != nil {
				t.Fatal(err)
			}
			if err := <-read; err == nil {
				t.Error("the read: got no error")
			}
			if err := <-written; err == nil {
				t.Error("the write: got no error")
			}
		})
	}
}
