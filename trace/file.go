// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
)

// fileSuffix marks trace files in a trace directory.
const fileSuffix = ".trace.jsonl"

// File appends events to one file of a trace directory, one JSON object a line.
// Each process has its own file, so lines never interleave. What cannot be
// written is dropped: a trace must not stop an invocation.
type File struct {
	named
	mu sync.Mutex
	f  *os.File
}

// OpenDir opens the file of this process in dir, making dir if needed. An empty
// dir means that nothing is recorded; the result is then nil, which Named and
// the methods of File accept.
func OpenDir(dir, process string) (*File, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make trace directory: %w", err)
	}
	name := fmt.Sprintf("%s-%d%s", fileName(process), os.Getpid(), fileSuffix)
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open trace file: %w", err)
	}
	t := &File{f: f}
	t.named = named{process: process, pid: os.Getpid(), to: writer{t}}
	return t, nil
}

// fileName keeps what is safe in a file name.
func fileName(process string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		}
		return '_'
	}, process)
}

// Record implements Recorder.
func (t *File) Record(e Event) {
	if t == nil {
		return
	}
	t.named.Record(e)
}

// Close closes the file; later events are dropped.
func (t *File) Close() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.f.Close()
}

type writer struct{ t *File }

func (w writer) Record(e Event) {
	line, err := json.Marshal(e)
	if err != nil {
		return
	}
	w.t.mu.Lock()
	defer w.t.mu.Unlock()
	_, _ = w.t.f.Write(append(line, '\n'))
}

// ReadDir returns the events of all trace files in dir in the order of their
// time. A last line that a crash cut short is left out.
func ReadDir(dir string) ([]Event, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read trace directory: %w", err)
	}
	var all []Event
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), fileSuffix) {
			continue
		}
		events, err := readFile(filepath.Join(dir, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, events...)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Time.Before(all[j].Time) })
	return all, nil
}

func readFile(path string) ([]Event, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var events []Event
	r := bufio.NewReader(f)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read trace file %s: %w", path, err)
		}
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("trace file %s: %w", path, err)
		}
		events = append(events, e)
	}
}
