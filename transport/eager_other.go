// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package transport

import (
	"io"
	"runtime"
)

// tryOf knows no way to read a stream without waiting.
func tryOf(io.Reader) func([]byte) (int, error) { return nil }

// offerOf knows no way to write to one without waiting.
func offerOf(io.Writer) func([]byte) (int, error) { return nil }

func yield() { runtime.Gosched() }
