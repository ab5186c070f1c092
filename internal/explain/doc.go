// SPDX-License-Identifier: Apache-2.0

// Package explain puts refusals into words: what failed, at which step, why, and
// what to do. It has a table for every code of a step, every validation code of
// Fabric, every error of the client and the words in which Fabric's peers and
// orderers refuse; a test fails when one of ours has no entry. It asks nobody:
// what it is told may be made up by whoever relayed it.
package explain

// Explanation is what is known of one kind of failure.
type Explanation struct {
	Means  string // what it says, in a sentence without a full stop
	Remedy string // what to do
}
