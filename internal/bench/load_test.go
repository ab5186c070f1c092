// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package bench

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := load{clients: 4, warm: time.Second, measure: 2 * time.Second, submit: func(context.Context, int, int) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		}}
		got, err := l.run(t.Context())
		if err != nil || got.rate() < 35 || got.rate() > 45 {
			t.Errorf("run = %+v at %.1f/s, %v, want about 40/s", got, got.rate(), err)
		}
	})
}

// A slow network takes longer, and is measured all the same.
func TestLoadWaitsForEachClientOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := load{clients: 8, warm: time.Second, measure: time.Second, submit: func(context.Context, int, int) error {
			time.Sleep(10 * time.Second)
			return nil
		}}
		got, err := l.run(t.Context())
		if err != nil || got.committed < 8 || got.elapsed < 9*time.Second {
			t.Errorf("run = %+v, %v, want 8 transactions in about 10 s", got, err)
		}
	})
}

func TestLoadFails(t *testing.T) {
	broken := errors.New("broken")
	for name, submit := range map[string]func(context.Context, int, int) error{
		"a transaction fails": func(_ context.Context, client, number int) error {
			if client == 2 && number == 3 {
				return broken
			}
			time.Sleep(10 * time.Millisecond)
			return nil
		},
		"nothing is committed": func(ctx context.Context, _, _ int) error {
			select {
			case <-time.After(time.Hour):
			case <-ctx.Done():
			}
			return broken
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := load{clients: 4, warm: time.Second, measure: time.Second, submit: submit}
				if got, err := l.run(t.Context()); err == nil {
					t.Errorf("run = %+v, want an error", got)
				}
			})
		})
	}
}
