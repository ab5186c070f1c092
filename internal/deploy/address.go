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

// FreeAddress finds a loopback address that nothing listens on. This process does
// not give one again soon, nor for a minute does the system to another that asks for
// any port: a program takes some time to listen. Of two programs with one address
// the second ends, while whoever dials it finds the first.
func FreeAddress() (string, error) {
	given.Lock()
	defer given.Unlock()
	for {
		address, err := unused()
		if err != nil {
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

// unused closes a connection from the address's side: while the system remembers
// that, it lets only those listen there who name the port.
func unused() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return "", err
	}
	defer far.Close()
	near, err := l.Accept()
	if err != nil {
		return "", err
	}
	return l.Addr().String(), near.Close()
}
