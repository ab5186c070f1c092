// SPDX-License-Identifier: Apache-2.0

package ledgerhost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
)

// direct is the socket at which stubs ask one ledger enclave without this host
// between. The enclave alone listens there, so that nobody answers when it has
// ended. Where something is wrong with the socket, stubs ask through this host.
type direct struct {
	log  *slog.Logger
	path string // while the enclave can be asked
	now  string // its present name; empty: there is no socket
}

// start launches a ledger enclave with its socket, which nobody finds yet.
func (h *Host) start(ctx context.Context, secret [32]byte) (Enclave, *direct, error) {
	d := &direct{log: h.config.Log, path: h.config.Socket + enclaveSuffix}
	listener, err := d.listen(h.config.Socket)
	if err != nil {
		d.log.Warn("the ledger enclave has no socket of its own", "reason", err)
	}
	e, err := h.config.Start(ctx, secret, listener)
	_ = listener.Close() // the enclave has its own
	if err != nil {
		d.remove()
		return nil, nil, fmt.Errorf("start the ledger enclave: %w", err)
	}
	return e, d, nil
}

func (d *direct) listen(path string) (*os.File, error) {
	l, fresh, err := bind(path)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	d.now = fresh
	return l.File()
}

// publish lets stubs find the socket.
func (d *direct) publish() {
	if d.now == "" {
		return
	}
	if err := os.Rename(d.now, d.path); err != nil {
		d.log.Warn("the ledger enclave's socket is not found", "reason", err)
		return
	}
	d.now = d.path
}

// remove takes its name from the socket.
func (d *direct) remove() {
	if d.now == "" {
		return
	}
	if err := os.Remove(d.now); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.log.Warn("the ledger enclave's socket stays", "reason", err)
	}
}
