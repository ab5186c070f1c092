// SPDX-License-Identifier: Apache-2.0

package external

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Process is a running program of a builder.
type Process struct {
	cmd   *exec.Cmd
	grace time.Duration
	done  chan struct{}

	// Set before done is closed.
	err error
}

// start starts a program. What it writes to stderr goes to the log, line by line;
// the last line explains a failure.
func (s *Builders) start(b Builder, program string, args ...string) (*Process, error) {
	cmd := exec.Command(b.program(program), args...)
	cmd.Env = s.environment(b)
	said := &lines{log: s.cfg.Log.With("builder", b.Name, "command", program)}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, grace: s.cfg.Grace, done: make(chan struct{})}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		said.read(stderr)
	}()
	go func() {
		defer close(p.done)
		p.err = p.wait(stderr, heard, said)
	}()
	return p, nil
}

// wait waits for the program's end. A child that it left behind may hold stderr
// open; that is awaited for a while and then cut off.
func (p *Process) wait(stderr io.Closer, heard <-chan struct{}, said *lines) error {
	state, err := p.cmd.Process.Wait()
	late := time.AfterFunc(p.grace, func() { _ = stderr.Close() })
	<-heard
	late.Stop()
	_ = stderr.Close() // a pipe that was read to its end
	switch {
	case err != nil:
		return err
	case state.Success():
		return nil
	case said.last() != "":
		return fmt.Errorf("%s: %s", state, said.last())
	}
	return errors.New(state.String())
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says, after Done, how the program ended: nil for exit code 0, else exit
// code or signal and the last line of what it said.
func (p *Process) Err() error { return p.err }

// Stop has the program end, by SIGTERM and, when its time is over, by SIGKILL,
// and waits for its end.
func (p *Process) Stop() {
	p.signal(syscall.SIGTERM)
	late := time.AfterFunc(p.grace, func() { p.signal(os.Kill) })
	defer late.Stop()
	<-p.done
}

func (p *Process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) } // it may have ended

// maxLine bounds a line of a program's stderr, in bytes; longer ones are split.
const maxLine = 8 << 10

// lines passes what a program says to the log and keeps the last line.
type lines struct {
	log *slog.Logger

	mu   sync.Mutex
	text string
}

func (l *lines) read(r io.Reader) {
	in := bufio.NewReaderSize(r, maxLine)
	for {
		line, _, err := in.ReadLine()
		if err != nil {
			return // its end, or cut off
		}
		if len(line) == 0 {
			continue
		}
		l.log.Info(string(line))
		l.mu.Lock()
		l.text = string(line)
		l.mu.Unlock()
	}
}

func (l *lines) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}
