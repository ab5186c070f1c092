// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"
)

func sockets(t *testing.T, nonblocking bool) (ours, theirs *os.File) {
	t.Helper()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(pair[0], nonblocking); err != nil {
		t.Fatal(err)
	}
	ours, theirs = os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
}

func TestTry(t *testing.T) {
	ours, theirs := sockets(t, true)
	try, b := tryOf(ours), make([]byte, 8)
	if try == nil {
		t.Fatal("a socket in non-blocking mode: got no way to look into it")
	}
	if n, err := try(b); n != 0 || err != errNothing {
		t.Errorf("empty: got %d, %v, want %v", n, err, errNothing)
	}
	if _, err := theirs.WriteString("hello"); err != nil {
		t.Fatal(err)
	}
	if n, err := try(b); err != nil || string(b[:n]) != "hello" {
		t.Errorf("with something in it: got %q, %v, want %q", b[:n], err, "hello")
	}
	_ = theirs.Close()
	if n, err := try(b); n != 0 || err != io.EOF {
		t.Errorf("at its end: got %d, %v, want %v", n, err, io.EOF)
	}
	_ = ours.Close()
	if n, err := try(b); n != 0 || err != errNothing {
		t.Errorf("closed: got %d, %v, want %v", n, err, errNothing)
	}
}

// A read in blocking mode would wait for ever, whatever the deadline.
func TestTryBlocking(t *testing.T) {
	ours, _ := sockets(t, false)
	if tryOf(ours) != nil {
		t.Error("a socket in blocking mode: got a way to look into it, want none")
	}
}

// A look in vain leads to a wait, which ends as always.
func TestEagerReaderLooksThenWaits(t *testing.T) {
	ours, theirs := sockets(t, true)
	eager := newEagerReader(ours)
	passed := time.Now()
	looked := make(chan bool, 1)
	eager.looks = &looks{atMost: time.Second, now: func() time.Time { return passed }, yield: func() {
		passed = passed.Add(time.Minute)
		looked <- true
	}}
	go func() {
		<-looked
		_, _ = theirs.WriteString("hello")
	}()
	b := make([]byte, 8)
	if n, err := eager.Read(b); err != nil || string(b[:n]) != "hello" {
		t.Errorf("got %q, %v, want %q", b[:n], err, "hello")
	}
	if err := ours.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := eager.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("past the deadline: got %v, want %v", err, os.ErrDeadlineExceeded)
	}
}

func TestOffer(t *testing.T) {
	ours, theirs := sockets(t, true)
	offer := offerOf(ours)
	if offer == nil {
		t.Fatal("a socket in non-blocking mode: got no way to offer it something")
	}
	b := make([]byte, 8)
	if n, err := offer([]byte("hello")); n != 5 || err != nil {
		t.Errorf("got %d, %v, want 5 bytes written", n, err)
	}
	if n, err := theirs.Read(b); err != nil || string(b[:n]) != "hello" {
		t.Errorf("on the other side: got %q, %v, want %q", b[:n], err, "hello")
	}
	full := make([]byte, 1<<20)
	for n, err := 1, error(nil); err != errNothing; n, err = offer(full) {
		if n == 0 || err != nil {
			t.Fatalf("until it is full: got %d, %v, want some bytes written", n, err)
		}
	}
	_ = theirs.Close()
	if n, err := offer(full); n != 0 || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("nobody reads: got %d, %v, want %v", n, err, syscall.EPIPE)
	}
}

// What the stream does not take at once follows when it does.
func TestWriterOffersThenWaits(t *testing.T) {
	ours, theirs := sockets(t, true)
	w := newWriter(ours, nil, func(err error) { t.Errorf("got %v, want none", err) })
	payload := bytes.Repeat([]byte("frame "), 1<<18) // more than a socket holds
	sent := make(chan error, 1)
	go func() {
		sent <- w.send(kindReturn, nil, payload, func() (uint64, uint32, bool) { return 1, 0, true })
	}()
	f, err := newFrameReader(theirs, len(payload)).next()
	if err != nil || !bytes.Equal(f.payload, payload) {
		t.Errorf("got %d bytes, %v, want the %d that were sent", len(f.payload), err, len(payload))
	}
	if err := <-sent; err != nil {
		t.Errorf("got %v, want none", err)
	}
}
