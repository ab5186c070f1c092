// SPDX-License-Identifier: Apache-2.0

// Package heap is untrusted: it sets how much garbage a program with a small heap
// collects before it looks for it.
package heap

import "runtime/debug"

// percent of what lives is how much a roomy heap grows between two collections.
// The programs beside a peer keep a few megabytes alive; with the runtime's 100 %
// they spend an eighth of their time on collecting, and save some 10 MiB by it.
const percent = 400

// Roomy lets the heap grow further, unless the operator has a say in it: GOGC.
func Roomy(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
