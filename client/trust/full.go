// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"slices"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/rwset"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// checkMode demands an enclave of the definition's mode. In Full mode its ledger
// enclave must be one that the organisations approved, and this client where it
// pins some, as good as its attestation policy asks, and one that looks
// registrations up at the very registry that answered; its certificate must be one
// that its pinned organisation issued for enclaves of this definition.
func (c *check) checkMode(e *Enclave) error {
	data := e.credentials.Data
	if err := protocol.CheckMode(stepCredentials, c.mode, data); err != nil || c.mode == protocol.ModeLite {
		return err
	}
	if data.GetRegistry() != c.registry {
		return protocol.Errorf(stepCredentials, protocol.CodeWrongLedger, "enclave %.12s works with a ledger enclave that looks registrations up at %q, asked was %q", e.ID, data.GetRegistry(), c.registry)
	}
	approved := c.agreed.LedgerCodeIDs
	if len(c.policy.LedgerCodeIDs) > 0 && !slices.Contains(c.policy.LedgerCodeIDs, data.GetLedgerCodeId()) {
		return protocol.Errorf(stepCredentials, CodeNotPinned, "enclave %.12s works with ledger enclave %s, which this client did not pin", e.ID, data.GetLedgerCodeId())
	}
	if err := protocol.CheckLedger(stepCredentials, data, approved, c.policy.Attestation); err != nil {
		return err
	}
	if len(e.certificate) == 0 {
		return protocol.Errorf(stepCredentials, protocol.CodeNotCertified, "enclave %.12s has no certificate", e.ID)
	}
	host, _ := c.pins.manager.MSP(e.MSPID) // checkAttested looked
	if _, err := protocol.CheckEnclaveIdentity(stepCredentials, host, e.certificate, data); err != nil {
		return err
	}
	var err error
	e.Endorser, err = protocol.EndorserIdentity(e.MSPID, e.certificate)
	return err
}

// PolicyOrgs returns the organisations whose enclaves the definition's policy
// names, sorted; none in Lite mode.
func (c *Chaincode) PolicyOrgs() []string {
	_, envelope, err := protocol.EnclavePolicy(stepCredentials, c.policy, c.pins.channelHash, c.ID(), c.Version())
	if err != nil {
		return nil
	}
	var orgs []string
	for _, p := range envelope.GetIdentities() {
		orgs = append(orgs, protocol.PrincipalMSP(p))
	}
	slices.Sort(orgs)
	return slices.Compact(orgs)
}

// View says at which heads of the ledger a request may be executed, in Full mode:
// heights in blocks. The zero value takes whatever is newest.
type View struct {
	At  uint64 // exactly at this head (INV-20); 0: the newest
	Min uint64 // at this one or a newer (min head); 0: any
}

// View returns the heads at which the request may be executed.
func (r *Request) View() View { return r.view }

// Enclave returns the trusted enclave that answered.
func (a *Answer) Enclave() Enclave { return a.enclave }

// Height returns the height of the head that an answer of Full mode was computed
// at, as an enclave of the chaincode said; 0 for a sealed error, and in Lite.
func (a *Answer) Height() uint64 {
	if a.endorsed == nil {
		return 0
	}
	return a.endorsed.Head().GetHeight()
}

// Endorsement returns the answer as an endorser's, for forming the transaction
// (VAL-6); nil for a sealed error, and in Lite.
func (a *Answer) Endorsement() *peer.ProposalResponse {
	if a.endorsed == nil {
		return nil
	}
	return a.endorsed.ProposalResponse()
}

// verifyEndorsed holds a result of Full mode against what was asked: one of the
// trusted enclaves endorsed it in the name of the certificate of its credentials,
// over this proposal and request, with this key, at a head that was asked for, and
// the payload touches no other namespace.
func (r *Request) verifyEndorsed(proposal *peer.SignedProposal, txID string, signed *pb.Response) (*Answer, error) {
	c := r.chaincode
	if c.mode != protocol.ModeFull {
		return nil, protocol.Errorf(stepAnswer, protocol.CodeWrongMode, "an endorsement came for chaincode %s, whose definition is of mode %s", c.ID(), c.mode)
	}
	asked, err := envelope.UnpackProposal(proposal)
	if err != nil {
		return nil, protocol.Wrap(stepAnswer, protocol.CodeMalformed, err)
	}
	claimed := &pb.HeadUsed{}
	if err := protocol.Unmarshal(stepAnswer, "head", signed.GetEndorsed().GetHead(), claimed); err != nil {
		return nil, err
	}
	enclave, ok := c.enclave(claimed.GetEnclaveId())
	if !ok {
		return nil, protocol.Errorf(stepAnswer, protocol.CodeNotRegistered, "answer is by enclave %.12s, which is not among the trusted ones", claimed.GetEnclaveId())
	}
	endorsed, err := protocol.VerifyEndorsed(stepAnswer, signed, protocol.ExpectedEndorsement{
		Enclave: enclave.credentials, Certificate: enclave.certificate, Endorser: enclave.Endorser, ProposalHash: asked.Hash,
		TxID: txID, RequestHash: protocol.RequestHash(r.ccreq), ChaincodeEKID: c.ek.ID(), ResponseKey: r.key,
	})
	if err != nil {
		return nil, err
	}
	if g := endorsed.Result().GetGeneration(); g != c.generation {
		return nil, protocol.Errorf(stepAnswer, protocol.CodeWrongGeneration, "answer is of key generation %d, registered is %d", g, c.generation)
	}
	if err := checkAction(c.ID(), txID, endorsed.Action()); err != nil {
		return nil, err
	}
	if h := endorsed.Head().GetHeight(); h < r.view.Min || r.view.At != 0 && h != r.view.At {
		return nil, protocol.Errorf(stepAnswer, protocol.CodeBelowMinHead, "answer was computed at height %d, asked was %d and at least %d", h, r.view.At, r.view.Min)
	}
	return &Answer{request: r, endorsed: &endorsed, enclave: enclave}, nil
}

// checkAction demands that the endorsed action touches the chaincode's own
// namespace only, no private data, and that its event is the chaincode's.
func checkAction(chaincode, txID string, action *envelope.Result) error {
	set, err := rwset.Parse(action.ReadWriteSet)
	if err != nil {
		return protocol.Wrap(stepAnswer, protocol.CodeMalformed, err)
	}
	for _, n := range set.Namespaces {
		if n.Name != chaincode || len(n.Collections) != 0 {
			return protocol.Errorf(stepAnswer, protocol.CodeBadResponse, "answer reads or writes in namespace %.64q, or private data, and not only in %q", n.Name, chaincode)
		}
		for _, w := range n.Writes {
			if protocol.IsReservedKey(w.Key) {
				return protocol.Errorf(stepAnswer, protocol.CodeReservedKey, "answer writes a reserved key")
			}
		}
	}
	if len(action.Event) == 0 {
		return nil
	}
	event := &peer.ChaincodeEvent{}
	if err := protocol.UnmarshalFabric(stepAnswer, "event", action.Event, event); err != nil {
		return err
	}
	if event.GetChaincodeId() != chaincode || event.GetTxId() != txID {
		return protocol.Errorf(stepAnswer, protocol.CodeBadResponse, "the answer's event is of another chaincode or transaction")
	}
	return nil
}
