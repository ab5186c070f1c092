// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/privatechaincode/fpc/internal/durable"
	"github.com/privatechaincode/fpc/protocol"
)

const (
	checkpointFile = "checkpoint"
	lockFile       = "ledger.lock"
	secretFile     = "host.secret"
	// magic begins a checkpoint's file and ends with its version.
	magic = "fpc-ledger-checkpoint\x01"
	// maxPart bounds one part, in bytes: it must fit a frame of the transport.
	maxPart = 100 << 20
)

// store is the folder with the ledger enclave's checkpoint, which this process
// holds alone. A checkpoint's file is
//
//	magic
//	for each part: length uint64 BE, the sealed part
//	length 0
type store struct {
	dir  string
	lock *os.File
}

// ErrInUse says that another ledger host holds the folder.
var ErrInUse = errors.New("another fpc-ledger-host uses this state folder")

func openStore(dir string) (*store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the state folder: %w", err)
	}
	lock, err := durable.Lock(filepath.Join(dir, lockFile))
	if errors.Is(err, durable.ErrInUse) {
		return nil, fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	if err != nil {
		return nil, err
	}
	return &store{dir: dir, lock: lock}, nil
}

func (s *store) close() error { return s.lock.Close() }

// secret is what simulated enclaves of this folder derive their sealing key from.
func (s *store) secret() ([32]byte, error) {
	return durable.Secret(filepath.Join(s.dir, secretFile))
}

func (s *store) path() string { return filepath.Join(s.dir, checkpointFile) }

// save replaces the checkpoint by the parts that next returns, up to the last
// one. A checkpoint of which a part is missing is never there.
func (s *store) save(next func() (part []byte, last bool, err error)) error {
	return durable.Replace(s.path(), func(w io.Writer) error {
		if _, err := io.WriteString(w, magic); err != nil {
			return err
		}
		for last := false; !last; {
			var part []byte
			var err error
			if part, last, err = next(); err != nil {
				return err
			}
			if err := writePart(w, part); err != nil {
				return err
			}
		}
		_, err := w.Write(make([]byte, 8))
		return err
	})
}

func writePart(w io.Writer, part []byte) error {
	if len(part) == 0 || len(part) > maxPart {
		return fmt.Errorf("the ledger enclave made a part of %d bytes, want 1 to %d", len(part), maxPart)
	}
	if _, err := w.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part)))); err != nil {
		return err
	}
	_, err := w.Write(part)
	return err
}

// load hands out the checkpoint's parts; last tells which is the last one. It
// tells whether there is a checkpoint. A file that is none is refused with
// [CodeDamagedCheckpoint].
func (s *store) load(take func(part []byte, last bool) error) (found bool, err error) {
	f, err := os.Open(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open the checkpoint: %w", err)
	}
	defer f.Close()
	return true, readParts(bufio.NewReader(f), s.path(), take)
}

func readParts(r io.Reader, path string, take func(part []byte, last bool) error) error {
	damaged := func(why string) error {
		return protocol.Errorf(step, CodeDamagedCheckpoint, "%s: %s", path, why).
			WithHint("move the file away: the ledger enclave then follows the channel from its first block")
	}
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(r, head); err != nil || string(head) != magic {
		return damaged("it is no checkpoint of this version")
	}
	part, err := readPart(r)
	if part == nil && err == nil {
		err = errors.New("it holds nothing")
	}
	for part != nil && err == nil {
		var next []byte
		if next, err = readPart(r); err != nil {
			break
		}
		if err := take(part, next == nil); err != nil {
			return err
		}
		part = next
	}
	if err != nil {
		return damaged(err.Error())
	}
	return nil
}

// readPart returns nil behind the last part.
func readPart(r io.Reader) ([]byte, error) {
	var length [8]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, errors.New("it is cut short")
	}
	n := binary.BigEndian.Uint64(length[:])
	if n == 0 {
		return nil, nil
	}
	if n > maxPart {
		return nil, fmt.Errorf("a part of %d bytes, at most %d", n, maxPart)
	}
	part, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil || uint64(len(part)) != n {
		return nil, errors.New("it is cut short")
	}
	return part, nil
}
