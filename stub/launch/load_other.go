// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package launch

import (
	"errors"
	"os"
)

// program is a measured program, ready to run.
type program struct {
	measurement Measurement
	path        string
	dir         string
}

// load copies the program to a private place and measures the copy, which is
// what runs. Unlike on Linux, the same user could still change it.
func load(path string) (*program, error) {
	from, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	dir, err := os.MkdirTemp("", "fpc-enclave")
	if err != nil {
		return nil, err
	}
	p := &program{path: dir + "/enclave", dir: dir}
	to, err := os.OpenFile(p.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700)
	if err == nil {
		p.measurement, err = copyMeasured(to, from)
		err = errors.Join(err, to.Close())
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *program) close() { _ = os.RemoveAll(p.dir) }
