// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is how many parts /proc divides a second of CPU time into (USER_HZ, the
// same on every architecture that Go runs on).
const ticks = 100

// cpuTime returns the CPU time, user and system, that this process (the network
// and its clients) and all living processes below it (the programs of the
// chaincodes with their enclaves) have used, by name.
func cpuTime() (usage, error) {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return nil, fmt.Errorf("getrusage: %w", err)
	}
	below, err := descendants(os.Getpid())
	if err != nil {
		return nil, err
	}
	u := usage{ownName: time.Duration(own.Utime.Nano() + own.Stime.Nano())}
	for _, p := range below {
		u[p.name] += p.cpu
	}
	return u, nil
}

// process is one line of /proc/PID/stat.
type process struct {
	pid, parent int
	name        string
	cpu         time.Duration
	resident    int // bytes of memory
}

// program is the name, but for an enclave: that is executed from a descriptor,
// whose number is its name. What it is then tells its host, which is its parent.
func (p process) program(host string) string {
	if _, err := strconv.Atoi(p.name); err != nil {
		return p.name
	}
	if host == "fpc-ledger-host" {
		return "ledger enclave"
	}
	return "enclave"
}

// descendants returns the processes below one, enclaves by their kind.
func descendants(of int) ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	children := make(map[int][]process)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		p, err := readProcess(pid)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended meanwhile
		}
		if err != nil {
			return nil, err
		}
		children[p.parent] = append(children[p.parent], p)
	}
	var below []process
	for next := []process{{pid: of}}; len(next) > 0; {
		for _, child := range children[next[0].pid] {
			next = append(next, child)
			child.name = child.program(next[0].name)
			below = append(below, child)
		}
		next = next[1:]
	}
	return below, nil
}

func readProcess(pid int) (process, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	raw, err := os.ReadFile(path)
	if err != nil {
		return process{}, err
	}
	p, err := parseStat(raw)
	if err != nil {
		return process{}, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// parseStat reads a line of proc(5). The name, in brackets, may hold anything.
func parseStat(raw []byte) (process, error) {
	open, end := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if open < 1 || end < open {
		return process{}, errors.New("no process name in brackets")
	}
	// Fields are numbered from 1 in proc(5); what follows the name begins at 3.
	fields := strings.Fields(string(raw[end+1:]))
	if len(fields) < 22 {
		return process{}, fmt.Errorf("%d fields after the name, want 22 and more", len(fields))
	}
	var failed error
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		failed = errors.Join(failed, err)
		return n
	}
	p := process{
		pid: number(strings.TrimSpace(string(raw[:open]))), name: string(raw[open+1 : end]), parent: number(fields[4-3]),
		cpu:      time.Duration(number(fields[14-3])+number(fields[15-3])) * (time.Second / ticks),
		resident: number(fields[24-3]) * os.Getpagesize(),
	}
	return p, failed
}
