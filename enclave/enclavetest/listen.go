// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclavetest

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// Listen makes a socket that listens, for an enclave to accept connections on
// (launch.Config.Listener), and returns where it is dialled. Who launches with it
// closes it afterwards, so that it ends with the enclave.
func Listen(t testing.TB) (listener *os.File, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	listener, err = l.File()
	if err = errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	return listener, path
}
