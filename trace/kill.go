// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// KillAt passes events on and, once it has passed the first event of a step,
// kills the process that received it, as kill -9 would, and no other one later. It
// is for tests of crashes: the steps' names are the kill points, STEP or
// STEP:RECEIVER; with @host behind, the process that records dies, which may be the
// receiver's host; with @PID, the process of that id, of the same user. An empty
// step kills nothing.
func KillAt(step string, to Recorder) Recorder {
	if step == "" || to == nil {
		return to
	}
	step, whose, _ := strings.Cut(step, "@")
	step, receiver, _ := strings.Cut(step, ":")
	other, _ := strconv.Atoi(whose)
	return &killer{step: step, receiver: receiver, host: whose == "host", other: other, to: to}
}

type killer struct {
	step, receiver string
	host           bool
	other          int // process id; 0: none
	to             Recorder
	killed         atomic.Bool
}

func (k *killer) Record(e Event) {
	k.to.Record(e)
	if e.Step != k.step || (k.receiver != "" && e.To != k.receiver) || k.killed.Swap(true) {
		return
	}
	pid := e.PID
	switch {
	case k.other != 0:
		pid = k.other
	case pid == 0, k.host:
		pid = os.Getpid()
	}
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
	if pid == os.Getpid() {
		select {} // nothing happens after the step
	}
}
