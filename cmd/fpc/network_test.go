// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// On a terminal the seconds are counted from the first one on, and nothing is left
// of it at the end.
func TestProgressCountsSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var terminal bytes.Buffer
		done := countSeconds(&terminal, "deploy")
		time.Sleep(900 * time.Millisecond) // of the test's own time
		synctest.Wait()
		if terminal.Len() != 0 {
			t.Errorf("before a second: got %q, want nothing", terminal.String())
		}
		time.Sleep(1200 * time.Millisecond)
		done()
		if got, want := terminal.String(), "\rdeploy … 1s\rdeploy … 2s\r\x1b[K"; got != want {
			t.Errorf("after two seconds: got %q, want %q", got, want)
		}
	})
}

// Where there is no terminal, a line stands for it, or nothing.
func TestProgressWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	progress(&out, "starting")()
	quietProgress(&out, "deploy")()
	if got, want := out.String(), "starting\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A pseudo-terminal is a terminal; a file is none.
func TestTerminalIsRecognised(t *testing.T) {
	controller, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	defer controller.Close()
	if err := unix.IoctlSetPointerInt(int(controller.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(controller.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if !isTerminal(terminal) || isTerminal(file) || isTerminal(&bytes.Buffer{}) {
		t.Errorf("got terminal %t, file %t, buffer %t; want the first alone", isTerminal(terminal), isTerminal(file), isTerminal(&bytes.Buffer{}))
	}
	progress(terminal, "starting")()
	buffer := make([]byte, 64)
	n, err := controller.Read(buffer)
	if got, want := string(buffer[:n]), "\r\x1b[K"; err != nil || got != want {
		t.Errorf("on it: got %q, %v; want %q alone", got, err, want)
	}
}

// A server whose folder is gone cannot be found by anybody.
func TestFolderGone(t *testing.T) {
	for name, lose := range map[string]func(dir string) error{
		"removed": os.RemoveAll,
		"moved":   func(dir string) error { return os.Rename(dir, dir+".moved") },
		"made anew": func(dir string) error {
			if err := os.Rename(dir, dir+".moved"); err != nil {
				return err
			}
			if err := os.Mkdir(dir, 0o755); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, pidFile), []byte("1"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "net")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			f, err := writePID(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			gone := awaitGone(ctx, f, time.Millisecond)
			select {
			case <-gone:
				t.Fatal("the folder is there, and taken for gone")
			default:
			}
			if err := lose(dir); err != nil {
				t.Fatal(err)
			}
			select {
			case <-gone:
			case <-time.After(20 * time.Second):
				t.Error("the folder is not there, and that was not noticed")
			}
		})
	}
}

func TestNetworkFlags(t *testing.T) {
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"--orgs -1", "-1 organisations; between 1 and 64"},
		{"--orgs 200", "200 organisations; between 1 and 64"},
		{"--orgs 0", "--orgs 0: a network has one organisation at least"},
		{"--port 65535", "port 65535"},
		{"--data " + foreign, foreign + ", for example thesis.txt: devnet: the directory holds no network, but other files"},
	} {
		for _, command := range []string{"up", "serve"} {
			dir := filepath.Join(t.TempDir(), "net")
			var stderr strings.Builder
			args := append([]string{"network", command, "--data", dir}, strings.Fields(c.args)...)
			code := run(t.Context(), args, strings.NewReader(""), &bytes.Buffer{}, &stderr)
			if code != exitUsage || !strings.Contains(stderr.String(), c.want) {
				t.Errorf("%s %s: got exit code %d and %q, want %d and %q", command, c.args, code, stderr.String(), exitUsage, c.want)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Errorf("%s %s: its folder was made", command, c.args)
			}
		}
	}
	if entries, err := os.ReadDir(foreign); err != nil || len(entries) != 1 {
		t.Errorf("the foreign folder holds %v, %v; want thesis.txt alone", entries, err)
	}
}
