// SPDX-License-Identifier: Apache-2.0

package endorser

import (
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// step is a step of flows.md that arrives at a peer as a proposal.
type step struct{ name, from, to, what string }

// stepOf finds the step that a proposal is, by the function it calls.
func stepOf(p *envelope.Proposal) (step, bool) {
	args := p.Args()
	if len(args) == 0 {
		return step{}, false
	}
	function := string(args[0])
	if p.Chaincode == lifecycle.Namespace {
		return lifecycleStep(function)
	}
	switch function {
	case protocol.FuncInvoke:
		return step{"INV-6", "client", "peer", "proposal"}, true
	case protocol.FuncValidate:
		return step{"VAL-1", "client", "peer", function}, true
	default:
		return step{}, false
	}
}

func lifecycleStep(function string) (step, bool) {
	switch function {
	case "InstallChaincode":
		return step{"LC-2", "admin", "peer", "install"}, true
	case "ApproveChaincodeDefinitionForMyOrg":
		return step{"LC-3", "admin", "lifecycle", "approve"}, true
	case "CommitChaincodeDefinition":
		return step{"LC-4", "admin", "lifecycle", "commit"}, true
	default:
		return step{}, false
	}
}

// received records the step that a proposal is.
func (e *Endorser) received(p *envelope.Proposal) {
	if s, ok := stepOf(p); ok {
		e.Trace.Record(trace.Event{Step: s.name, From: s.from, To: s.to, What: s.what, TxID: p.TxID()})
	}
}

// answered records that the stub's answer to a private invocation arrived.
func (e *Endorser) answered(p *envelope.Proposal) {
	if s, ok := stepOf(p); ok && s.name == "INV-6" {
		e.Trace.Record(trace.Event{Step: "INV-17", From: "stub", To: "peer", What: "ccrsp_msg", TxID: p.TxID()})
	}
}
