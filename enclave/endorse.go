// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// result makes Fabric's endorsement of a run (INV-15, INV-16 in Full): the payload
// that a peer would have made, with sealed values in it. Nothing in it depends on
// the enclave or on the head beyond the versions that were read, so that enclaves
// which read the same give the same bytes.
func (v *fullView) result(run *invocation, answer *shim.Response) (*fpc.Response, error) {
	s, p := run.state, run.proposal
	reads := run.stub.readSet()
	set, err := run.stub.fabricReads()
	if err != nil {
		return nil, err
	}
	exec := protocol.ComputeExec(protocol.ExecInputs{
		RequestHash: p.requestHash, SignedProposal: p.signed, Reads: reads, Versions: set.bytes,
	})
	if err := run.stub.sealWrites(reads, p.txID, exec); err != nil {
		return nil, err
	}
	results, err := set.withWrites(reads)
	if err != nil {
		return nil, err
	}
	event, err := run.sealEvent(exec)
	if err != nil {
		return nil, err
	}
	sealed, err := run.sealAnswer(exec, answer)
	if err != nil {
		return nil, err
	}
	payload, err := protocol.EndorsedPayload{
		ProposalHash: p.hash,
		ReadWriteSet: results,
		Event:        v.fabricEvent(event),
		Result: &fpc.EndorsedResult{
			ChaincodeEkId:     s.keys.ekID,
			Generation:        s.keys.generation,
			RequestHash:       p.requestHash[:],
			Exec:              exec[:],
			EncryptedResponse: sealed,
		},
		Chaincode: s.params,
	}.Marshal()
	if err != nil {
		return nil, err
	}
	return protocol.SignEndorsed(s.sk, s.full.endorser, payload, &fpc.HeadUsed{
		EnclaveId: s.id, Height: v.pinned.height, BlockHash: v.pinned.hash,
	}, run.rKey)
}

func (v *fullView) fabricEvent(e *fpc.Event) *peer.ChaincodeEvent {
	if e == nil {
		return nil
	}
	return &peer.ChaincodeEvent{
		ChaincodeId: v.state.params.GetChaincodeId(), TxId: v.proposal.txID.String(), EventName: e.GetName(), Payload: e.GetPayload(),
	}
}

// fabricSet is the read/write set as a peer records it.
type fabricSet struct {
	namespace string
	builder   *rwset.Builder
	bytes     []byte // serialised, reads only
}

// fabricReads returns what was read, as a peer records it: keys with their
// versions, ranges with their rows or a Merkle summary of many.
func (l *ledger) fabricReads() (*fabricSet, error) {
	set := &fabricSet{namespace: l.state.params.GetChaincodeId(), builder: &rwset.Builder{}}
	for key, read := range l.reads {
		set.builder.Read(set.namespace, key, read.version)
	}
	for key, read := range l.metaReads {
		set.builder.Read(set.namespace, key, read.version)
	}
	for _, r := range l.ranges {
		if err := set.addRange(r); err != nil {
			return nil, err
		}
	}
	var err error
	set.bytes, err = set.build()
	return set, err
}

// addRange adds a range as it was consumed: to its end, or up to and with its
// last key. Nothing is recorded of one that nobody looked into.
func (f *fabricSet) addRange(r *rangeRead) error {
	out := rwset.Range{Start: r.start, End: r.end, Exhausted: r.exhausted}
	if !r.exhausted {
		if r.last == "" {
			return nil
		}
		out.End = r.last
	}
	summary, err := rwset.NewSummarizer(rwset.DefaultMaxDegree)
	if err != nil {
		return protocol.Errorf("INV-16", protocol.CodeInternal, "%w", err)
	}
	for _, read := range r.versions {
		if err := summary.Add(read); err != nil {
			return protocol.Errorf("INV-16", protocol.CodeInternal, "%w", err)
		}
	}
	if out.Rows, out.Summary, err = summary.Finish(); err != nil {
		return protocol.Errorf("INV-16", protocol.CodeInternal, "%w", err)
	}
	f.builder.Range(f.namespace, out)
	return nil
}

// withWrites returns the whole set, serialised.
func (f *fabricSet) withWrites(rw *fpc.ReadWriteSet) ([]byte, error) {
	for _, w := range rw.GetWrites() {
		f.builder.Write(f.namespace, w.GetKey(), w.GetValue())
	}
	name := peer.MetaDataKeys_VALIDATION_PARAMETER.String()
	for _, w := range rw.GetMetadataWrites() {
		entries := map[string][]byte{name: bytes.Clone(w.GetPolicy())}
		if len(w.GetPolicy()) == 0 {
			entries = nil
		}
		f.builder.Metadata(f.namespace, w.GetKey(), entries)
	}
	return f.build()
}

func (f *fabricSet) build() ([]byte, error) {
	results, err := f.builder.Build()
	if err != nil {
		return nil, protocol.Errorf("INV-16", protocol.CodeInternal, "encode the read/write set: %w", err)
	}
	if results.Public == nil {
		return []byte{}, nil
	}
	return results.Public, nil
}
