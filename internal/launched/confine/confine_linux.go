// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Apply confines this process for good, all its threads, as far as the kernel
// lets it, and reports. Descriptors that it does not keep are closed or point to
// /dev/null afterwards. It must run before anything untrusted is read, and needs
// a program without cgo.
//
// Each measure stands for itself: one that fails is reported and the others are
// still applied.
func Apply(keep Descriptors) Report {
	var r Report
	r.do("no inherited descriptors", func() error { return closeDescriptors(keep) })
	r.do("standard streams closed", silence)
	r.do("no_new_privs", func() error { return allThreads(unix.PR_SET_NO_NEW_PRIVS, 1) })
	r.do("not dumpable", func() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) })
	r.do("no core files", func() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) })
	r.do("no capabilities", dropCapabilities)
	abi, err := landlock()
	if err != nil {
		r.missing("landlock", err)
	} else {
		r.applied(fmt.Sprintf("landlock (ABI %d): no files, no network", abi))
	}
	r.do("seccomp: "+seccompSummary(keep.Listener), func() error { return loadSeccomp(keep.Listener) })
	return r
}

func (r *Report) do(what string, f func() error) {
	if err := f(); err != nil {
		r.missing(what, err)
		return
	}
	r.applied(what)
}

// closeDescriptors closes what the parent left open. The runtime's own
// descriptors (epoll, eventfd, the CPU limits it watches) stay.
func closeDescriptors(keep Descriptors) error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= 2 || keep.has(fd) {
			continue
		}
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil || strings.HasPrefix(target, "anon_inode:") || strings.HasPrefix(target, "/sys/fs/cgroup/") {
			continue // gone already (the listing's own), or the runtime's
		}
		if err := unix.Close(fd); err != nil {
			return fmt.Errorf("close descriptor %d (%s): %w", fd, target, err)
		}
	}
	return nil
}

// silence points the standard streams to /dev/null: what a chaincode prints, or
// the runtime at a crash, may hold secrets, and the host would read it.
func silence() error {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(null)
	for fd := range 3 {
		if err := unix.Dup3(null, fd, 0); err != nil {
			return err
		}
	}
	return nil
}

// allThreads makes a prctl call on every thread of the process.
func allThreads(option, arg uintptr) error {
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_PRCTL, option, arg, 0)
	return errnoErr(errno)
}

func errnoErr(errno syscall.Errno) error {
	switch errno {
	case 0:
		return nil
	case syscall.ENOTSUP:
		return fmt.Errorf("this program was built with cgo: %w", errno)
	default:
		return errno
	}
}
