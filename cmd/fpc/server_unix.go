// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// detach lets the server outlive this command and its terminal.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// writePID writes this process's id and holds a lock on the file while the
// network is up: the lock, not the number, tells that it is. Closing the file
// releases it.
func writePID(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, pidFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
	}
	if err := errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid())+"\n")); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// awaitGone closes its channel once an open file is not the one of its name any
// more: its folder was removed or moved away, and with it the only way to find this
// process. It looks until ctx is done.
func awaitGone(ctx context.Context, f *os.File, every time.Duration) <-chan struct{} {
	gone := make(chan struct{})
	go func() {
		look := time.NewTicker(every)
		defer look.Stop()
		held, err := f.Stat()
		if err != nil {
			return
		}
		for {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			}
			found, err := os.Stat(f.Name())
			if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(held, found) {
				close(gone)
				return
			}
		}
	}()
	return gone
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// servingPID tells whether a network is up in dir, and its process.
func servingPID(dir string) (int, bool) {
	f, err := os.Open(filepath.Join(dir, pidFile))
	if err != nil {
		return 0, false
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return 0, false // nobody holds it: the number is of a process long gone
	}
	raw, err := os.ReadFile(f.Name())
	if err != nil {
		return 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	return pid, err == nil
}

// stopServer asks the server to end and waits until it has.
func stopServer(ctx context.Context, dir string, pid int) error {
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		if _, up := servingPID(dir); !up {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d has not ended: %w", pid, context.Cause(ctx))
		case <-retry.C:
		}
	}
}
