// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"maps"
	"slices"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
)

// ExecInputs are all that an execution depends on: whatever a host or a client
// can vary, and the chaincode can see. The same ccreq_msg fits into several
// proposals of one transaction id, with other timestamps or signatures, and a
// host can run it with other decorations.
type ExecInputs struct {
	RequestHash     [32]byte
	SignedProposal  []byte // serialised, as the enclave got it
	DecorationsHash []byte // see DecorationsHash
	Reads           *pb.ReadWriteSet
	// Versions are, in Full, all reads with their versions: a serialised
	// TxReadWriteSet without writes. Nil in Lite, which knows no versions.
	Versions []byte
}

// ComputeExec names an execution by all its inputs: the request in its proposal,
// the reads with their value hashes, the rows of each range, the metadata read;
// in Full the versions of all these too.
// Writes are left out: they are sealed under it. Lists must be in their
// canonical order.
func ComputeExec(in ExecInputs) keys.Exec {
	rw := in.Reads
	var ranges [][]byte
	for _, r := range rw.GetRanges() {
		ranges = append(ranges, []byte(r.GetStart()), []byte(r.GetEnd()), encodeReads(r.GetRows()))
	}
	var metadata [][]byte
	for _, m := range rw.GetMetadataReads() {
		metadata = append(metadata, []byte(m.GetKey()), m.GetHash())
	}
	fields := [][]byte{
		in.RequestHash[:], in.SignedProposal, in.DecorationsHash,
		encodeReads(rw.GetReads()), keys.Encode("ranges", ranges...), keys.Encode("metadata", metadata...),
	}
	if in.Versions != nil {
		fields = append(fields, in.Versions)
	}
	return keys.Exec(keys.Digest(keys.LabelExec, fields...))
}

// DecorationsHash names a peer's decorations; nil for none.
func DecorationsHash(decorations map[string][]byte) []byte {
	if len(decorations) == 0 {
		return nil
	}
	var fields [][]byte
	for _, name := range slices.Sorted(maps.Keys(decorations)) {
		fields = append(fields, []byte(name), decorations[name])
	}
	sum := keys.Digest(keys.LabelDecorations, fields...)
	return sum[:]
}

func encodeReads(reads []*pb.Read) []byte {
	var fields [][]byte
	for _, r := range reads {
		fields = append(fields, []byte(r.GetKey()), r.GetValueHash())
	}
	return keys.Encode("reads", fields...)
}
