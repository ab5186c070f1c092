// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/privatechaincode/fpc/ledgerhost"
)

const (
	// behind is how many blocks are worth a word.
	behind = 20
	// Between two words: on a terminal one line is rewritten.
	lineEvery  = 200 * time.Millisecond
	plainEvery = 5 * time.Second
)

// showProgress shows how the ledger enclave catches up: on a terminal as a line
// that is rewritten, elsewhere in the log, now and then. done ends the line.
func showProgress(w io.Writer, log *slog.Logger) (show func(ledgerhost.Progress), done func()) {
	f, ok := w.(*os.File)
	p := &progress{w: w, log: log, terminal: ok && term.IsTerminal(int(f.Fd()))}
	return p.show, p.clear
}

type progress struct {
	w        io.Writer
	log      *slog.Logger
	terminal bool
	catching bool // up, with more than a few blocks to go
	shown    bool // a line stands on the terminal
	last     time.Time
}

func (p *progress) show(now ledgerhost.Progress) {
	if now.Peer <= now.Height {
		p.caughtUp(now)
		return
	}
	every := plainEvery
	if p.terminal {
		every = lineEvery
	}
	if !p.catching && now.Peer-now.Height < behind || time.Since(p.last) < every {
		return
	}
	p.catching, p.last = true, time.Now()
	if !p.terminal {
		p.log.Info("catching up", "height", now.Height, "peer", now.Peer, "blocks_per_second", int(now.Blocks), "transactions_per_second", int(now.Transactions), "left", now.Left())
		return
	}
	p.shown = true
	fmt.Fprintf(p.w, "\r\x1b[Kcatching up: block %d of %d (%d %%), %.0f blocks/s, %.0f transactions/s, about %s left",
		now.Height, now.Peer, 100*now.Height/now.Peer, now.Blocks, now.Transactions, now.Left())
}

func (p *progress) caughtUp(now ledgerhost.Progress) {
	if !p.catching {
		return
	}
	p.clear()
	p.catching = false
	p.log.Info("the ledger enclave has caught up with its peer", "height", now.Height)
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
