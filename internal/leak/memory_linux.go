// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// Memory searches the writable memory of another process: heap, stacks and
// whatever else it could have put a secret into. It tells how many bytes it
// read; a process whose memory cannot be read is an error.
func (s *Searcher) Memory(where string, pid int) ([]Finding, int64, error) {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, 0, fmt.Errorf("memory of %s: %w", where, err)
	}
	defer maps.Close()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, 0, fmt.Errorf("memory of %s: %w", where, err)
	}
	defer mem.Close()
	var (
		found []Finding
		total int64
		lines = bufio.NewScanner(maps)
	)
	for lines.Scan() {
		var from, to int64
		var rights string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &rights); err != nil || !strings.HasPrefix(rights, "rw") {
			continue
		}
		got, n, err := s.Reader(where, region{mem, from, to}.reader())
		total += n
		found = append(found, got...)
		if err != nil {
			return found, total, fmt.Errorf("memory of %s: %w", where, err)
		}
	}
	if err := lines.Err(); err != nil {
		return found, total, fmt.Errorf("memory of %s: %w", where, err)
	}
	if total == 0 {
		return nil, 0, fmt.Errorf("memory of %s: nothing could be read", where)
	}
	return found, total, nil
}

// region is one mapping of a process.
type region struct {
	mem      *os.File
	from, to int64
}

func (r region) reader() io.Reader {
	return unmapped{io.NewSectionReader(r.mem, r.from, r.to-r.from)}
}

// unmapped ends a stream where the process has given the memory back meanwhile.
type unmapped struct{ r io.Reader }

func (u unmapped) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EFAULT) {
		err = io.EOF
	}
	return n, err
}
