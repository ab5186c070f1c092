// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Process is one program that serves a chaincode.
type Process struct {
	Name    string
	Address string // where it serves: host:port, or unix: and a path
	Log     string // file with what it printed
	cmd     *exec.Cmd
	done    chan struct{}
	err     error
}

// Program says what to start.
type Program struct {
	Name    string // for logs: "stub.auction.Org1MSP"
	Path    string
	Args    []string
	Env     []string // added to nothing: a program gets no other environment
	Address string   // where it will serve
	Dir     string   // for its log
}

// Start starts a program and waits until it serves.
func Start(ctx context.Context, p Program) (*Process, error) {
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, err
	}
	proc := &Process{Name: p.Name, Address: p.Address, Log: filepath.Join(p.Dir, p.Name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(proc.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	proc.cmd = exec.Command(p.Path, p.Args...)
	proc.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}, p.Env...)
	proc.cmd.Stdout, proc.cmd.Stderr = log, log
	setParentDeath(proc.cmd)
	if err := proc.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	go func() {
		proc.err = proc.cmd.Wait()
		close(proc.done)
	}()
	if err := proc.awaitServing(ctx); err != nil {
		_ = proc.Kill()
		return nil, err
	}
	return proc, nil
}

const unixScheme = "unix:"

// awaitServing dials until the program accepts, or has ended.
func (p *Process) awaitServing(ctx context.Context) error {
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		var dialer net.Dialer
		network, address := "tcp", p.Address
		if path, ok := strings.CutPrefix(address, unixScheme); ok {
			network, address = "unix", path
		}
		if conn, err := dialer.DialContext(ctx, network, address); err == nil {
			return conn.Close()
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it served: %s", p.Name, lastLine(p.Log))
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve on %s: %w", p.Name, p.Address, context.Cause(ctx))
		case <-retry.C:
		}
	}
}

// PID is the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Kill ends the program at once, as a crash would, and waits for its end.
func (p *Process) Kill() error { return p.end(os.Kill) }

// Stop asks the program to end and waits for its end.
func (p *Process) Stop() error { return p.end(syscall.SIGTERM) }

func (p *Process) end(signal os.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end %s: %w", p.Name, err)
	}
	<-p.done
	return nil
}

// lastLine is what a program said last.
func lastLine(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	const most = 500
	if len(raw) > most {
		raw = raw[len(raw)-most:]
	}
	return string(raw)
}
