// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"io"

	"github.com/privatechaincode/fpc/transport"
)

// tapped copies what passes over the transport to where the configuration says.
// A copy that fails breaks the transport: an audit with holes is none.
func (c Config) tapped(socket transport.Conn) transport.Conn {
	if c.ToEnclave == nil && c.FromEnclave == nil {
		return socket
	}
	t := tap{Conn: socket, from: socket, to: socket}
	if c.FromEnclave != nil {
		t.from = io.TeeReader(socket, c.FromEnclave)
	}
	if c.ToEnclave != nil {
		t.to = io.MultiWriter(c.ToEnclave, socket)
	}
	return t
}

type tap struct {
	transport.Conn
	from io.Reader
	to   io.Writer
}

func (t tap) Read(b []byte) (int, error) { return t.from.Read(b) }

func (t tap) Write(b []byte) (int, error) { return t.to.Write(b) }
