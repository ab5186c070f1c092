// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Access rights of Landlock by ABI version (linux/landlock.h). A ruleset that
// handles them and allows nothing denies them all.
var landlockABIs = []struct {
	fs, net, scoped uint64
}{
	1: {fs: 1<<13 - 1},                                  // execute … make symbolic links
	2: {fs: 1<<14 - 1},                                  // rename across directories
	3: {fs: 1<<15 - 1},                                  // truncate
	4: {fs: 1<<15 - 1, net: 1<<2 - 1},                   // bind, connect by TCP
	5: {fs: 1<<16 - 1, net: 1<<2 - 1},                   // ioctl on devices
	6: {fs: 1<<16 - 1, net: 1<<2 - 1, scoped: 1<<2 - 1}, // abstract sockets, signals
}

type landlockRuleset struct{ fs, net, scoped uint64 }

// landlock denies all that the kernel's Landlock can deny, to all threads, and
// returns the ABI version used. The interface is three system calls on an empty
// ruleset, which is why no library stands between.
func landlock() (abi int, err error) {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, fmt.Errorf("the kernel has none: %w", errno)
	}
	abi = min(int(version), len(landlockABIs)-1)
	rights := landlockABIs[abi]
	attr := landlockRuleset{rights.fs, rights.net, rights.scoped}
	size := unsafe.Sizeof(attr)
	switch { // older kernels know a shorter structure
	case abi < 4:
		size = 8
	case abi < 6:
		size = 16
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return 0, fmt.Errorf("create ruleset: %w", errno)
	}
	defer unix.Close(int(fd))
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return 0, fmt.Errorf("restrict: %w", errnoErr(errno))
	}
	return abi, nil
}
