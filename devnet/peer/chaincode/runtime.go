// SPDX-License-Identifier: Apache-2.0

package chaincode

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/privatechaincode/fpc/devnet/peer/external"
)

// runtime is one package that this peer runs: at most one process of it is
// connected at a time. When it goes away the next invocation connects anew.
type runtime struct {
	support   *Support
	packageID string

	mu       sync.Mutex
	live     *session
	starting *start
	stopped  bool
	process  *external.Process // launched last; nil: none
}

// start is one attempt to get a process connected, shared by all who wait.
type start struct {
	done   chan struct{} // closed when it succeeded or failed
	err    error         // set before done is closed
	cancel context.CancelFunc
}

var errShutdown = errors.New("the peer is shutting down")

// maxStarts is how often one invocation waits for a process that comes up and
// goes away again before anything could be sent to it.
const maxStarts = 3

func (s *Support) runtime(packageID string) (*runtime, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errShutdown
	}
	r := s.runtimes[packageID]
	if r == nil {
		r = &runtime{support: s, packageID: packageID}
		s.runtimes[packageID] = r
	}
	return r, nil
}

// session returns the connected process of a package, starting it if need be.
func (s *Support) session(ctx context.Context, packageID string) (*session, error) {
	r, err := s.runtime(packageID)
	if err != nil {
		return nil, err
	}
	for range maxStarts {
		live, attempt, err := r.current()
		if live != nil || err != nil {
			return live, err
		}
		select {
		case <-attempt.done:
			if attempt.err != nil {
				return nil, attempt.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, ErrTerminated
}

// current returns the connected process, or the attempt to get one.
func (r *runtime) current() (*session, *start, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.stopped:
		return nil, nil, errShutdown
	case r.live != nil:
		return r.live, nil, nil
	case r.starting == nil:
		// The attempt outlives the invocation that began it: others wait too.
		ctx, cancel := context.WithTimeout(context.Background(), r.support.cfg.StartTimeout)
		r.starting = &start{done: make(chan struct{}), cancel: cancel}
		go r.run(ctx, r.starting)
	}
	return nil, r.starting, nil
}

// run makes one attempt.
func (r *runtime) run(ctx context.Context, attempt *start) {
	defer attempt.cancel()
	launched, err := r.begin(ctx)
	if err == nil {
		// Connected, or launched and now expected to register.
		err = r.awaitRegistration(ctx, launched)
	}
	r.settle(attempt, err)
}

// settle ends an attempt that has not ended yet.
func (r *runtime) settle(attempt *start, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.starting != attempt {
		return
	}
	attempt.err = err
	r.starting = nil
	close(attempt.done)
}

// begin connects to the package's process if it is a service. Else it launches
// one, or returns nil where that is for others to do.
func (r *runtime) begin(ctx context.Context) (*external.Process, error) {
	pkg, err := r.support.cfg.Packages.Package(r.packageID)
	if err != nil {
		return nil, err
	}
	built, err := r.support.cfg.External.Build(ctx, r.packageID, pkg)
	if err != nil {
		return nil, err
	}
	var conn *Connection
	if built == nil {
		conn, err = ConnectionOf(pkg)
	} else {
		conn, err = connectionOfBuild(built)
	}
	switch {
	case err != nil:
		return nil, err
	case conn != nil:
		return nil, r.connect(ctx, conn)
	case built != nil:
		return r.launch(built)
	}
	return nil, nil
}

// adopt makes a registered process the package's; there can be only one.
func (r *runtime) adopt(s *session) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return errShutdown
	}
	if r.live != nil {
		return fmt.Errorf("duplicate chaincodeID: %s", r.packageID)
	}
	r.live = s
	if r.starting != nil {
		attempt := r.starting
		r.starting = nil
		close(attempt.done)
		attempt.cancel()
	}
	return nil
}

// serve runs an adopted session to its end.
func (r *runtime) serve(s *session) error {
	err := s.serve()
	r.mu.Lock()
	if r.live == s {
		r.live = nil
	}
	r.mu.Unlock()
	r.support.cfg.Log.Info("chaincode stream ended", "package", r.packageID, "reason", err)
	return err
}

func (r *runtime) stop() {
	r.mu.Lock()
	r.stopped = true
	live, attempt, process := r.live, r.starting, r.process
	r.mu.Unlock()
	if attempt != nil {
		attempt.cancel()
		<-attempt.done
	}
	if process != nil {
		process.Stop()
	}
	if live != nil {
		live.hangUp()
		<-live.done
	}
}
