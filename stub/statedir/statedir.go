// SPDX-License-Identifier: Apache-2.0

// Package statedir is untrusted: it keeps a stub's state in peer-local storage
// (REG-7, INV-6b), so that neither a crash nor a second stub can lose or mix up
// an enclave's keys. The sealed part is closed to it.
package statedir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/durable"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
)

const (
	stateFile  = "stub.state"
	lockFile   = "stub.lock"
	secretFile = "host.secret"
	// maxState bounds what is read back, in bytes.
	maxState = 16 << 20
)

// ErrInUse says that another stub holds the directory.
var ErrInUse = errors.New("another stub uses this state directory")

// DamagedError says that a state file is there and cannot be read as one. It
// stays where it is.
type DamagedError struct {
	Path string
	Err  error
}

// Error names the file and the reason.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("damaged state file %s: %v", e.Path, e.Err)
}

// Unwrap returns the reason.
func (e *DamagedError) Unwrap() error { return e.Err }

// Dir is a state directory that this process holds alone.
type Dir struct {
	path string
	lock *os.File
}

// Open makes the directory if needed and locks it until Close or the end of the
// process. Held by another: ErrInUse.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	lock, err := durable.Lock(filepath.Join(path, lockFile))
	if errors.Is(err, durable.ErrInUse) {
		return nil, fmt.Errorf("%w: %s", ErrInUse, path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock state directory: %w", err)
	}
	return &Dir{path: path, lock: lock}, nil
}

// OpenWhenFree is Open, but waits for the directory until ctx is done: a peer
// starts a stub anew when the former one's stream has ended, which can be
// moments before its process has.
func OpenWhenFree(ctx context.Context, path string) (*Dir, error) {
	retry := time.NewTicker(retryInterval)
	defer retry.Stop()
	for {
		d, err := Open(path)
		if !errors.Is(err, ErrInUse) {
			return d, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-retry.C:
		}
	}
}

// retryInterval is how often a lock is tried for: locks can be awaited only by
// blocking a thread without end.
const retryInterval = 10 * time.Millisecond

// Path returns the directory's path.
func (d *Dir) Path() string { return d.path }

// Close gives the directory free.
func (d *Dir) Close() error { return d.lock.Close() }

// Load returns the state stored last, nil if none was. Errors of form are
// [*DamagedError].
func (d *Dir) Load() (*fpc.StubState, error) {
	path := filepath.Join(d.path, stateFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxState+1))
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	state, err := decode(b)
	if err != nil {
		return nil, &DamagedError{Path: path, Err: err}
	}
	return state, nil
}

func decode(b []byte) (*fpc.StubState, error) {
	if len(b) > maxState {
		return nil, fmt.Errorf("longer than %d bytes", maxState)
	}
	state := &fpc.StubState{}
	if err := proto.Unmarshal(b, state); err != nil {
		return nil, err
	}
	if len(state.GetSealedState()) == 0 {
		return nil, errors.New("no sealed state in it")
	}
	return state, nil
}

// Store replaces the state. When it returns nil the state has reached the disk;
// when the process ends before, the former state is there unharmed.
func (d *Dir) Store(state *fpc.StubState) error {
	b, err := proto.Marshal(state)
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	if len(b) > maxState {
		return fmt.Errorf("state of %d bytes, at most %d", len(b), maxState)
	}
	return durable.Replace(filepath.Join(d.path, stateFile), durable.Bytes(b))
}

// HostSecret returns the secret that simulated enclaves of this directory derive
// their sealing key from. The first call makes it; it never changes.
func (d *Dir) HostSecret() (secret [32]byte, err error) {
	secret, err = durable.Secret(filepath.Join(d.path, secretFile))
	var damaged *durable.SizeError
	if errors.As(err, &damaged) {
		return secret, &DamagedError{Path: damaged.Path, Err: err}
	}
	return secret, err
}
