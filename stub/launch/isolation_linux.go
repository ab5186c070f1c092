// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"os"
	"syscall"
)

// namespaces that an enclave gets for itself: it sees no network, no process and
// no mount of the host.
const namespaces = syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWCGROUP

// isolations are the ways to start an enclave, best first. Unprivileged
// processes may make the namespaces only within a user namespace, and containers
// often forbid both.
func isolations() []isolation {
	uid, gid := os.Getuid(), os.Getgid()
	return []isolation{
		{
			name: "user net pid ipc mount uts cgroup",
			attr: &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER | namespaces,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}},
			},
			optional: true,
		},
		{
			name:     "net pid ipc mount uts cgroup",
			attr:     &syscall.SysProcAttr{Cloneflags: namespaces},
			optional: true,
		},
		{attr: &syscall.SysProcAttr{}},
	}
}
