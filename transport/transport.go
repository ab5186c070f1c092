// SPDX-License-Identifier: Apache-2.0

// Package transport is trusted: it carries calls between an untrusted host and
// its enclave, and is linked into both.
//
// One byte stream carries many concurrent calls. The host calls; while a call
// runs, the enclave may ask the host back, on that very call, for state. Neither
// side trusts the other: a frame that breaks the protocol ends the connection
// with a [FrameError], nothing panics, and memory stays within [Limits].
// The stream is neither confidential nor authentic: what passes is protected by
// itself (docs/flows.md, Invocation).
package transport

import (
	"cmp"
	"time"
)

// Limits bounds what one connection may hold. Both sides must use the same
// limits: a side that is asked to hold more than its own ends the connection.
type Limits struct {
	// MaxFrame is the largest payload of one frame, in bytes.
	MaxFrame int
	// MaxCalls is the largest number of calls in flight. More wait on the
	// host's side.
	MaxCalls int
	// MaxBytes is the largest sum of the requests of all calls in flight, in
	// bytes. It is at least MaxFrame.
	MaxBytes int
	// MaxAsks is the largest number of state accesses that one call has under
	// way at once. More wait on the enclave's side.
	MaxAsks int
	// WriteTimeout is how long the host waits for an enclave that does not
	// read before it gives the connection up. The enclave has no clock and
	// ignores it.
	WriteTimeout time.Duration
}

// Defaults of [Limits]: a zero field means its default.
const (
	DefaultMaxFrame     = 16 << 20
	DefaultMaxCalls     = 256
	DefaultMaxBytes     = 64 << 20
	DefaultMaxAsks      = 16
	DefaultWriteTimeout = 10 * time.Second
)

// BlockLimits are the limits between the ledger enclave and its host, whose
// frames hold whole blocks: Fabric's peers and orderers exchange messages of 100
// MiB at most.
func BlockLimits() Limits {
	const block = 100<<20 + 1<<16
	return Limits{MaxFrame: block, MaxBytes: 2 * block}
}

func (l Limits) withDefaults() Limits {
	frame := cmp.Or(l.MaxFrame, DefaultMaxFrame)
	return Limits{
		MaxFrame:     frame,
		MaxCalls:     cmp.Or(l.MaxCalls, DefaultMaxCalls),
		MaxBytes:     max(cmp.Or(l.MaxBytes, DefaultMaxBytes), frame),
		MaxAsks:      cmp.Or(l.MaxAsks, DefaultMaxAsks),
		WriteTimeout: cmp.Or(l.WriteTimeout, DefaultWriteTimeout),
	}
}
