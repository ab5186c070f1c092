// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"context"
	"log/slog"
	"os"

	"github.com/privatechaincode/fpc/shim"
)

// Connect reads from the environment how a chaincode reaches its peer, as Main
// does, and returns what connects it and serves until the context is done. It is
// for programs that end on more than a signal. peerAddress is the peer that
// launched the program; unused where the environment makes it a service.
func Connect(getenv func(string) string, peerAddress string, log *slog.Logger) (func(context.Context, shim.Chaincode) error, error) {
	return configure(environment{get: getenv, read: os.ReadFile}, peerAddress, log)
}
