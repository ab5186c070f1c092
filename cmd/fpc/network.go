// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/internal/observe"
)

const (
	pidFile      = "network.pid"
	logFile      = "network.log"
	traceFolder  = "trace"
	readyLine    = "ready"
	startTimeout = time.Minute
	stopTimeout  = 30 * time.Second
)

func newNetwork() *cobra.Command {
	cmd := &cobra.Command{Use: "network", Short: "The embedded network: a whole Fabric in one process"}
	var dir string
	cmd.PersistentFlags().StringVar(&dir, "data", "fpc-network", "folder that holds the network")
	cmd.AddCommand(newNetworkUp(&dir), newNetworkDown(&dir), newNetworkStatus(&dir), newNetworkServe(&dir))
	return cmd
}

// networkFlags are what a network is made with; "serve" gets them from "up".
type networkFlags struct {
	orgs, port   int
	channel      string
	batchTimeout time.Duration
	batchCount   uint32
	killAt       string
	observe      observe.Flags
	builders     builderFlags
}

func (n *networkFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&n.orgs, "orgs", 0, "organisations, each with a peer (default 3)")
	f.IntVar(&n.port, "port", 0, "the orderer's port; the peers have the next ones (default: free ports)")
	f.StringVar(&n.channel, "channel", "", "the channel's name (default mychannel)")
	f.DurationVar(&n.batchTimeout, "batch-timeout", 0, "how long the orderer waits before it cuts a block (default 200ms)")
	f.StringVar(&n.killAt, "kill-at", "", "step at which the network kills itself, for tests of crashes")
	_ = f.MarkHidden("kill-at") // cannot fail: the flag is there
	f.Uint32Var(&n.batchCount, "batch-count", 0, "transactions in a block at most (default 500)")
	n.builders.add(f)
	n.observe.Add(f, os.Getenv)
}

// args are the flags as "serve" takes them, but for --orgs without a number: that
// asks for the network as it is.
func (n *networkFlags) args() []string {
	var orgs []string
	if n.orgs != 0 {
		orgs = []string{"--orgs", strconv.Itoa(n.orgs)}
	}
	return slices.Concat(orgs, []string{
		"--port", strconv.Itoa(n.port), "--channel", n.channel,
		"--batch-timeout", n.batchTimeout.String(), "--batch-count", strconv.FormatUint(uint64(n.batchCount), 10),
		"--kill-at", n.killAt,
	}, n.builders.args(), n.observe.Args())
}

func (n *networkFlags) config(dir string) devnet.Config {
	return devnet.Config{Dir: dir, Orgs: n.orgs, Channel: n.channel, BatchTimeout: n.batchTimeout, BatchCount: n.batchCount, Port: n.port}
}

// check refuses what no network can be, and what is not the one in the folder,
// whether that runs or not.
func (n *networkFlags) check(cmd *cobra.Command, dir string) error {
	if cmd.Flags().Changed("orgs") && n.orgs == 0 {
		return usagef("--orgs 0: a network has one organisation at least; leave the flag out for three")
	}
	if err := n.config(dir).Check(pidFile, logFile, traceFolder); err != nil {
		return usagef("%v", err)
	}
	return nil
}

func newNetworkUp(dir *string) *cobra.Command {
	var n networkFlags
	cmd := &cobra.Command{
		Use: "up", Short: "Start the network, making it if the folder is empty",
		Long: `Start the network and return when all its nodes serve; it runs on in the
background, until "fpc network down" or until its folder is gone. Print the exports with which fpc and Fabric's peer command act as
Org1's administrator; the other organisations' are in the folder's env/.

With --builder the peers launch stubs themselves; see "fpc builder install".
Neither --builder nor --peer-env is kept in the folder: give them at each start,
as Fabric's peers read core.yaml and their environment at each start.`,
		Example: "  eval \"$(fpc network up --data ./net)\"",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := n.observe.Logger(io.Discard); err != nil {
				return usagef("%v", err)
			}
			if err := n.check(cmd, *dir); err != nil {
				return err
			}
			if err := startServer(cmd, *dir, n); err != nil {
				return err
			}
			d, err := devnet.ReadDescription(*dir)
			if err != nil {
				return err
			}
			printExports(cmd.OutOrStdout(), d)
			return nil
		},
	}
	n.add(cmd)
	return cmd
}

