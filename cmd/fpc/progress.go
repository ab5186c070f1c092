// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress shows that something takes time: on a terminal it counts the seconds
// from the first one on, elsewhere it prints one plain line. The result ends it.
func progress(w io.Writer, what string) func() {
	if !isTerminal(w) {
		fmt.Fprintln(w, what)
		return func() {}
	}
	return countSeconds(w, what)
}

// quietProgress is progress that says nothing where there is no terminal.
func quietProgress(w io.Writer, what string) func() {
	if !isTerminal(w) {
		return func() {}
	}
	return countSeconds(w, what)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func countSeconds(w io.Writer, what string) func() {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		begun := time.Now()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				fmt.Fprint(w, "\r\x1b[K")
				return
			case <-tick.C:
				fmt.Fprintf(w, "\r%s … %ds", what, int(time.Since(begun).Seconds()))
			}
		}
	}()
	return func() {
		close(stop)
		<-done
	}
}
