// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"sync"
	"testing"
)

// Programs that are being started at once never get one address.
func TestFreeAddressesDiffer(t *testing.T) {
	const each, goroutines = 100, 4
	var mu sync.Mutex
	times := make(map[string]int)
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range each {
				address, err := FreeAddress()
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				times[address]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for address, n := range times {
		if n > 1 {
			t.Errorf("%s was given %d times, want once", address, n)
		}
	}
}
