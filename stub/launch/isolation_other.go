// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package launch

import "syscall"

// isolations: this system has no namespaces.
func isolations() []isolation { return []isolation{{attr: &syscall.SysProcAttr{}}} }
