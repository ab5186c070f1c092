// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// program is a measured program, ready to run.
type program struct {
	measurement Measurement
	file        *os.File // sealed memory: nobody can write it any more
	path        string
}

// highFD keeps the program's descriptor clear of those that the child inherits.
const highFD = 64

// load copies the program into memory, measures the copy and seals it. The copy
// is what runs.
func load(path string) (*program, error) {
	from, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	file, err := memoryFile()
	if err != nil {
		return nil, fmt.Errorf("memory for the program: %w", err)
	}
	measurement, err := copyMeasured(file, from)
	if err == nil {
		_, err = unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &program{measurement, file, fmt.Sprintf("/proc/self/fd/%d", file.Fd())}, nil
}

func memoryFile() (*os.File, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("fpc-enclave", flags|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3: executable anyway
		fd, err = unix.MemfdCreate("fpc-enclave", flags)
	}
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, highFD)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(high), "fpc-enclave"), nil
}

func (p *program) close() { _ = p.file.Close() }