// startServer starts "network serve" in the background and waits until it serves.
func startServer(cmd *cobra.Command, dir string, n networkFlags) error {
	if pid, ok := servingPID(dir); ok {
		fmt.Fprintf(cmd.ErrOrStderr(), "network in %s is up already, process %d\n", dir, pid)
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return usagef("--data: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return usagef("--data: %v", err)
	}
	defer log.Close()
	ready, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close()
	server := exec.Command(self, append([]string{"network", "serve", "--data", dir}, n.args()...)...)
	server.Stderr, server.ExtraFiles = log, []*os.File{w}
	detach(server)
	done := progress(cmd.ErrOrStderr(), "starting the network")
	defer done()
	if err := server.Start(); err != nil {
		return err
	}
	_ = w.Close()
	return awaitReady(cmd.Context(), ready, server.Process.Pid, filepath.Join(dir, logFile))
}

// awaitReady reads what the server says of its start: "ready", or why not.
func awaitReady(ctx context.Context, ready io.Reader, pid int, log string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("the network did not start within %s; see %s", startTimeout, log))
	defer cancel()
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(ready).ReadString('\n')
		said <- strings.TrimSpace(line)
	}()
	select {
	case line := <-said:
		switch line {
		case readyLine:
			return nil
		case "":
			return fmt.Errorf("the network ended while it started; see %s", log)
		}
		return errors.New(line)
	case <-ctx.Done():
		if p, err := os.FindProcess(pid); err == nil && p.Kill() == nil {
			<-said // it has ended
		}
		return context.Cause(ctx)
	}
}

func printExports(w io.Writer, d *devnet.Description) {
	for _, e := range d.Exports(d.Organizations[0]) {
		fmt.Fprintf(w, "export %s=%s\n", e.Name, shellQuote(e.Value))
	}
	fmt.Fprintf(w, "export FPC_NETWORK=%s\n", shellQuote(d.Dir))
	fmt.Fprintf(w, "export FPC_GENESIS=%s\n", shellQuote(d.GenesisBlock))
	fmt.Fprintf(w, "export FPC_TRACE=%s\n", shellQuote(filepath.Join(d.Dir, traceFolder)))
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func newNetworkDown(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Stop the network; its folder stays", Args: noArgs,
		Example: "  fpc network down --data ./net",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := devnet.ReadDescription(*dir); err != nil {
				return usagef("%v", err)
			}
			pid, ok := servingPID(*dir)
			if !ok {
				fmt.Fprintf(cmd.OutOrStdout(), "network in %s is down\n", *dir)
				return nil
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), stopTimeout)
			defer cancel()
			defer quietProgress(cmd.ErrOrStderr(), "stopping the network")()
			if err := stopServer(ctx, *dir, pid); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "network in %s is down\n", *dir)
			return nil
		},
	}
}

func newNetworkStatus(dir *string) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "status", Short: "Tell whether the network is up, and where its nodes are", Args: noArgs,
		Example: "  fpc network status --data ./net",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := devnet.ReadDescription(*dir)
			if err != nil {
				return usagef("%v", err)
			}
			pid, up := servingPID(*dir)
			status := struct {
				Up      bool                `json:"up"`
				PID     int                 `json:"pid,omitempty"`
				Network *devnet.Description `json:"network"`
			}{up, pid, d}
			return printResult(cmd, output, status, func() {
				state := "down"
				if up {
					state = fmt.Sprintf("up, process %d", pid)
				}
				w := cmd.OutOrStdout()
				fmt.Fprintf(w, "network in %s: %s\nchannel %s, Channel_hash %s\norderer %s\n", d.Dir, state, d.Channel, d.ChannelHash, d.Orderer.Address)
				for _, o := range d.Organizations {
					fmt.Fprintf(w, "%s: peer %s\n", o.MSPID, o.PeerAddress)
				}
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "O", "", `"json" for JSON`)
	return cmd
}
