// SPDX-License-Identifier: Apache-2.0

//go:build unix

package launch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// child is the operating system's part of a [Process].
type child struct {
	process *os.Process
	pid     int
	socket  *conn // host's end of the transport
	said    chan struct{}
}

// The child's descriptors beside its standard streams, in the order of
// os.ProcAttr.Files: 3 the transport, 4 the launcher's record (32 bytes of host
// secret, then the 32 bytes of the measurement), 5 the configuration's listener.

// spawn starts the program with as many namespaces of its own as are permitted.
func spawn(p *program, config Config, said io.Writer) (*child, error) {
	for _, try := range isolations() {
		c, err := spawnWith(p, config, said, try)
		if err == nil || !try.optional {
			return c, err
		}
	}
	return nil, errors.New("no way to start a process")
}

// isolation is one set of namespaces to try.
type isolation struct {
	name     string
	attr     *syscall.SysProcAttr
	optional bool // another one is tried when this one is refused
}

func spawnWith(p *program, config Config, said io.Writer, with isolation) (*child, error) {
	var all files
	defer all.close()
	null, err := all.open(os.OpenFile(os.DevNull, os.O_RDWR, 0))
	if err != nil {
		return nil, err
	}
	errRead, errWrite, err := all.pipe()
	if err != nil {
		return nil, err
	}
	recordRead, recordWrite, err := all.pipe()
	if err != nil {
		return nil, err
	}
	if _, err := recordWrite.Write(append(config.HostSecret[:], p.measurement[:]...)); err != nil {
		return nil, fmt.Errorf("launcher record: %w", err)
	}
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	all = append(all, theirs)
	inherited := []*os.File{null, null, errWrite, theirs, recordRead}
	if config.Listener != nil {
		inherited = append(inherited, config.Listener)
	}
	process, err := os.StartProcess(p.path, []string{"fpc-enclave"}, &os.ProcAttr{
		Dir:   "/",
		Env:   environment(with),
		Files: inherited,
		Sys:   with.attr,
	})
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	c := &child{process: process, pid: process.Pid, socket: ours, said: make(chan struct{})}
	all.keep(errRead)
	go func() {
		defer close(c.said)
		defer errRead.Close()
		_, _ = io.Copy(said, errRead) // ends when the enclave closes its end
	}()
	return c, nil
}

// environment is all that the enclave gets to know. GODEBUG keeps the runtime
// from watching CPU limits through files.
func environment(with isolation) []string {
	env := []string{"GODEBUG=containermaxprocs=0,updatemaxprocs=0"}
	if with.name != "" {
		env = append(env, "FPC_NAMESPACES="+with.name)
	}
	return env
}

func socketPair() (ours *conn, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(pair[0])
		syscall.CloseOnExec(pair[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("socket pair: %w", err)
	}
	for _, fd := range pair {
		// A larger buffer saves wake-ups for large messages; the default does too.
		_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_SNDBUF, 1<<20)
	}
	theirs = os.NewFile(uintptr(pair[1]), "host")
	if ours, err = newConn(os.NewFile(uintptr(pair[0]), "enclave")); err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return ours, theirs, nil
}

// wait returns how the process ended.
func (c *child) wait() string {
	state, err := c.process.Wait()
	<-c.said
	if err != nil {
		return err.Error()
	}
	return state.String()
}

func (c *child) kill() { _ = c.process.Kill() } // it may have ended already

// files are closed together.
type files []*os.File

func (f *files) open(file *os.File, err error) (*os.File, error) {
	if err == nil {
		*f = append(*f, file)
	}
	return file, err
}

func (f *files) pipe() (r, w *os.File, err error) {
	if r, w, err = os.Pipe(); err == nil {
		*f = append(*f, r, w)
	}
	return r, w, err
}

func (f *files) keep(file *os.File) {
	for i := range *f {
		if (*f)[i] == file {
			(*f)[i] = nil
		}
	}
}

func (f *files) close() {
	for _, file := range *f {
		if file != nil {
			_ = file.Close()
		}
	}
}
