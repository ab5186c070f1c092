// SPDX-License-Identifier: Apache-2.0

package builder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Name is the builder's name in core.yaml.
const Name = "fpc"

// stubFile is the program that the four are links to.
const stubFile = "fpc-stub"

// Install makes dir a builder: a copy of the stub's program, and the four
// programs as links to it. The folder stands on its own; it can be mounted into a
// peer's container. Installing again replaces the program at once, under stubs
// that run too: each keeps the one that it started with.
func Install(dir, stub string) error {
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	if err := placeProgram(stub, filepath.Join(bin, stubFile)); err != nil {
		return err
	}
	for _, program := range programs {
		if err := placeLink(stubFile, filepath.Join(bin, program)); err != nil {
			return err
		}
	}
	return nil
}

// placeProgram copies a program, and only then gives it its name.
func placeProgram(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), ".new-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	err = errors.Join(err, out.Chmod(0o755), out.Sync(), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return nil
}

// placeLink makes a symbolic link in place of whatever was there.
func placeLink(to, name string) error {
	if err := os.RemoveAll(name + ".new"); err != nil {
		return err
	}
	if err := os.Symlink(to, name+".new"); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// CoreYAML is the entry of a peer's core.yaml for a builder in an absolute
// folder. It is not indented: Fabric's own files differ in that.
func CoreYAML(dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# in core.yaml an entry of chaincode.externalBuilders: indent it as that list is\n- name: %s\n  path: %s\n  propagateEnvironment:\n", Name, quoteYAML(dir))
	for _, variable := range Environment() {
		fmt.Fprintf(&b, "    - %-30s # %s\n", variable, meaning[variable])
	}
	return b.String()
}

// meaning says what the variables are for.
var meaning = map[string]string{
	EnvState:                "folder for sealed state, absolute; unset: this peer hosts no enclave, its stubs only validate",
	EnvEnclaves:             "names of the chaincodes whose enclave this peer hosts, by commas; unset: all",
	EnvLedger:               "socket of this peer's fpc-ledger-host, absolute, for Full mode; unset: Lite only",
	EnvNames:                "LABEL=NAME, by commas, where a label is not NAME or NAME_VERSION",
	EnvTrace:                "folder to record steps into; unset: none",
	EnvLogLevel:             "debug, info, warn or error; unset: info",
	EnvLogFormat:            "text or json; unset: text",
	EnvOperations:           "host:port of metrics and health, :0 where the peer launches several stubs; unset: none",
	EnvCollector:            "where to send steps to; unset: nowhere",
	EnvCollectorHeaders:     "headers for that collector, NAME=VALUE by commas",
	EnvCollectorCertificate: "file with the collector's root certificates",
	EnvArgs:                 "further flags of fpc-stub",
}

// quoteYAML writes a path as a single-quoted scalar.
func quoteYAML(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
