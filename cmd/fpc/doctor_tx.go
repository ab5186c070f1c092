// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/internal/explain"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// transaction is what is known of a run.
type transaction struct {
	Execution  string              `json:"execution,omitempty"`  // id of the proposal that the enclave executed
	Validation string              `json:"validation,omitempty"` // id of the transaction that commits it
	Endorsers  string              `json:"endorsers,omitempty"`  // Full: how many enclaves endorsed it
	Steps      int                 `json:"steps"`                // recorded
	Last       string              `json:"last,omitempty"`       // the last of them
	Verdict    string              `json:"verdict,omitempty"`    // Fabric's validation code
	By         string              `json:"verdict_by,omitempty"` // who says so
	Unasked    string              `json:"peer,omitempty"`       // why no peer was asked, or did not know
	Found      []explain.Diagnosis `json:"diagnoses"`
}

// examineTransaction looks for a transaction in the recorded steps and on the own
// peer's ledger.
func (d *doctorFlags) examineTransaction(cmd *cobra.Command, txID string) error {
	t := &transaction{Found: []explain.Diagnosis{}}
	if err := d.readSteps(t, txID); err != nil {
		return err
	}
	d.askLedger(cmd, t, txID)
	if t.Verdict != "" {
		code := peer.TxValidationCode(peer.TxValidationCode_value[t.Verdict])
		found := explain.Committed(code)
		if t.Endorsers != "" {
			found.Step = "VAL-7"
		}
		t.Found = append(t.Found, found)
	}
	err := t.outcome(txID)
	printErr := printResult(cmd, d.output, t, func() { d.printTransaction(cmd, t) })
	return errors.Join(printErr, err)
}

// readSteps reads the recorded steps of a run, and the refusals among them.
func (d *doctorFlags) readSteps(t *transaction, txID string) error {
	if d.dir == "" {
		return nil
	}
	all, err := trace.ReadDir(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return usagef("--dir: %v", err)
	}
	for _, e := range trace.Run(all, txID) {
		t.Steps++
		t.Last = fmt.Sprintf("%s at %s", e.Step, e.Process)
		if outer := e.Attrs[trace.AttrValidation]; outer != "" {
			t.Execution, t.Validation = e.TxID, outer
		}
		if endorsers := e.Attrs[trace.AttrEndorsers]; endorsers != "" {
			t.Endorsers = endorsers
		}
		if code := e.Attrs[trace.AttrRefused]; code != "" {
			refusal := protocol.Errorf(e.Step, protocol.Code(code), "%s", e.Attrs[trace.AttrReason])
			if cause, ok := protocol.ParseError(refusal.Reason); ok { // it was passed on
				refusal = cause
			}
			t.refused(refusal, e.Process)
		}
		if code := e.Attrs[trace.AttrCode]; code != "" {
			t.Verdict, t.By = code, e.Process+", as recorded"
		}
	}
	return nil
}

// refused adds a refusal, once for all processes that refused alike.
func (t *transaction) refused(e *protocol.StepError, process string) {
	d := explain.Refusal(e)
	for i, f := range t.Found {
		if said, by, _ := strings.Cut(f.Said, saidBy); f.Step == d.Step && f.Code == d.Code && said == d.Said {
			t.Found[i].Said = said + saidBy + by + ", " + process
			return
		}
	}
	d.Said += saidBy + process
	t.Found = append(t.Found, d)
}

// saidBy is what stands between a refusal's words and the processes that said it.
const saidBy = " -- "

// askLedger asks the own peer for the verdict, if the environment names one. The
// peer that answers is believed before the record.
func (d *doctorFlags) askLedger(cmd *cobra.Command, t *transaction, txID string) {
	if d.channel == "" || os.Getenv("CORE_PEER_ADDRESS") == "" {
		t.Unasked = "no peer was asked: name the channel with -C, and a peer by CORE_PEER_ADDRESS"
		return
	}
	asked := txID
	if t.Validation != "" {
		asked = t.Validation
	}
	err := d.do(cmd, func(ctx context.Context, c *session) error {
		code, err := c.host().Verdict(ctx, asked)
		if err != nil {
			return err
		}
		t.Verdict, t.By = code.String(), c.own.Name()
		return nil
	})
	if err != nil {
		t.Unasked = message(err)
	}
}

// readOnly tells whether no client began to commit the run.
func (t *transaction) readOnly() bool { return t.Validation == "" && t.Endorsers == "" }

// outcome is the error that the exit code tells.
func (t *transaction) outcome(txID string) error {
	valid := peer.TxValidationCode_VALID.String()
	switch {
	case t.Verdict == valid:
		return nil
	case t.Verdict != "":
		return &fabric.NotCommittedError{TxID: txID, Err: fmt.Errorf("%s: %s", t.By, t.Verdict)}
	case len(t.Found) > 0:
		return &fabric.RejectedError{Server: "a step of transaction " + txID[:12], Message: t.Found[0].Step + " [" + t.Found[0].Code + "]"}
	case t.Steps == 0:
		return fmt.Errorf("nothing is known of transaction %s: %s", txID, t.Unasked)
	case t.readOnly():
		return nil // a query, or one that was never to be committed
	}
	return &fabric.NotCommittedError{TxID: txID, Err: errors.New("it is in no block that was seen")}
}

func (d *doctorFlags) printTransaction(cmd *cobra.Command, t *transaction) {
	w := cmd.OutOrStdout()
	if t.Validation != "" {
		fmt.Fprintf(w, "execution %s\nvalidation %s\n", t.Execution, t.Validation)
	}
	if t.Steps > 0 {
		fmt.Fprintf(w, "%d steps are recorded, the last is %s\n", t.Steps, printable(t.Last))
	}
	switch {
	case t.Verdict != "":
		fmt.Fprintf(w, "verdict %s, says %s\n", t.Verdict, printable(t.By))
	case t.Unasked != "":
		fmt.Fprintln(w, "ledger:", printable(t.Unasked))
	}
	if t.Endorsers != "" {
		fmt.Fprintf(w, "endorsed by %s enclaves\n", printable(t.Endorsers))
	}
	if t.Steps > 0 && len(t.Found) == 0 && t.readOnly() {
		fmt.Fprintln(w, "no refusal is recorded, and nothing was to be committed: a query, or a client that ended before it committed")
	}
	for _, found := range t.Found {
		if found.Code == peer.TxValidationCode_VALID.String() {
			continue
		}
		fmt.Fprintln(w)
		printDiagnosis(w, found)
	}
}
