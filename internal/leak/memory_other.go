// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package leak

import "errors"

// Memory searches another process's memory on Linux only.
func (s *Searcher) Memory(string, int) ([]Finding, int64, error) {
	return nil, 0, errors.New("the memory of another process can be searched on Linux only")
}
