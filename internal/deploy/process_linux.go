// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"os/exec"
	"syscall"
)

// setParentDeath has the kernel end the program when this one is killed, so that
// a killed demo or test leaves nothing behind. The signal is one that cannot be
// ignored.
func setParentDeath(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
