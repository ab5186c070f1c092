// SPDX-License-Identifier: Apache-2.0

package launch

import "io"

// tapped copies what passes over the transport to where the configuration says.
// A copy that fails breaks the transport: an audit with holes is none.
func (c Config) tapped(socket io.ReadWriteCloser) io.ReadWriteCloser {
	if c.ToEnclave == nil && c.FromEnclave == nil {
		return socket
	}
	t := tap{Reader: socket, Writer: socket, Closer: socket}
	if c.FromEnclave != nil {
		t.Reader = io.TeeReader(socket, c.FromEnclave)
	}
	if c.ToEnclave != nil {
		t.Writer = io.MultiWriter(c.ToEnclave, socket)
	}
	return t
}

type tap struct {
	io.Reader
	io.Writer
	io.Closer
}
