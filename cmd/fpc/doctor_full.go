// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/fabric/block"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// Codes of the ledger enclave that doctor finds out itself.
const (
	codeNotYet protocol.Code = "not_yet"
	codeFork   protocol.Code = "statement_fork"
)

// How long, and how often, a ledger enclave that is behind its peer is looked at.
const (
	catchUp      = 3 * time.Second
	catchUpEvery = 100 * time.Millisecond
)

// policyCanBeMet holds the enclaves that could endorse against the definition's
// policy (INV-20), as peers do under the channel's present configuration: a
// certificate that was revoked since counts for nothing.
func (x *examination) policyCanBeMet(rows []enclaveRow) error {
	application := &peer.ApplicationPolicy{}
	if err := proto.Unmarshal(x.private.GetDefinitionPolicy(), application); err != nil {
		return fmt.Errorf("the definition's policy does not decode: %w", err)
	}
	needed, err := policy.Compile(application.GetSignaturePolicy(), x.bundle.MSPs())
	if err != nil {
		return err
	}
	says := make(map[string][]string) // by organisation
	for _, p := range application.GetSignaturePolicy().GetIdentities() {
		says[protocol.PrincipalMSP(p)] = nil
	}
	var endorsers []*msp.Presented
	for i, row := range rows {
		if row.Revoked || row.Version != x.version {
			continue
		}
		said := "has no keys"
		if row.Provisioned {
			endorser, err := x.endorser(row, x.private.GetCredentials()[i].GetCertificate())
			if said = "can endorse"; err != nil {
				said = err.Error()
			} else {
				endorsers = append(endorsers, endorser)
			}
		}
		says[row.MSPID] = append(says[row.MSPID], fmt.Sprintf("enclave %.12s %s", row.EnclaveID, said))
	}
	if needed.EvaluateIdentities(endorsers) == nil {
		return nil
	}
	var lines []string
	for _, mspID := range sortedKeys(says) {
		if len(says[mspID]) == 0 {
			says[mspID] = []string{"no enclave is registered"}
		}
		lines = append(lines, mspID+": "+strings.Join(says[mspID], ", "))
	}
	return refused("INV-20", client.CodeTooFewEndorsements, "the enclaves that can endorse do not satisfy the policy (%s)", strings.Join(lines, "; "))
}

// endorser is an enclave as peers see it in an endorsement.
func (x *examination) endorser(row enclaveRow, certificate []byte) (*msp.Presented, error) {
	serialized, err := protocol.EndorserIdentity(row.MSPID, certificate)
	if err != nil {
		return nil, err
	}
	presented, err := x.bundle.MSPs().Present(serialized)
	if err != nil {
		return nil, err
	}
	if _, err := x.bundle.MSPs().Identity(serialized); err != nil {
		return nil, fmt.Errorf("has a certificate that the channel does not accept: %w", err)
	}
	return presented, nil
}

// ledger looks at the ledger enclave of the enclave behind the own peer's stub: it
// is there, takes blocks, and follows the chain that the peer has.
func (x *examination) ledger(ctx context.Context) (string, error) {
	switch {
	case x.mode == protocol.ModeLite:
		return "in Lite mode there is none", nil
	case x.mode == "" || x.host == nil:
		return "not examined: no enclave of this chaincode answers at the own peer", nil
	}
	info, err := x.session.host().Info(ctx)
	if err != nil {
		return "", err
	}
	status, err := x.ledgerStatus(ctx, info.GetHeight())
	if err != nil {
		return "", err
	}
	for _, why := range []*pb.Failure{status.GetStopped(), status.GetFollowing()} {
		if why != nil {
			return "", refusedAs(why, "the ledger enclave stays at block %d: %s", status.GetHead().GetHeight(), why.GetReason())
		}
	}
	height := status.GetHead().GetHeight()
	if height < info.GetHeight() {
		return "", refused("VAL-8", codeNotYet, "the ledger enclave has %d of the peer's %d blocks, and gets no more", height, info.GetHeight())
	}
	if err := x.sameChain(ctx, status.GetHead()); err != nil {
		return "", err
	}
	found := fmt.Sprintf("the ledger enclave has %d blocks, the head is %.12x…", height, status.GetHead().GetHash())
	if tainted := status.GetTainted(); len(tainted) > 0 {
		return "", &warning{found + "; what it cannot judge was written in " + strings.Join(tainted, ", "), "define the chaincodes of such transactions with the builtin validation"}
	}
	return found, nil
}

// ledgerStatus is what the ledger host says, once its ledger enclave has as many
// blocks, or takes none for a while.
func (x *examination) ledgerStatus(ctx context.Context, height uint64) (*pb.LedgerStatus, error) {
	until := time.Now().Add(catchUp)
	for seen := uint64(0); ; {
		status, err := readLedgerStatus(x.host)
		if err != nil {
			return nil, err
		}
		has := status.GetHead().GetHeight()
		if has > seen {
			seen, until = has, time.Now().Add(catchUp)
		}
		if has >= height || status.GetStopped() != nil || status.GetFollowing() != nil || time.Now().After(until) {
			return status, nil
		}
		select {
		case <-ctx.Done():
			return status, nil // what it has, it has
		case <-time.After(catchUpEvery):
		}
		if x.host, err = (admin.Host{Peer: x.session.host(), Chaincode: x.name}).Status(ctx); err != nil {
			return nil, err
		}
	}
}

// readLedgerStatus reads the ledger host's status out of what a stub answered.
func readLedgerStatus(status *pb.EnclaveStatus) (*pb.LedgerStatus, error) {
	if why := status.GetLedgerFailure(); why != nil {
		return nil, refusedAs(why, "%s", why.GetReason())
	}
	if len(status.GetLedger()) == 0 {
		return nil, refused("INV-9", protocol.CodeLedgerUnreachable, "the stub was given no ledger host")
	}
	s := &pb.LedgerStatus{}
	if err := proto.Unmarshal(status.GetLedger(), s); err != nil {
		return nil, fmt.Errorf("the ledger host's status does not decode: %w", err)
	}
	return s, nil
}

// refusedAs is a refusal with the step and code of a failure that was reported.
func refusedAs(why *pb.Failure, format string, args ...any) error {
	step := why.GetStep()
	if step == "" {
		step = "VAL-8"
	}
	return refused(step, protocol.Code(why.GetCode()), format, args...)
}

// sameChain holds a head of the ledger enclave against the own peer's chain.
func (x *examination) sameChain(ctx context.Context, head *pb.Head) error {
	last, err := x.session.own.Block(ctx, x.channel, head.GetHeight()-1, x.session.signer, time.Now())
	if err != nil {
		return err
	}
	if !bytes.Equal(block.Hash(last.GetHeader()), head.GetHash()) {
		return refused("VAL-8", codeFork, "at block %d the ledger enclave and the peer have different chains", head.GetHeight()-1)
	}
	return nil
}
