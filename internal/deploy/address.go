// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"net"
	"slices"
	"sync"
)

// remembered is how many addresses are not given again: more than anybody has
// programs starting at once, and a small part of the system's.
const remembered = 500

// given are the addresses that this process gave away last.
var given struct {
	sync.Mutex
	addresses []string
}

// FreeAddress finds a loopback address that nothing listens on. It does not give
// one again soon: a program takes some time to listen, and the system may well name
// the same port before. Of two programs with one address the second ends, while
// whoever dials it finds the first.
func FreeAddress() (string, error) {
	given.Lock()
	defer given.Unlock()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		address := l.Addr().String()
		if err := l.Close(); err != nil {
			return "", err
		}
		if slices.Contains(given.addresses, address) {
			continue
		}
		given.addresses = append(given.addresses, address)
		if len(given.addresses) > remembered {
			given.addresses = slices.Delete(given.addresses, 0, 1)
		}
		return address, nil
	}
}
