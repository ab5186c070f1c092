// SPDX-License-Identifier: Apache-2.0

// Package footprint is untrusted: it sets how a program that runs beside a peer uses
// the machine.
package footprint

import (
	"runtime"
	"runtime/debug"
)

// percent of what lives is how much the heap grows between two collections. The
// programs beside a peer keep a few megabytes alive; with the runtime's 100 % they
// spend an eighth of their time on collecting, and save some 10 MiB by it.
const percent = 400

// BesidePeer lets the heap grow further, and Go code run on half of the processors,
// unless the operator has a say in it: GOGC, GOMAXPROCS. The others are the peer's
// and the enclave's. With a processor to spare, Go's scheduler wakes a thread for
// each message that comes, only for that to find nothing to do, which took a quarter
// of such a program's time.
func BesidePeer(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(processors(runtime.GOMAXPROCS(0)))
	}
}

// processors is how many of those that the program may use it takes.
func processors(all int) int { return max(1, all/2) }
