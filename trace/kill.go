// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"os"
	"strings"
)

// KillAt passes events on and, once it has passed the first event of a step,
// kills the process that received it, as kill -9 would. It is for tests of
// crashes: the steps' names are the kill points, STEP or STEP:RECEIVER. An empty
// step kills nothing.
func KillAt(step string, to Recorder) Recorder {
	if step == "" || to == nil {
		return to
	}
	step, receiver, _ := strings.Cut(step, ":")
	return killer{step: step, receiver: receiver, to: to}
}

type killer struct {
	step, receiver string
	to             Recorder
}

func (k killer) Record(e Event) {
	k.to.Record(e)
	if e.Step != k.step || (k.receiver != "" && e.To != k.receiver) {
		return
	}
	pid := e.PID
	if pid == 0 {
		pid = os.Getpid()
	}
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
	if pid == os.Getpid() {
		select {} // nothing happens after the step
	}
}
