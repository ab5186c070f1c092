// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/internal/observe"
	"github.com/privatechaincode/fpc/trace"
)

func newNetworkServe(dir *string) *cobra.Command {
	var n networkFlags
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the network in this process until it is interrupted", Args: noArgs,
		Example: "  fpc network serve --data ./net --operations 127.0.0.1:9443",
		RunE: func(cmd *cobra.Command, _ []string) error {
			tell := readyPipe()
			s, err := serve(cmd, *dir, n)
			if err != nil {
				tell(message(err))
				return err
			}
			tell(readyLine)
			select {
			case <-cmd.Context().Done():
				return s.stop()
			case <-s.gone:
				return errors.Join(fmt.Errorf("the folder %s is gone, so the network ends", *dir), s.stop())
			}
		},
	}
	n.add(cmd)
	return cmd
}

// readyPipe is how "up" is told of the start, if it started this process.
func readyPipe() func(string) {
	f := os.NewFile(3, "ready")
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return func(string) {}
	}
	return func(line string) {
		fmt.Fprintln(f, line)
		_ = f.Close()
	}
}

// served is what runs while a network is up; stops ends it, the last first. gone is
// closed when nobody can find it any more.
type served struct {
	stops []func() error
	gone  <-chan struct{}
}

func (s *served) stop() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	s.stops = nil
	return errors.Join(errs...)
}

// folderLooks is how often a server looks whether its folder is there.
const folderLooks = time.Second

// serve starts the network of a folder, and what operators see of it.
func serve(cmd *cobra.Command, dir string, n networkFlags) (_ *served, err error) {
	if pid, ok := servingPID(dir); ok {
		return nil, usagef("the network in %s is up already, process %d; stop it with: fpc network down --data %s", dir, pid, dir)
	}
	if err := n.check(cmd, dir); err != nil {
		return nil, err
	}
	log, err := n.observe.Logger(cmd.ErrOrStderr())
	if err != nil {
		return nil, usagef("%v", err)
	}
	s := &served{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	operations, err := observe.NewOperations(n.observe.Operations, log)
	if err != nil {
		return nil, err
	}
	s.stops = append(s.stops, operations.Close)
	operations.Health.Watch("network", func() error { return errors.New("the network is starting") })
	recorder, flush, err := observe.Recorder(cmd.Context(), "network", filepath.Join(dir, traceFolder), os.Getenv, log)
	if err != nil {
		return nil, err
	}
	s.stops = append(s.stops, func() error { flush(); return nil })
	config := n.config(dir)
	config.Trace, config.Meter, config.Log = trace.KillAt(n.killAt, recorder), observe.NewNetwork(operations.Metrics), log
	if err := n.builders.apply(&config, filepath.Join(dir, traceFolder)); err != nil {
		return nil, err
	}
	net, err := devnet.Start(cmd.Context(), config)
	if err != nil {
		return nil, err
	}
	pid, err := writePID(dir)
	if err != nil {
		return nil, errors.Join(err, net.Stop())
	}
	s.gone = awaitGone(cmd.Context(), pid, folderLooks)
	operations.Health.Watch("network", net.Health)
	s.stops = append(s.stops, pid.Close, net.Stop)
	return s, nil
}
