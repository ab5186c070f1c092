// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/privatechaincode/fpc/builder"
)

// Launched is a stub that a peer launched.
type Launched struct {
	Stub    int // process id
	Enclave int // of its enclave; 0: it has none
}

// FindLaunched finds the stubs that a peer launched for packages of a label. The
// folder holds what the peer's builders made.
func FindLaunched(builds, label string) ([]Launched, error) {
	output := filepath.Join(builds, label+"-")
	var found []Launched
	parents := map[int]int{}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		parent, ok := parentOf(dir)
		if !ok {
			continue // it ended meanwhile
		}
		parents[pid] = parent
		if args := arguments(dir); len(args) > 1 && filepath.Base(args[0]) == builder.ProgramRun && strings.HasPrefix(args[1], output) {
			found = append(found, Launched{Stub: pid})
		}
	}
	for pid, parent := range parents {
		for i := range found {
			if found[i].Stub == parent {
				found[i].Enclave = pid
			}
		}
	}
	return found, nil
}

// Kill ends stub or enclave as kill -9 does.
func (l Launched) Kill(stub, enclave bool) error {
	for _, p := range []struct {
		pid  int
		kill bool
	}{{l.Stub, stub}, {l.Enclave, enclave && l.Enclave != 0}} {
		if !p.kill {
			continue
		}
		if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("kill process %d: %w", p.pid, err)
		}
	}
	return nil
}

func arguments(dir string) []string {
	raw, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
}

// parentOf reads a running process' parent; zombies do not count.
func parentOf(dir string) (int, bool) {
	raw, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return 0, false
	}
	// "pid (name) state ppid …", and the name may hold anything.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	if len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
		return 0, false
	}
	parent, err := strconv.Atoi(fields[1])
	return parent, err == nil
}
