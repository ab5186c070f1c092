// SPDX-License-Identifier: Apache-2.0

// Package builder is untrusted: it is Fabric's external builder for packages of
// type fpc, so that a peer launches the FPC stub itself (flows.md INV-6a).
//
// A peer calls four programs in the builder's bin folder, at installation and
// before the first invocation:
//
//	detect  SOURCE METADATA           is this a package of type fpc?
//	build   SOURCE METADATA OUTPUT    check it, keep the enclave's program
//	release OUTPUT RELEASE            a stub that is a service: connection.json
//	run     OUTPUT RUN                start the stub, which registers with the peer
//
// All four are links to fpc-stub, made by [Install]; it finds out by its own name
// which one it is. Programs get nothing of the peer's environment but PATH, TMPDIR
// and what core.yaml propagates: [Environment].
//
// A chaincode cannot learn under which name it is defined, and the stub must know
// it: [ChaincodeName] takes it from the package's label.
package builder

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Programs that a peer calls.
const (
	ProgramDetect  = "detect"
	ProgramBuild   = "build"
	ProgramRelease = "release"
	ProgramRun     = "run"
)

var programs = []string{ProgramDetect, ProgramBuild, ProgramRelease, ProgramRun}

// Program tells which of a builder's programs is called by a command line's first
// word, empty if none.
func Program(argv0 string) string {
	if name := filepath.Base(argv0); slices.Contains(programs, name) {
		return name
	}
	return ""
}

// Prepare runs detect, build or release, and returns the exit code. What is wrong
// is told in one line, which the peer writes to its log.
func Prepare(program string, args []string, getenv func(string) string, stderr io.Writer) int {
	var err error
	switch want := arguments[program]; {
	case len(args) != len(want):
		err = fmt.Errorf("want %s, got %d arguments", strings.Join(want, " "), len(args))
	case program == ProgramDetect:
		err = Detect(args[1])
	case program == ProgramBuild:
		err = Build(args[0], args[1], args[2], getenv)
	case program == ProgramRelease:
		err = Release(args[0], args[1])
	}
	if err != nil {
		fmt.Fprintf(stderr, "fpc %s: %v\n", program, err)
		return 1
	}
	return 0
}

// arguments of the programs, all of them folders.
var arguments = map[string][]string{
	ProgramDetect:  {"SOURCE", "METADATA"},
	ProgramBuild:   {"SOURCE", "METADATA", "OUTPUT"},
	ProgramRelease: {"OUTPUT", "RELEASE"},
	ProgramRun:     {"OUTPUT", "RUN"},
}
