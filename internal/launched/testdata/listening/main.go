// SPDX-License-Identifier: Apache-2.0

// Command listening is an enclave's process that serves stubs, and tries to accept
// connections at its host's command.
package main

import (
	"context"
	"strconv"
	"syscall"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/launched"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/transport"
)

func main() {
	process, err := launched.StartListening()
	if err != nil {
		launched.Fail("listening", err)
	}
	process.ServeStubs(transport.Limits{}, func(_ context.Context, c *transport.Call) ([]byte, error) {
		return append([]byte("for a stub: "), c.Request...), nil
	})
	process.Serve(transport.Limits{}, func(_ context.Context, c *transport.Call) ([]byte, error) {
		if c.Method == "accept" {
			return accept(string(c.Request))
		}
		return proto.Marshal(&fpc.EnclaveStatus{Confinement: process.Confinement})
	})
}

// accept answers the error of an attempt to accept at a descriptor.
func accept(at string) ([]byte, error) {
	fd, err := strconv.Atoi(at)
	if err != nil {
		return nil, err
	}
	if _, _, err = syscall.Accept(fd); err == nil {
		return []byte("allowed"), nil
	}
	return []byte(err.Error()), nil
}
