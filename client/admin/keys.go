// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/fabric/envelope"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// Distribution brings a chaincode's keys from an enclave that holds them to others
// (KEY-4 to KEY-7). Either side is run by an administrator of that enclave's
// organisation.
type Distribution struct {
	Host     Host
	Registry Registry
	// Channel's peers, of a lifecycle majority of organisations at least, vouch
	// that the exporting enclave's view is not frozen (head statement).
	Peers *fabric.Network
	// Progress is told each step that was done; it may be nil.
	Progress func(step, what string)
	// Trace records the steps that the administrator receives; nil: none.
	Trace trace.Recorder
}

// Receivers returns the enclaves that could be given the keys (KEY-4): registered
// for the committed version, not revoked, without keys.
func (d Distribution) Receivers(ctx context.Context) ([]string, error) {
	view, err := d.Registry.View(ctx, d.Host.Chaincode)
	if err != nil {
		return nil, err
	}
	d.received("KEY-4", "ercc", "credentials")
	var ids []string
	for _, c := range view.GetCredentials() {
		parsed, err := protocol.CredentialsFromPB("KEY-4", c)
		if err != nil {
			return nil, err
		}
		id := parsed.EnclaveID()
		if parsed.Data.GetCcParams().GetVersion() == view.GetDefinition().GetVersion() && !slices.Contains(view.GetRevoked(), id) && !holds(view, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Export has the host's enclave export its keys to another one, and keeps the
// export at the registry (KEY-5, KEY-6). A ledger enclave that is a block behind
// the peers is given time to catch up.
func (d Distribution) Export(ctx context.Context, receiver string) error {
	const step = "KEY-5"
	for attempt := 1; ; attempt++ {
		export, err := d.export(ctx, receiver)
		if err == nil {
			d.progress(step, fmt.Sprintf("the enclave exported its keys to enclave %.16s…, sealed for that one alone", receiver))
			if err := d.Registry.PutKeyExport(ctx, export); err != nil {
				return err
			}
			d.progress("KEY-6", "the registry holds the export")
			return nil
		}
		if !lagging(err) || attempt == patience {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		case <-time.After(time.Duration(attempt) * 100 * time.Millisecond):
		}
	}
}

// patience is how often an export is tried while the ledger enclave catches up.
const patience = 8

// lagging tells whether a head statement was refused because the ledger enclave is
// behind the peers, or cannot see the receiver's registration yet.
func lagging(err error) bool {
	switch protocol.CodeOf(err) {
	case protocol.CodeNotFresh, "statement_behind", "not_yet", protocol.CodeNotRegistered, protocol.CodeNotProvisioned:
		return true
	}
	return false
}

func (d Distribution) export(ctx context.Context, receiver string) (*pb.Signed, error) {
	nonce, err := d.Host.PrepareStatement(ctx)
	if err != nil {
		return nil, err
	}
	statement, err := d.Statement(ctx, nonce)
	if err != nil {
		return nil, err
	}
	export, err := d.Host.ExportCCKeys(ctx, receiver, statement)
	if err == nil {
		d.received("KEY-5", "stub", "key export")
	}
	return export, err
}

// Statement collects the answers of a head statement (flows.md section 7): what
// the channel's peers say of their chain, signed, to a proposal under the nonce
// that the enclave chose. Peers that do not answer are left out; too few of them
// are for the ledger enclave to refuse.
func (d Distribution) Statement(ctx context.Context, nonce []byte) ([]*pb.ChainInfo, error) {
	n := d.Peers
	message, _, err := envelope.NewProposal(envelope.Request{
		ChannelID: n.Channel, Chaincode: "qscc", Creator: n.Signer.Creator(), Nonce: nonce,
		Args: fabric.Args("GetChainInfo", n.Channel), Timestamp: time.Now(),
	})
	if err != nil {
		return nil, fmt.Errorf("head statement: build proposal: %w", err)
	}
	signed, err := envelope.SignProposal(message, n.Signer)
	if err != nil {
		return nil, fmt.Errorf("head statement: sign proposal: %w", err)
	}
	raw, err := proto.Marshal(signed)
	if err != nil {
		return nil, err
	}
	answers := make([]*peer.ProposalResponse, len(n.Endorsers))
	errs := make([]error, len(n.Endorsers))
	done := make(chan struct{})
	for i, p := range n.Endorsers {
		go func() {
			answers[i], errs[i] = p.ProcessProposal(ctx, signed)
			done <- struct{}{}
		}()
	}
	for range n.Endorsers {
		<-done
	}
	var infos []*pb.ChainInfo
	for i, answer := range answers {
		if errs[i] != nil || answer.GetEndorsement() == nil {
			continue
		}
		response, err := proto.Marshal(answer)
		if err != nil {
			return nil, err
		}
		infos = append(infos, &pb.ChainInfo{SignedProposal: raw, Response: response})
	}
	if len(infos) == 0 {
		return nil, fmt.Errorf("head statement: no peer told its chain's head: %w", errors.Join(errs...))
	}
	d.received("KEY-5", "peer", "chain information")
	return infos, nil
}

// Import has the host's enclave take the keys that the registry holds for it, and
// registers that it has them (KEY-7). It may be run again after any failure.
func (d Distribution) Import(ctx context.Context) error {
	const step = "KEY-7"
	status, err := d.Host.Status(ctx)
	if err != nil {
		return err
	}
	registration := status.GetRegistration()
	if !status.GetProvisioned() {
		if registration, err = d.Host.ImportCCKeys(ctx); err != nil {
			return err
		}
		d.received(step, "stub", "key registration")
		d.progress(step, "the enclave imported the chaincode's keys and signed that it has them")
	}
	view, err := d.Registry.View(ctx, d.Host.Chaincode)
	if err != nil {
		return err
	}
	if holds(view, status.GetEnclaveId()) {
		d.progress(step, "the import is registered already")
		return nil
	}
	if err := d.Registry.RegisterCCKeys(ctx, registration); err != nil {
		return err
	}
	d.progress(step, "registered the import")
	return nil
}

func (d Distribution) progress(step, what string) {
	if d.Progress != nil {
		d.Progress(step, what)
	}
}

func (d Distribution) received(step, from, what string) {
	if d.Trace != nil {
		d.Trace.Record(trace.Event{Step: step, From: from, To: "admin", What: what})
	}
}
