// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import "os"

// memory returns the resident memory of all processes but this one, in bytes, by
// name; several of one name are summed up.
func (a *apart) memory() (map[string]int, error) {
	own, err := readProcess(a.network)
	if err != nil {
		return nil, err
	}
	below, err := descendants(os.Getpid())
	if err != nil {
		return nil, err
	}
	resident := map[string]int{networkName: own.resident}
	for _, p := range below {
		resident[p.name] += p.resident
	}
	return resident, nil
}
