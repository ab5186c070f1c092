// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
)

// bench stands in for a test, so that a program can use what tests use. A fatal
// failure becomes the error of the function that defers close.
type bench struct {
	testing.TB // for its unexported method; the others that are needed are below
	ctx        context.Context
	cleanups   []func()
}

func newBench(ctx context.Context) *bench { return &bench{ctx: ctx} }

type failure struct{ error }

func (t *bench) Helper() {}

func (t *bench) Name() string { return "bench" }

func (t *bench) Context() context.Context { return t.ctx }

func (t *bench) Fatalf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

func (t *bench) Fatal(args ...any) { panic(failure{errors.New(fmt.Sprint(args...))}) }

func (t *bench) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

func (t *bench) TempDir() string {
	dir, err := os.MkdirTemp("", "fpc-bench")
	t.check(err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// close cleans up and turns a fatal failure into *err.
func (t *bench) close(err *error) {
	switch p := recover().(type) {
	case nil:
	case failure:
		*err = p.error
	default:
		defer panic(p)
	}
	for i := len(t.cleanups) - 1; i >= 0; i-- {
		t.cleanups[i]()
	}
}
