// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package launch

import (
	"errors"
	"io"

	"github.com/privatechaincode/fpc/transport"
)

// child is the operating system's part of a [Process].
type child struct {
	pid    int
	socket transport.Conn
}

func spawn(*program, Config, io.Writer) (*child, error) {
	return nil, errors.New("enclave processes need a Unix system")
}

func (c *child) wait() string { return "" }

func (c *child) kill() {}
