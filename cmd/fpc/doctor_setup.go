// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/channel"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// States of a check's result.
const (
	stateOK      = "ok"
	stateWarning = "warning"
	stateFailed  = "failed"
	stateSkipped = "skipped"
)

// result is what one check found.
type result struct {
	Check  string `json:"check"`
	State  string `json:"state"`
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"`
}

// warning is a finding that keeps nothing from working now.
type warning struct{ found, remedy string }

func (w *warning) Error() string { return w.found }

// wrong is a failure whose remedy is known here.
type wrong struct {
	error
	remedy string
}

func (w *wrong) Unwrap() error { return w.error }

// refused is a refusal that doctor finds itself, where the network would refuse.
func refused(step string, code protocol.Code, format string, args ...any) error {
	return &admin.RefusedError{Step: protocol.Errorf(step, code, format, args...), Rejected: &fabric.RejectedError{Server: "doctor"}}
}

// examination is one run of the checks, and what the earlier ones found out.
type examination struct {
	*doctorFlags
	cmd     *cobra.Command
	session *session
	bundle  *channel.Bundle
	policy  string // version of the policy that ERCC's definition approves
	private *pb.RegistryView
	version string            // of the chaincode's committed definition
	mode    protocol.Mode     // which that definition asks for; empty: not known yet
	host    *pb.EnclaveStatus // of the enclave behind the own peer; nil: there is none
	results []result
	first   error // of the failures
}

// check is one thing that must be right.
type check struct {
	name string
	// stops: without it nothing after it can be looked at.
	stops bool
	// named: it looks at the chaincode of -n.
	named bool
	look  func(*examination, context.Context) (found string, err error)
}

var checks = []check{
	{name: "environment", stops: true, look: (*examination).environment},
	{name: "identity", look: (*examination).identity},
	{name: "peer", stops: true, look: (*examination).peer},
	{name: "channel", stops: true, look: (*examination).onChannel},
	{name: "clock", look: (*examination).clock},
	{name: "membership", look: (*examination).membership},
	{name: "orderer", look: (*examination).orderer},
	{name: "registry", stops: true, look: (*examination).registry},
	{name: "policy", look: (*examination).registryPolicy},
	{name: "definition", stops: true, named: true, look: (*examination).definition},
	{name: "enclaves", named: true, look: (*examination).enclaves},
	{name: "stub", named: true, look: (*examination).stub},
	{name: "ledger", named: true, look: (*examination).ledger},
	{name: "trust", named: true, look: (*examination).trusted},
}

// examineSetUp runs the checks. Its error is that of the first that failed.
func (d *doctorFlags) examineSetUp(cmd *cobra.Command) error {
	ctx, cancel := d.withTimeout(cmd.Context())
	defer cancel()
	defer quietProgress(cmd.ErrOrStderr(), "examining the set-up")()
	x := &examination{doctorFlags: d, cmd: cmd, results: []result{}}
	defer func() {
		if x.session != nil {
			x.session.close()
		}
	}()
	stopped := ""
	for _, c := range checks {
		switch {
		case stopped != "":
			x.skip(c, "needs "+stopped)
		case c.named && d.name == "":
			x.skip(c, "name a private chaincode with -n")
		case !x.run(ctx, c) && c.stops:
			stopped = c.name
		}
	}
	if err := printResult(cmd, d.output, x.results, x.print); err != nil {
		return err
	}
	if x.first != nil {
		return fmt.Errorf("not all is well: %w", x.first)
	}
	return nil
}

func (x *examination) skip(c check, why string) {
	x.results = append(x.results, result{Check: c.name, State: stateSkipped, Found: why})
}

// run makes one check and tells whether it passed.
func (x *examination) run(ctx context.Context, c check) bool {
	found, err := c.look(x, ctx)
	if err == nil {
		x.results = append(x.results, result{Check: c.name, State: stateOK, Found: found})
		return true
	}
	var w *warning
	if errors.As(err, &w) {
		x.results = append(x.results, result{c.name, stateWarning, w.found, w.remedy})
		return true
	}
	if x.first == nil {
		x.first = fmt.Errorf("%s: %w", c.name, err)
	}
	known := diagnose(err)
	r := result{c.name, stateFailed, message(err), known.Remedy}
	if known.Step != "" {
		r.Found = fmt.Sprintf("%s [%s] %s", known.Step, known.Code, known.Said)
	}
	var own *wrong
	if errors.As(err, &own) {
		r.Remedy = own.remedy
	}
	x.results = append(x.results, r)
	return false
}

func (x *examination) print() {
	w := x.cmd.OutOrStdout()
	for _, r := range x.results {
		fmt.Fprintf(w, "%-8s %-12s %s\n", r.State, r.Check, printable(r.Found))
		if r.Remedy != "" {
			fmt.Fprintf(w, "%21s do: %s\n", "", printable(r.Remedy))
		}
	}
}
