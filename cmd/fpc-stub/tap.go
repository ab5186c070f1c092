// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// openTap opens the files that take copies of what passes between stub and
// enclave, a file per direction. They stay open as long as the program runs.
func openTap(dir string) (toEnclave, fromEnclave io.Writer, err error) {
	if dir == "" {
		return nil, nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	open := func(name string) (*os.File, error) {
		return os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	}
	to, err := open("to-enclave")
	if err != nil {
		return nil, nil, err
	}
	from, err := open("from-enclave")
	if err != nil {
		return nil, nil, errors.Join(err, to.Close())
	}
	return to, from, nil
}
