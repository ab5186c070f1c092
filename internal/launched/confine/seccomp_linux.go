// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"fmt"
	"os"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"
)

// seccompSummary is for people.
func seccompSummary(listener int) string {
	s := "only what the Go runtime and open descriptors need; no open, socket, exec or fork"
	if listener != 0 {
		s += fmt.Sprintf("; accept on descriptor %d alone", listener)
	}
	return s
}

// runtimeCalls are the system calls of the Go runtime, and of reading and
// writing descriptors that are open already. Everything else fails with EPERM.
var runtimeCalls = []string{
	"read", "write", "pread64", "readv", "writev", "close", "fcntl",
	"futex", "nanosleep", "clock_nanosleep", "clock_gettime", "sched_yield", "sched_getaffinity",
	"munmap", "madvise", "mincore",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
	"gettid", "getpid", "exit", "exit_group",
	"epoll_create1", "epoll_ctl", "epoll_pwait", "eventfd2",
	"timer_create", "timer_settime", "timer_delete",
	"getrandom",
}

// threadFlags are the flags with which the Go runtime makes threads, and only
// threads (runtime/os_linux.go); on amd64 it adds CLONE_SETTLS.
const threadFlags = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_SYSVSEM | unix.CLONE_THREAD

func seccompPolicy(pid, listener int) seccomp.Policy {
	one := func(name string, argument uint32, op seccomp.Operation, value uint64) seccomp.NameWithConditions {
		return seccomp.NameWithConditions{Name: name, Conditions: seccomp.ArgumentConditions{{Argument: argument, Operation: op, Value: value}}}
	}
	p := seccomp.Policy{
		DefaultAction: seccomp.ActionErrno,
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionAllow, Names: runtimeCalls},
			{Action: seccomp.ActionAllow, NamesWithCondtions: []seccomp.NameWithConditions{
				one("clone", 0, seccomp.Equal, threadFlags),
				one("clone", 0, seccomp.Equal, threadFlags|unix.CLONE_SETTLS),
				one("mmap", 2, seccomp.BitsNotSet, unix.PROT_EXEC),
				one("mprotect", 2, seccomp.BitsNotSet, unix.PROT_EXEC),
				one("tgkill", 0, seccomp.Equal, uint64(pid)),    // preemption signals
				one("prctl", 0, seccomp.Equal, unix.PR_SET_VMA), // names of heap areas
			}},
		},
	}
	if listener != 0 {
		p.Syscalls = append(p.Syscalls, seccomp.SyscallGroup{Action: seccomp.ActionAllow, NamesWithCondtions: []seccomp.NameWithConditions{
			one("accept4", 0, seccomp.Equal, uint64(listener)),
		}})
	}
	return p
}

// loadSeccomp installs the filter on all threads. no_new_privs must be set.
func loadSeccomp(listener int) error {
	return seccomp.LoadFilter(seccomp.Filter{Flag: seccomp.FilterFlagTSync, Policy: seccompPolicy(os.Getpid(), listener)})
}
