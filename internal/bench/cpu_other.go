// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !nosim

package bench

import "errors"

// cpuTime is known on Linux only.
func cpuTime() (usage, error) {
	return nil, errors.New("the CPU time of other processes is measured on Linux only")
}

func (a *apart) memory() (map[string]int, error) {
	return nil, errors.New("the memory of other processes is measured on Linux only")
}
